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

export const shippingShape = object({ shipping_info: list(shippingInfo, { min: 1, max: 500 }) }, ['shipping_info']);

export const referencesShape = object({ merchant_reference1: note, merchant_reference2: note });

const person = text({ max: 100 });

const shippingAddress = object({
  title: text({ max: 20 }),
  given_name: person,
  family_name: person,
  organization_name: note,
  attention: note,
  street_address: person,
  street_address2: person,
  postal_code: text({ max: 10 }),
  city: text({ max: 200 }),
  region: text({ max: 200 }),
  country: text(),
  email: person,
  phone: person,
});

/** `billing_address` is no field of the document; it is kept because Klarna says that it can't be changed. */
export const customerDetailsShape = object({ shipping_address: shippingAddress, billing_address: object({}) });

export const dueDateShape = object({ number_of_days: integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }) }, ['number_of_days']);
