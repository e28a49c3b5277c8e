import { Flag, ListOf, MinorUnits, Nested, Text, TextList } from '../http/fields.js';
import { PURCHASE } from '../shapes/purchase.js';
import { PaymentsAddress } from './address.dto.js';
import { PaymentsCustomer } from './customer.dto.js';
import { PaymentsMerchantUrls } from './merchant-urls.dto.js';
import { PaymentsOrderLine } from './order-line.dto.js';
import { COUNTRY, CURRENCY, LOCALE } from './session-request.dto.js';

/** The order as it was authorized: Klarna compares lines (as an ordered list), amounts and addresses. */
export class CreateOrderRequest {
  @Text({ ...PURCHASE.purchase_country, required: true, pattern: COUNTRY })
  purchase_country!: string;

  @Text({ ...PURCHASE.purchase_currency, required: true, pattern: CURRENCY })
  purchase_currency!: string;

  @MinorUnits({ ...PURCHASE.order_amount, max: Number.MAX_SAFE_INTEGER })
  order_amount!: number;

  @MinorUnits({ ...PURCHASE.order_tax_amount, required: false, max: Number.MAX_SAFE_INTEGER })
  order_tax_amount?: number;

  @ListOf(() => PaymentsOrderLine, { ...PURCHASE.order_lines, required: true, min: 1, max: 1000 })
  order_lines!: PaymentsOrderLine[];

  @Flag(PURCHASE.auto_capture)
  auto_capture?: boolean;

  @Text({ ...PURCHASE.locale, pattern: LOCALE })
  locale?: string;

  @Text({ ...PURCHASE.merchant_reference1, max: 255 })
  merchant_reference1?: string;

  @Text({ ...PURCHASE.merchant_reference2, max: 255 })
  merchant_reference2?: string;

  @Text({ ...PURCHASE.merchant_data, max: 6000 })
  merchant_data?: string;

  @Nested(() => PaymentsMerchantUrls, PURCHASE.merchant_urls)
  merchant_urls?: PaymentsMerchantUrls;

  @Nested(() => PaymentsAddress, { description: 'Who pays, as authorized: another address is refused with 409' })
  billing_address?: PaymentsAddress;

  @Nested(() => PaymentsAddress, { description: 'Where the goods go, as authorized: another address is refused with 409' })
  shipping_address?: PaymentsAddress;

  @Nested(() => PaymentsCustomer, { description: 'Who buys, as authorized' })
  customer?: PaymentsCustomer;

  @TextList({ description: 'Names of offers that Klarna has set up for you, as in the session' })
  custom_payment_method_ids?: string[];
}
