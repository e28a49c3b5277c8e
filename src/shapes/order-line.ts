import { Nested, OneOf, Text, WholeNumber, type FieldTable, type NumberOptions, type TextOptions } from '../http/fields.js';
import { ProductIdentifiers } from './product-identifiers.dto.js';

/** What kinds of lines there are; Order Management has one more. */
export const ORDER_LINE_TYPES = ['physical', 'discount', 'shipping_fee', 'sales_tax', 'digital', 'gift_card', 'store_credit', 'surcharge'];

interface LineLimits {
  /** Undefined: any word. */
  readonly types: readonly string[] | undefined;
  readonly name: TextOptions;
  readonly reference: number;
  readonly quantityUnit: TextOptions;
  /** Largest `unit_price` and `total_amount`, in minor units. */
  readonly amount: number;
  readonly taxRate: NumberOptions;
  readonly discount: NumberOptions;
  readonly tax: NumberOptions;
  readonly merchantData: number;
}

/** What differs between Klarna's APIs. */
const LIMITS = {
  payments: {
    types: ORDER_LINE_TYPES,
    name: { min: 1, max: 255 },
    reference: 255,
    quantityUnit: { min: 1, max: 8 },
    amount: 200_000_000,
    taxRate: { min: 0, max: 10_000 },
    discount: { min: 0 },
    tax: {},
    merchantData: 1024,
  },
  'customer-token': {
    types: ORDER_LINE_TYPES,
    name: { min: 1, max: 255 },
    reference: 256,
    quantityUnit: {},
    amount: 100_000_000,
    taxRate: {},
    discount: { min: 0 },
    tax: {},
    merchantData: 255,
  },
  checkout: {
    types: undefined,
    name: { min: 1, max: 255 },
    reference: 255,
    quantityUnit: {},
    amount: 100_000_000,
    taxRate: { required: true, max: 10_000 },
    discount: { min: 0 },
    tax: { required: true },
    merchantData: 1024,
  },
  'order-management': {
    types: [...ORDER_LINE_TYPES, 'return_fee'],
    name: { max: 255 },
    reference: 255,
    quantityUnit: { max: 10 },
    amount: 200_000_000,
    taxRate: { min: 0 },
    discount: { min: 0, max: 200_000_000 },
    tax: { max: 200_000_000 },
    merchantData: 1024,
  },
} as const satisfies Record<string, LineLimits>;

/**
 * One line of a cart, by the limits of one of Klarna's APIs. Amounts are whole minor units of the purchase currency and include tax.
 * @param subscription the API's class of what a line subscribes to
 */
export function orderLineFields(api: keyof typeof LIMITS, subscription: () => new () => object): FieldTable {
  const limits: LineLimits = LIMITS[api];
  const type = {
    description: 'What kind of line it is; Klarna assumes physical. sales_tax is for the US, where tax is a line of its own',
    example: 'physical',
  };
  return {
    type: limits.types === undefined ? Text(type) : OneOf(limits.types, type),
    reference: Text({
      max: limits.reference,
      description: 'Article number. Keep it equal in order, capture and refund: Klarna assigns refunds by it',
      example: 'SKU-1',
    }),
    name: Text({ required: true, ...limits.name, description: 'What the shopper reads for this line', example: 'Running shoes' }),
    quantity: WholeNumber({ required: true, min: 0, description: 'How many, in quantity_unit; a whole number', example: 1 }),
    quantity_unit: Text({ ...limits.quantityUnit, description: 'What quantity counts, such as pcs, kg or m', example: 'pcs' }),
    unit_price: WholeNumber({
      required: true,
      max: limits.amount,
      description: 'Minor units, for one, with tax, before discount; negative for discounts',
      example: 10_000,
    }),
    tax_rate: WholeNumber({ ...limits.taxRate, description: 'Hundredths of a percent: 2500 is 25 %', example: 2_500 }),
    total_amount: WholeNumber({
      required: true,
      max: limits.amount,
      description: 'Minor units: quantity × unit_price − total_discount_amount',
      example: 10_000,
    }),
    total_discount_amount: WholeNumber({ ...limits.discount, description: 'Minor units, never negative', example: 0 }),
    total_tax_amount: WholeNumber({
      ...limits.tax,
      description: 'Minor units: the tax in total_amount, rounded; negative for discounts',
      example: 2_000,
    }),
    merchant_data: Text({ max: limits.merchantData, description: 'Yours, about this line; comes back in reads as it is' }),
    product_url: Text({
      max: 1024,
      description: "The article's page in your shop; Klarna's messages to the shopper can link to it",
      example: 'https://shop.example/shoes/1',
    }),
    image_url: Text({
      max: 1024,
      description:
        "The article's picture, for Klarna's messages and app: from 250 × 250 pixels it looks good, below 50 × 50 it is not shown",
      example: 'https://shop.example/shoes/1.png',
    }),
    product_identifiers: Nested(() => ProductIdentifiers, {
      description: 'What the article is called outside your shop: brand, part number, GTIN',
    }),
    subscription: Nested(subscription, { description: 'Of a line that the shopper pays again and again: what it is, and how often' }),
  };
}
