import { ListOf, MinorUnits, Nested, OneOf, Text, TextList } from '../http/fields.js';
import { Attachment } from '../shapes/attachment.dto.js';
import { PaymentsAddress } from './address.dto.js';
import { PaymentsCustomer } from './customer.dto.js';
import { PaymentsMerchantUrls } from './merchant-urls.dto.js';
import { PaymentsOrderLine } from './order-line.dto.js';

export const COUNTRY = /^[A-Za-z]{2,2}$/;
export const CURRENCY = /^[A-Za-z]{3,3}$/;
export const LOCALE = /^[A-Za-z]{2,2}(?:-[A-Za-z]{2,2})*$/;
const COLOR = /^#[A-Fa-f0-9]{6}$/;

/** How Klarna's widget looks. */
export class PaymentsOptions {
  @Text({ pattern: COLOR })
  color_border?: string;

  @Text({ pattern: COLOR })
  color_border_selected?: string;

  @Text({ pattern: COLOR })
  color_details?: string;

  @Text({ pattern: COLOR })
  color_text?: string;

  @Text()
  radius_border?: string;
}

/** What is the same whether a session is made or changed. */
class SessionFields {
  @MinorUnits({ required: false, max: Number.MAX_SAFE_INTEGER, description: 'Tax of the whole order, in minor units' })
  order_tax_amount?: number;

  @Text({ pattern: LOCALE, description: 'Language and country of the texts shown', example: 'en-SE' })
  locale?: string;

  @OneOf(['buy', 'tokenize', 'buy_and_tokenize'], { description: 'What the authorization is for: an order, a customer token, or both' })
  intent?: string;

  @OneOf(['ECOMMERCE', 'IN_STORE', 'TELESALES'])
  acquiring_channel?: string;

  @Text({ max: 255, description: 'Your number for the order; shown to the shopper' })
  merchant_reference1?: string;

  @Text({ max: 255 })
  merchant_reference2?: string;

  @Text({ max: 6000, description: 'Kept by Klarna and given back' })
  merchant_data?: string;

  @Nested(() => PaymentsMerchantUrls)
  merchant_urls?: PaymentsMerchantUrls;

  @Nested(() => PaymentsAddress)
  billing_address?: PaymentsAddress;

  @Nested(() => PaymentsAddress)
  shipping_address?: PaymentsAddress;

  @Nested(() => PaymentsCustomer)
  customer?: PaymentsCustomer;

  @Nested(() => Attachment)
  attachment?: Attachment;

  @TextList()
  custom_payment_method_ids?: string[];

  @Text()
  design?: string;

  @Nested(() => PaymentsOptions)
  options?: PaymentsOptions;
}

/** A whole cart. */
export class Cart extends SessionFields {
  @Text({ required: true, pattern: COUNTRY, description: 'ISO 3166 alpha-2', example: 'SE' })
  purchase_country!: string;

  @Text({ required: true, pattern: CURRENCY, description: 'ISO 4217', example: 'SEK' })
  purchase_currency!: string;

  @MinorUnits({ max: Number.MAX_SAFE_INTEGER, description: 'Sum of the lines, in minor units: 10000 is SEK 100.00', example: 10_000 })
  order_amount!: number;

  @ListOf(() => PaymentsOrderLine, { required: true, min: 1, max: 1000 })
  order_lines!: PaymentsOrderLine[];
}

/** A cart that a shopper is about to pay. */
export class CreateSessionRequest extends Cart {
  @Text({ description: 'From a failed charge of a customer token' })
  step_up_id?: string;
}

/** A changed cart. Fields that are left out stay as they are. */
export class UpdateSessionRequest extends SessionFields {
  @Text({ pattern: COUNTRY, description: 'ISO 3166 alpha-2' })
  purchase_country?: string;

  @Text({ pattern: CURRENCY, description: 'ISO 4217' })
  purchase_currency?: string;

  @MinorUnits({ required: false, max: Number.MAX_SAFE_INTEGER, description: 'Sum of the lines, in minor units' })
  order_amount?: number;

  @ListOf(() => PaymentsOrderLine, { min: 1, max: 1000 })
  order_lines?: PaymentsOrderLine[];
}
