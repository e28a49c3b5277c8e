import { Flag, ListOf, MinorUnits, Nested, OneOf, Text, withFields } from '../http/fields.js';
import { addressFields } from '../shapes/address.js';
import { Attachment } from '../shapes/attachment.dto.js';
import { orderLineFields } from '../shapes/order-line.js';
import { subscriptionFields } from '../shapes/subscription.js';

/** Where the goods go. */
export class TokenOrderAddress extends withFields(addressFields('customer-token')) {}

export class TokenOrderSubscription extends withFields(subscriptionFields('customer-token')) {}

/** One line of what is charged. Klarna checks the arithmetic. */
export class TokenOrderLine extends withFields(orderLineFields('customer-token', () => TokenOrderSubscription)) {}

/** Addresses that Klarna sends the shopper or itself to. */
export class TokenOrderUrls {
  @Text({ required: true, max: 2000, description: 'Where the shopper goes after the purchase', example: 'https://shop.example/thanks' })
  confirmation!: string;

  @Text({ max: 2000, description: 'Told when the order was made', example: 'https://shop.example/push/{order.id}' })
  push?: string;
}

/** A charge of the customer token, without the shopper: it makes an order. */
export class TokenOrderRequest {
  @Text({ required: true, pattern: /^[A-Za-z]{3,3}$/, description: 'ISO 4217', example: 'SEK' })
  purchase_currency!: string;

  @MinorUnits({
    ...{ min: 1, max: Number.MAX_SAFE_INTEGER, example: 10_000 },
    description: 'Sum of the lines, in minor units: 10000 is SEK 100.00',
  })
  order_amount!: number;

  @MinorUnits({ required: false, max: Number.MAX_SAFE_INTEGER, description: 'Tax of the whole order, in minor units', example: 2_000 })
  order_tax_amount?: number;

  @ListOf(() => TokenOrderLine, { required: true, min: 1, max: 1000 })
  order_lines!: TokenOrderLine[];

  @Flag({ description: 'Capture at once; only for what is handed over at once' })
  auto_capture?: boolean;

  @Text({ max: 255, description: 'Your number for the order; shown to the shopper' })
  merchant_reference1?: string;

  @Text({ max: 255 })
  merchant_reference2?: string;

  @Text({ max: 6000, description: 'Kept by Klarna and given back' })
  merchant_data?: string;

  @Nested(() => TokenOrderUrls)
  merchant_urls?: TokenOrderUrls;

  @Nested(() => TokenOrderAddress, { description: 'Only when it is another than the token was made with' })
  shipping_address?: TokenOrderAddress;

  @Nested(() => Attachment)
  attachment?: Attachment;

  @OneOf(['SUPPORTED', 'NOT_SUPPORTED'], {
    description: 'SUPPORTED: a declined charge names a step_up_id, with which the shopper can choose another method',
  })
  step_up?: string;
}
