import { Nested, OneOf, Text, WholeNumber } from '../http/fields.js';

const LINE_TYPES = [
  'physical',
  'discount',
  'shipping_fee',
  'sales_tax',
  'store_credit',
  'gift_card',
  'digital',
  'surcharge',
  'return_fee',
] as const;

/** Klarna's largest amount, in minor units. */
const LARGEST = 200_000_000;

export class ManagedLineIdentifiers {
  @Text({ max: 70, description: "The product's brand as consumers know it.", example: 'Intel' })
  brand?: string;

  @Text({
    max: 750,
    description: "The product's categories in the shop, from the outermost, separated by ' > '.",
    example: 'Computers > Tablets',
  })
  category_path?: string;

  @Text({ max: 64, example: 'Denim blue' })
  color?: string;

  @Text({ max: 50, description: 'GTIN (EAN, ISBN, UPC), without dashes.', example: '735858293167' })
  global_trade_item_number?: string;

  @Text({ max: 70, description: "The maker's part number, as specific as possible.", example: 'BOXNUC5CPYH' })
  manufacturer_part_number?: string;

  @Text({ max: 64, example: '4' })
  size?: string;
}

export class ManagedLineSubscription {
  @Text({ max: 255, required: true, description: 'What is subscribed to.', example: 'Coffee every month' })
  name: string;

  @OneOf(['DAY', 'WEEK', 'MONTH', 'YEAR'], { required: true, example: 'MONTH' })
  interval: string;

  @WholeNumber({ min: 1, required: true, description: 'How many intervals lie between two deliveries.', example: 1 })
  interval_count: number;
}

/** One item of what is captured or refunded, shown to the shopper. Amounts in minor units. */
export class ManagedOrderLine {
  @OneOf(LINE_TYPES, { example: 'physical' })
  type?: string;

  @Text({
    max: 255,
    description: 'Article number. Keep it equal in order, capture and refund: Klarna assigns refunds by it.',
    example: 'SKU-1',
  })
  reference?: string;

  @Text({ max: 255, required: true, example: 'Running shoe' })
  name: string;

  @WholeNumber({ min: 0, required: true, example: 1 })
  quantity: number;

  @Text({ max: 10, example: 'pcs' })
  quantity_unit?: string;

  @WholeNumber({ max: LARGEST, required: true, description: 'Price of one, with tax and without discount.', example: 10_000 })
  unit_price: number;

  @WholeNumber({ min: 0, description: 'Percent with two implied decimals: 2500 is 25 %.', example: 2500 })
  tax_rate?: number;

  @WholeNumber({ max: LARGEST, required: true, description: '`quantity` x `unit_price` - `total_discount_amount`.', example: 10_000 })
  total_amount: number;

  @WholeNumber({ min: 0, max: LARGEST, example: 0 })
  total_discount_amount?: number;

  @WholeNumber({ max: LARGEST, example: 2_000 })
  total_tax_amount?: number;

  @Text({ max: 1024, description: 'Yours; comes back as it is.' })
  merchant_data?: string;

  @Text({ max: 1024, example: 'https://shop.example/shoes/1' })
  product_url?: string;

  @Text({ max: 1024, example: 'https://shop.example/shoes/1.png' })
  image_url?: string;

  @Nested(() => ManagedLineIdentifiers)
  product_identifiers?: ManagedLineIdentifiers;

  @Nested(() => ManagedLineSubscription)
  subscription?: ManagedLineSubscription;
}
