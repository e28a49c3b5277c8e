import { Flag, ListOf, MinorUnits, Nested, Text, TextList } from '../http/fields.js';
import { PaymentsAddress } from './address.dto.js';
import { PaymentsCustomer } from './customer.dto.js';
import { PaymentsMerchantUrls } from './merchant-urls.dto.js';
import { PaymentsOrderLine } from './order-line.dto.js';
import { COUNTRY, CURRENCY, LOCALE } from './session-request.dto.js';

/** The order as it was authorized: Klarna compares lines (as an ordered list), amounts and addresses. */
export class CreateOrderRequest {
  @Text({ required: true, pattern: COUNTRY, description: 'ISO 3166 alpha-2', example: 'SE' })
  purchase_country!: string;

  @Text({ required: true, pattern: CURRENCY, description: 'ISO 4217', example: 'SEK' })
  purchase_currency!: string;

  @MinorUnits({ max: Number.MAX_SAFE_INTEGER, description: 'Sum of the lines, in minor units: 10000 is SEK 100.00', example: 10_000 })
  order_amount!: number;

  @MinorUnits({ required: false, max: Number.MAX_SAFE_INTEGER, description: 'Tax of the whole order, in minor units', example: 2_000 })
  order_tax_amount?: number;

  @ListOf(() => PaymentsOrderLine, { required: true, min: 1, max: 1000 })
  order_lines!: PaymentsOrderLine[];

  @Flag({ description: 'Capture at once; only for goods that are handed over at once' })
  auto_capture?: boolean;

  @Text({ pattern: LOCALE })
  locale?: string;

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

  @TextList()
  custom_payment_method_ids?: string[];
}
