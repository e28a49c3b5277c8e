import { ListOf, MinorUnits, Nested, OneOf, Text, TextList } from '../http/fields.js';
import { Attachment } from '../shapes/attachment.dto.js';
import { Color, CornerRadius } from '../shapes/look.js';
import { PURCHASE } from '../shapes/purchase.js';
import { PaymentsAddress } from './address.dto.js';
import { PaymentsCustomer } from './customer.dto.js';
import { PaymentsMerchantUrls } from './merchant-urls.dto.js';
import { PaymentsOrderLine } from './order-line.dto.js';

export const COUNTRY = /^[A-Za-z]{2,2}$/;
export const CURRENCY = /^[A-Za-z]{3,3}$/;
export const LOCALE = /^[A-Za-z]{2,2}(?:-[A-Za-z]{2,2})*$/;

/** How Klarna's widget looks. */
export class PaymentsOptions {
  @Color('borders')
  color_border?: string;

  @Color('the border of the way to pay that is chosen')
  color_border_selected?: string;

  @Color('details such as bullet points')
  color_details?: string;

  @Color('texts')
  color_text?: string;

  @CornerRadius('5px')
  radius_border?: string;
}

/** What is the same whether a session is made or changed. */
class SessionFields {
  @MinorUnits({ ...PURCHASE.order_tax_amount, required: false, max: Number.MAX_SAFE_INTEGER })
  order_tax_amount?: number;

  @Text({ ...PURCHASE.locale, pattern: LOCALE })
  locale?: string;

  @OneOf(['buy', 'tokenize', 'buy_and_tokenize'], { description: 'What the authorization is for: an order, a customer token, or both' })
  intent?: string;

  @OneOf(['ECOMMERCE', 'IN_STORE', 'TELESALES'], {
    description: 'Where the sale happens. Klarna assumes ECOMMERCE; the others have to be agreed with it',
  })
  acquiring_channel?: string;

  @Text({ ...PURCHASE.merchant_reference1, max: 255 })
  merchant_reference1?: string;

  @Text({ ...PURCHASE.merchant_reference2, max: 255 })
  merchant_reference2?: string;

  @Text({ ...PURCHASE.merchant_data, max: 6000 })
  merchant_data?: string;

  @Nested(() => PaymentsMerchantUrls, PURCHASE.merchant_urls)
  merchant_urls?: PaymentsMerchantUrls;

  @Nested(() => PaymentsAddress, { description: 'Who pays. Best left out before the shopper authorizes: Klarna asks for what it needs' })
  billing_address?: PaymentsAddress;

  @Nested(() => PaymentsAddress, PURCHASE.shipping_address)
  shipping_address?: PaymentsAddress;

  @Nested(() => PaymentsCustomer, { description: 'Who buys, a person or a business. Best left out before the shopper authorizes' })
  customer?: PaymentsCustomer;

  @Nested(() => Attachment, PURCHASE.attachment)
  attachment?: Attachment;

  @TextList({ description: 'Names of offers that Klarna has set up for you: of each way to pay, only these are shown' })
  custom_payment_method_ids?: string[];

  @Text({ description: "Name of a look of the widget that was agreed with Klarna, instead of Klarna's own" })
  design?: string;

  @Nested(() => PaymentsOptions, { description: 'Colors and corners of the widget' })
  options?: PaymentsOptions;
}

/** A whole cart. */
export class Cart extends SessionFields {
  @Text({ ...PURCHASE.purchase_country, required: true, pattern: COUNTRY })
  purchase_country!: string;

  @Text({ ...PURCHASE.purchase_currency, required: true, pattern: CURRENCY })
  purchase_currency!: string;

  @MinorUnits({ ...PURCHASE.order_amount, max: Number.MAX_SAFE_INTEGER })
  order_amount!: number;

  @ListOf(() => PaymentsOrderLine, { ...PURCHASE.order_lines, required: true, min: 1, max: 1000 })
  order_lines!: PaymentsOrderLine[];
}

/** A cart that a shopper is about to pay. */
export class CreateSessionRequest extends Cart {
  @Text({
    description:
      'Named by the refusal of a charge of a customer token: with customer.customer_token and the intent of that token, the shopper chooses another method for it',
  })
  step_up_id?: string;
}

/** A changed cart. Fields that are left out stay as they are. */
export class UpdateSessionRequest extends SessionFields {
  @Text({ ...PURCHASE.purchase_country, pattern: COUNTRY })
  purchase_country?: string;

  @Text({ ...PURCHASE.purchase_currency, pattern: CURRENCY })
  purchase_currency?: string;

  @MinorUnits({ ...PURCHASE.order_amount, required: false, max: Number.MAX_SAFE_INTEGER })
  order_amount?: number;

  @ListOf(() => PaymentsOrderLine, { ...PURCHASE.order_lines, min: 1, max: 1000 })
  order_lines?: PaymentsOrderLine[];
}
