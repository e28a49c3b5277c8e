import { MinorUnits, Nested, OneOf, Text, WholeNumber } from '../http/fields.js';

const HIGHEST_AMOUNT = 200_000_000;
const ANY = Number.MIN_SAFE_INTEGER;

export class PaymentsProductIdentifiers {
  @Text({ max: 70 })
  brand?: string;

  @Text({ max: 750, description: 'From general to special, separated by ">"', example: 'Clothes > Shoes' })
  category_path?: string;

  @Text({ max: 64 })
  color?: string;

  @Text({ max: 64 })
  size?: string;

  @Text({ max: 50, description: 'EAN, UPC, ISBN and the like' })
  global_trade_item_number?: string;

  @Text({ max: 70 })
  manufacturer_part_number?: string;
}

export class PaymentsSubscription {
  @Text({ required: true, min: 1, max: 255 })
  name!: string;

  @OneOf(['DAY', 'WEEK', 'MONTH', 'YEAR'], { required: true })
  interval!: string;

  @WholeNumber({ required: true, min: 1, description: 'Intervals between two payments' })
  interval_count!: number;
}

/** One line of the cart. Amounts are whole minor units of the purchase currency and include tax; Klarna checks the arithmetic. */
export class PaymentsOrderLine {
  @OneOf(['physical', 'discount', 'shipping_fee', 'sales_tax', 'digital', 'gift_card', 'store_credit', 'surcharge'], {
    example: 'physical',
  })
  type?: string;

  @Text({ max: 255, description: 'Article number; the same in captures and refunds lets Klarna match the lines', example: 'SHOE-42' })
  reference?: string;

  @Text({ required: true, min: 1, max: 255, example: 'Running shoes' })
  name!: string;

  @WholeNumber({ required: true, min: 0, example: 1 })
  quantity!: number;

  @Text({ min: 1, max: 8, example: 'pcs' })
  quantity_unit?: string;

  @MinorUnits({ min: ANY, max: HIGHEST_AMOUNT, description: 'For one, with tax, before discount; negative for discounts', example: 10_000 })
  unit_price!: number;

  @WholeNumber({ min: 0, max: 10_000, description: 'Hundredths of a percent: 2500 is 25 %', example: 2_500 })
  tax_rate?: number;

  @MinorUnits({
    min: ANY,
    max: HIGHEST_AMOUNT,
    description: 'quantity × unit_price − total_discount_amount, in minor units',
    example: 10_000,
  })
  total_amount!: number;

  @MinorUnits({ required: false, max: Number.MAX_SAFE_INTEGER, description: 'Minor units, never negative', example: 0 })
  total_discount_amount?: number;

  @MinorUnits({
    required: false,
    min: ANY,
    max: Number.MAX_SAFE_INTEGER,
    description: 'Minor units; within 1 of total_amount − total_amount × 10000 / (10000 + tax_rate)',
    example: 2_000,
  })
  total_tax_amount?: number;

  @Text({ max: 1024 })
  product_url?: string;

  @Text({ max: 1024 })
  image_url?: string;

  @Text({ max: 1024, description: 'Kept by Klarna and given back' })
  merchant_data?: string;

  @Nested(() => PaymentsProductIdentifiers)
  product_identifiers?: PaymentsProductIdentifiers;

  @Nested(() => PaymentsSubscription)
  subscription?: PaymentsSubscription;
}
