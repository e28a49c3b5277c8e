import { flag, integer, list, object, oneOf, text, type Shape } from './fields.js';

/** The documented forms of Klarna Payments v1: types, limits, patterns, required members. */

/** Largest amount of a line, in minor units. */
export const MAX_LINE_AMOUNT = 200_000_000;

const COUNTRIES = new Intl.DisplayNames('en', { type: 'region', fallback: 'none' });
const CURRENCIES = new Set(Intl.supportedValuesOf('currency'));

export const country = text({ pattern: /^[A-Za-z]{2}$/, also: (code) => COUNTRIES.of(code.toUpperCase()) !== undefined });
export const currency = text({ pattern: /^[A-Za-z]{3}$/, also: (code) => CURRENCIES.has(code.toUpperCase()) });
export const locale = text({ pattern: /^[A-Za-z]{2}(?:-[A-Za-z]{2})*$/ });
const short = text({ max: 255 });

export const productIdentifiers = object({
  brand: text({ max: 70 }),
  category_path: text({ max: 750 }),
  global_trade_item_number: text({ max: 50 }),
  manufacturer_part_number: text({ max: 70 }),
  color: text({ max: 64 }),
  size: text({ max: 64 }),
});

export const subscription = object(
  { name: text({ min: 1, max: 255 }), interval: oneOf('DAY', 'WEEK', 'MONTH', 'YEAR'), interval_count: integer({ min: 1 }) },
  ['name', 'interval', 'interval_count'],
);

const LINE_TYPES = ['physical', 'discount', 'shipping_fee', 'sales_tax', 'digital', 'gift_card', 'store_credit', 'surcharge'];

const orderLine = object(
  {
    type: oneOf(...LINE_TYPES),
    reference: short,
    name: text({ min: 1, max: 255 }),
    quantity: integer({ min: 0 }),
    quantity_unit: text({ min: 1, max: 8 }),
    unit_price: integer({ max: MAX_LINE_AMOUNT }),
    tax_rate: integer({ min: 0, max: 10_000 }),
    total_amount: integer({ max: MAX_LINE_AMOUNT }),
    total_discount_amount: integer({ min: 0 }),
    total_tax_amount: integer(),
    image_url: text({ max: 1024 }),
    product_url: text({ max: 1024 }),
    merchant_data: text({ max: 1024 }),
    product_identifiers: productIdentifiers,
    subscription,
  },
  ['name', 'quantity', 'unit_price', 'total_amount'],
);

const person = text({ max: 99 });

export const address = object({
  title: text({ max: 20 }),
  given_name: person,
  family_name: person,
  email: person,
  phone: person,
  street_address: person,
  street_address2: person,
  postal_code: text({ max: 10 }),
  city: person,
  region: person,
  country,
  organization_name: person,
  attention: person,
});

const ENTITY_TYPES = [
  'LIMITED_COMPANY',
  'PUBLIC_LIMITED_COMPANY',
  'ENTREPRENEURIAL_COMPANY',
  'LIMITED_PARTNERSHIP_LIMITED_COMPANY',
  'LIMITED_PARTNERSHIP',
  'GENERAL_PARTNERSHIP',
  'REGISTERED_SOLE_TRADER',
  'SOLE_TRADER',
  'CIVIL_LAW_PARTNERSHIP',
  'PUBLIC_INSTITUTION',
  'OTHER',
];

/** The members of a customer that reading a session shows; the others stay with Klarna. */
export const readableCustomer = {
  date_of_birth: text({ pattern: /^\d{4}-\d{2}-\d{2}$/, also: (date) => !Number.isNaN(Date.parse(date)) }),
  gender: text(),
  title: text(),
  type: oneOf('person', 'organization'),
  organization_entity_type: oneOf(...ENTITY_TYPES),
  organization_registration_id: text(),
  vat_id: text(),
};

const customer = object({
  ...readableCustomer,
  last_four_ssn: text({ pattern: /^([0-9]{4}|[0-9]{9})$/ }),
  national_identification_number: text(),
  customer_token: text(),
});

/** Callbacks go to https; plain http is allowed towards this machine only (switch `callbacks_http_loopback`). */
export function isCallbackUrl(value: string, httpLoopback: boolean): boolean {
  if (/^https:\/\/./.test(value)) return true;
  return httpLoopback && /^http:\/\/(127\.0\.0\.1|localhost|\[::1\])([:/?#]|$)/.test(value);
}

const merchantUrls = (httpLoopback: boolean): Shape => {
  const url = text({ max: 2000, also: (value) => isCallbackUrl(value, httpLoopback) });
  const appUrl = text({ max: 2000, pattern: /^(?!https?:)[a-z][a-z0-9+.-]*:\/\/\S*$/i });
  return object({ confirmation: url, notification: url, push: url, authorization: url, app_return_url: appUrl });
};

const colour = text({ pattern: /^#[A-Fa-f0-9]{6}$/ });

const purchaseMembers = (httpLoopback: boolean): Record<string, Shape> => ({
  purchase_country: country,
  purchase_currency: currency,
  locale,
  order_amount: integer({ min: 0 }),
  order_tax_amount: integer({ min: 0 }),
  order_lines: list(orderLine, { min: 1, max: 1000 }),
  billing_address: address,
  shipping_address: address,
  customer,
  merchant_urls: merchantUrls(httpLoopback),
  merchant_reference1: short,
  merchant_reference2: short,
  merchant_data: text({ max: 6000 }),
  custom_payment_method_ids: list(text()),
});

const sessionMembers = (httpLoopback: boolean): Record<string, Shape> => ({
  ...purchaseMembers(httpLoopback),
  intent: oneOf('buy', 'tokenize', 'buy_and_tokenize'),
  acquiring_channel: oneOf('ECOMMERCE', 'IN_STORE', 'TELESALES'),
  attachment: object({ body: text(), content_type: text() }, ['body', 'content_type']),
  design: text(),
  options: object({
    color_border: colour,
    color_border_selected: colour,
    color_details: colour,
    color_text: colour,
    radius_border: text(),
  }),
  step_up_id: text(),
});

const REQUIRED = ['purchase_country', 'purchase_currency', 'order_amount', 'order_lines'];

interface PaymentsShapes {
  session: Shape;
  sessionUpdate: Shape;
  order: Shape;
}

const shapes = (httpLoopback: boolean): PaymentsShapes => ({
  session: object(sessionMembers(httpLoopback), REQUIRED),
  sessionUpdate: object(sessionMembers(httpLoopback)),
  order: object({ ...purchaseMembers(httpLoopback), auto_capture: flag }, REQUIRED),
});

const strict = shapes(false);
const loopback = shapes(true);

/** The request bodies of Payments v1. @param httpLoopback whether merchant URLs may be plain http on this machine */
export function paymentsShapes(httpLoopback: boolean): PaymentsShapes {
  return httpLoopback ? loopback : strict;
}
