import { flag, integer, list, object, oneOf, text } from './fields.js';
import { addressMembers, currency, LINE_TYPES, productIdentifiers } from './payments-shapes.js';

/** The documented request bodies of Customer Token v1. Its limits differ from those of Payments. */

/** Largest amount of a line, in minor units. */
const MAX_LINE_AMOUNT = 100_000_000;

const subscription = object({ name: text(), interval: oneOf('DAY', 'WEEK', 'MONTH', 'YEAR'), interval_count: integer({ min: 1 }) }, [
  'name',
  'interval',
  'interval_count',
]);

const orderLine = object(
  {
    type: oneOf(...LINE_TYPES),
    reference: text({ max: 256 }),
    name: text({ min: 1, max: 255 }),
    quantity: integer({ min: 0 }),
    quantity_unit: text(),
    unit_price: integer({ max: MAX_LINE_AMOUNT }),
    tax_rate: integer(),
    total_amount: integer({ max: MAX_LINE_AMOUNT }),
    total_discount_amount: integer({ min: 0 }),
    total_tax_amount: integer(),
    image_url: text({ max: 1024 }),
    product_url: text({ max: 1024 }),
    merchant_data: text({ max: 255 }),
    product_identifiers: productIdentifiers,
    subscription,
  },
  ['name', 'quantity', 'unit_price', 'total_amount'],
);

const url = text({ max: 2000 });

export const tokenOrderShape = object(
  {
    purchase_currency: currency,
    order_amount: integer({ min: 1 }),
    order_tax_amount: integer({ min: 0 }),
    order_lines: list(orderLine, { min: 1, max: 1000 }),
    auto_capture: flag,
    merchant_reference1: text({ max: 255 }),
    merchant_reference2: text({ max: 255 }),
    merchant_data: text({ max: 6000 }),
    merchant_urls: object({ confirmation: url, push: url }, ['confirmation']),
    shipping_address: object({ ...addressMembers, phone: text({ min: 5, max: 99 }) }),
    attachment: object({ body: text(), content_type: text() }, ['body', 'content_type']),
    step_up: oneOf('SUPPORTED', 'NOT_SUPPORTED'),
  },
  ['purchase_currency', 'order_amount', 'order_lines'],
);

export const tokenStatusShape = object({ status: oneOf('CANCELLED') }, ['status']);
