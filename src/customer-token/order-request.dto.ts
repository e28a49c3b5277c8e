import { Flag, ListOf, MinorUnits, Nested, OneOf, Text, withFields } from '../http/fields.js';
import { addressFields } from '../shapes/address.js';
import { Attachment } from '../shapes/attachment.dto.js';
import { orderLineFields } from '../shapes/order-line.js';
import { PURCHASE } from '../shapes/purchase.js';
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
  @Text({ ...PURCHASE.purchase_currency, required: true, pattern: /^[A-Za-z]{3,3}$/ })
  purchase_currency!: string;

  @MinorUnits({ ...PURCHASE.order_amount, min: 1, max: Number.MAX_SAFE_INTEGER })
  order_amount!: number;

  @MinorUnits({ ...PURCHASE.order_tax_amount, required: false, max: Number.MAX_SAFE_INTEGER })
  order_tax_amount?: number;

  @ListOf(() => TokenOrderLine, { ...PURCHASE.order_lines, required: true, min: 1, max: 1000 })
  order_lines!: TokenOrderLine[];

  @Flag(PURCHASE.auto_capture)
  auto_capture?: boolean;

  @Text({ ...PURCHASE.merchant_reference1, max: 255 })
  merchant_reference1?: string;

  @Text({ ...PURCHASE.merchant_reference2, max: 255 })
  merchant_reference2?: string;

  @Text({ ...PURCHASE.merchant_data, max: 6000 })
  merchant_data?: string;

  @Nested(() => TokenOrderUrls, PURCHASE.merchant_urls)
  merchant_urls?: TokenOrderUrls;

  @Nested(() => TokenOrderAddress, PURCHASE.shipping_address)
  shipping_address?: TokenOrderAddress;

  @Nested(() => Attachment, PURCHASE.attachment)
  attachment?: Attachment;

  @OneOf(['SUPPORTED', 'NOT_SUPPORTED'], {
    description: 'SUPPORTED: a declined charge names a step_up_id, with which the shopper can choose another method',
  })
  step_up?: string;
}
