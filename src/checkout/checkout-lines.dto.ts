import { Nested, Text, TextList, WholeNumber, withFields } from '../http/fields.js';
import { orderLineFields } from '../shapes/order-line.js';
import { subscriptionFields } from '../shapes/subscription.js';

export class CheckoutDimensions {
  @WholeNumber({ description: 'Height in millimeters' })
  height?: number;

  @WholeNumber({ description: 'Width in millimeters' })
  width?: number;

  @WholeNumber({ description: 'Length in millimeters' })
  length?: number;
}

/** What a carrier has to know of a line. */
export class CheckoutShippingAttributes {
  @WholeNumber({ description: 'What one article weighs, in grams', example: 900 })
  weight?: number;

  @Nested(() => CheckoutDimensions, { description: 'How large one article is' })
  dimensions?: CheckoutDimensions;

  @TextList({ description: 'For the shipping rules, such as bulky' })
  tags?: string[];
}

export class CheckoutSubscription extends withFields(subscriptionFields('checkout')) {}

/** One line of the cart. Klarna checks the arithmetic. */
export class CheckoutOrderLine extends withFields({
  ...orderLineFields('checkout', () => CheckoutSubscription),
  shipping_attributes: Nested(() => CheckoutShippingAttributes, { description: 'Weight and size, for shipping rules and carriers' }),
}) {}

/** A discount that the inline discount module gave. */
export class CheckoutDiscountLine {
  @Text({ required: true, min: 1, max: 255, description: 'What the shopper reads for the discount' })
  name!: string;

  @WholeNumber({ required: true, min: 0, description: 'How often it is given' })
  quantity!: number;

  @WholeNumber({ required: true, max: 0, description: 'Minor units, with tax; not above 0' })
  unit_price!: number;

  @WholeNumber({ required: true, max: 10_000, description: 'Hundredths of a percent: 2500 is 25 %' })
  tax_rate!: number;

  @WholeNumber({ required: true, max: 0, description: 'Minor units: quantity × unit_price' })
  total_amount!: number;

  @WholeNumber({ required: true, description: 'Minor units: the tax in total_amount' })
  total_tax_amount!: number;

  @Text({ max: 255, description: 'The gift card, as your system calls it' })
  reference?: string;

  @Text({ max: 1024, description: 'The number that the shopper entered' })
  merchant_data?: string;
}
