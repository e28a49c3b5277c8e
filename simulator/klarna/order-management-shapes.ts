import { integer, list, object, oneOf, text } from './fields.js';
import { MAX_LINE_AMOUNT, productIdentifiers, subscription } from './payments-shapes.js';

/** The documented request bodies of Order Management v1. Its limits differ from those of Payments. */

const LINE_TYPES = ['physical', 'discount', 'shipping_fee', 'sales_tax', 'store_credit', 'gift_card', 'digital', 'surcharge'];

const orderLine = (...types: string[]) =>
  object(
    {
      type: oneOf(...LINE_TYPES, ...types),
      reference: text({ max: 255 }),
      name: text({ max: 255 }),
      quantity: integer({ min: 0 }),
      quantity_unit: text({ max: 10 }),
      unit_price: integer({ max: MAX_LINE_AMOUNT }),
      tax_rate: integer({ min: 0 }),
      total_amount: integer({ max: MAX_LINE_AMOUNT }),
      total_discount_amount: integer({ min: 0, max: MAX_LINE_AMOUNT }),
      total_tax_amount: integer({ max: MAX_LINE_AMOUNT }),
      image_url: text({ max: 1024 }),
      product_url: text({ max: 1024 }),
      merchant_data: text({ max: 1024 }),
      product_identifiers: productIdentifiers,
      subscription,
    },
    ['name', 'quantity', 'unit_price', 'total_amount'],
  );

const SHIPPING_METHODS = [
  'PickUpStore',
  'Home',
  'BoxReg',
  'BoxUnreg',
  'PickUpPoint',
  'Own',
  'Postal',
  'DHLPackstation',
  'Digital',
  'Undefined',
  'PickUpWarehouse',
  'ClickCollect',
  'PalletDelivery',
];

const shippingInfo = object({
  shipping_company: text({ max: 100 }),
  shipping_method: oneOf(...SHIPPING_METHODS),
  tracking_number: text({ max: 100 }),
  tracking_uri: text({ max: 1024 }),
  return_shipping_company: text({ max: 100 }),
  return_tracking_number: text({ max: 100 }),
  return_tracking_uri: text({ max: 1024 }),
});

const amount = integer({ min: 0, max: MAX_LINE_AMOUNT });
const note = text({ max: 255 });

export const captureShape = object(
  {
    captured_amount: amount,
    description: note,
    reference: note,
    order_lines: list(orderLine(), { max: 1000 }),
    shipping_info: list(shippingInfo, { max: 500 }),
    shipping_delay: integer({ min: 0 }),
  },
  ['captured_amount'],
);

export const refundShape = object(
  { refunded_amount: amount, description: note, reference: note, order_lines: list(orderLine('return_fee'), { max: 1000 }) },
  ['refunded_amount'],
);

export const authorizationShape = object({ order_amount: amount, description: note, order_lines: list(orderLine(), { max: 1000 }) }, [
  'order_amount',
]);
