import { flag, integer, list, object, oneOf, text, type Shape } from './fields.js';
import { country, currency, isCallbackUrl, locale, productIdentifiers } from './payments-shapes.js';

/** The documented forms of Klarna Checkout v3: types, limits, patterns, required members. Read-only members are ignored. */

/** Largest amount of a line, in minor units. */
const MAX_LINE_AMOUNT = 100_000_000;

const short = text({ max: 255 });
const rate = integer({ min: 0, max: 10_000 });
const countries = list(country);

export const checkoutAddress = object({
  given_name: text(),
  family_name: text(),
  email: text(),
  title: text(),
  street_address: text(),
  street_address2: text(),
  street_name: text(),
  street_number: text(),
  house_extension: text(),
  postal_code: text(),
  city: text(),
  region: text(),
  phone: text(),
  country,
  care_of: text(),
});

const orderLine = object(
  {
    type: oneOf('physical', 'discount', 'shipping_fee', 'sales_tax', 'digital', 'gift_card', 'store_credit', 'surcharge'),
    reference: short,
    name: text({ min: 1, max: 255 }),
    quantity: integer({ min: 0 }),
    quantity_unit: text({ min: 1, max: 8 }),
    unit_price: integer({ max: MAX_LINE_AMOUNT }),
    tax_rate: rate,
    total_amount: integer({ max: MAX_LINE_AMOUNT }),
    total_discount_amount: integer({ min: 0 }),
    total_tax_amount: integer(),
    merchant_data: text({ max: 1024 }),
    product_url: text({ max: 1024 }),
    image_url: text({ max: 1024 }),
    product_identifiers: productIdentifiers,
    subscription: object({ name: text(), interval: oneOf('DAY', 'WEEK', 'MONTH', 'YEAR'), interval_count: integer({ min: 1 }) }, [
      'interval',
      'interval_count',
    ]),
    shipping_attributes: object({
      weight: integer({ min: 0 }),
      dimensions: object({ height: integer({ min: 0 }), width: integer({ min: 0 }), length: integer({ min: 0 }) }),
      tags: list(text()),
    }),
  },
  ['name', 'quantity', 'unit_price', 'tax_rate', 'total_amount', 'total_tax_amount'],
);

const discountLine = object(
  {
    name: text({ min: 1, max: 255 }),
    quantity: integer({ min: 0 }),
    unit_price: integer({ max: 0 }),
    tax_rate: rate,
    total_amount: integer({ max: 0 }),
    total_tax_amount: integer(),
    reference: short,
    merchant_data: text({ max: 1024 }),
  },
  ['name', 'quantity', 'unit_price', 'tax_rate', 'total_amount', 'total_tax_amount'],
);

const isHttps = (value: string) => /^https:\/\/./.test(value);

const paymentProvider = object(
  {
    name: short,
    fee: integer(),
    description: text({ max: 500 }),
    countries,
    label: oneOf('continue', 'complete'),
    redirect_url: text({ min: 7, max: 2000, also: isHttps }),
    image_url: text({ max: 2000, also: isHttps }),
  },
  ['name', 'redirect_url'],
);

const shippingOption = object(
  {
    id: text(),
    name: text({ min: 1, max: 255 }),
    description: text(),
    promo: text(),
    price: integer(),
    preselected: flag,
    tax_amount: integer(),
    tax_rate: integer({ min: 0 }),
    shipping_method: oneOf(...['PickUpStore', 'Home', 'BoxReg', 'BoxUnreg', 'PickUpPoint', 'Own', 'Postal', 'DHLPackstation', 'Digital']),
    delivery_details: object({
      carrier: text(),
      class: text(),
      product: object({ name: text(), identifier: text() }),
      timeslot: object({ id: text(), start: text(), end: text() }),
      pickup_location: object({ id: text(), name: text(), address: checkoutAddress }),
    }),
    tms_reference: text(),
    selected_addons: list(object({ type: text(), price: integer(), external_id: text(), user_input: text() })),
  },
  ['id', 'name', 'price', 'tax_amount', 'tax_rate'],
);

const attachment = object({ body: text(), content_type: text() }, ['body', 'content_type']);

const box = { text: text({ max: 1000 }), checked: flag, required: flag };
const color = text({ pattern: /^#[A-Fa-f0-9]{6}$/ });

const options = object({
  require_validate_callback_success: flag,
  acquiring_channel: oneOf('ECOMMERCE', 'MOTO', 'IN_STORE', 'TELESALES'),
  vat_removed: flag,
  allow_separate_shipping_address: flag,
  color_button: color,
  color_button_text: color,
  color_checkbox: color,
  color_checkbox_checkmark: color,
  color_header: color,
  color_link: color,
  date_of_birth_mandatory: flag,
  shipping_details: short,
  title_mandatory: flag,
  additional_checkbox: object(box, ['text', 'checked', 'required']),
  national_identification_number_mandatory: flag,
  additional_merchant_terms: text(),
  phone_mandatory: flag,
  radius_border: text(),
  allowed_customer_types: list(oneOf('person', 'organization'), { min: 1, max: 2 }),
  show_subtotal_detail: flag,
  additional_checkboxes: list(object({ ...box, id: text() }, ['id', 'text', 'checked', 'required'])),
  verify_national_identification_number: flag,
  auto_capture: flag,
  require_client_validation: flag,
  enable_discount_module: flag,
  show_vat_registration_number_field: flag,
});

/** Pages of the shop may be plain http; what Klarna calls to be told something for the purchase may not. */
const merchantUrls = (httpLoopback: boolean): Shape => {
  const page = text({ max: 2000 });
  const asked = text({ max: 2000, also: (value) => isCallbackUrl(value, httpLoopback) });
  return object(
    {
      terms: page,
      checkout: page,
      confirmation: page,
      push: page,
      validation: asked,
      notification: page,
      cancellation_terms: page,
      shipping_option_update: asked,
      address_update: asked,
      country_change: asked,
    },
    ['terms', 'checkout', 'confirmation', 'push'],
  );
};

const members = (httpLoopback: boolean): Record<string, Shape> => ({
  purchase_country: country,
  purchase_currency: currency,
  locale,
  order_amount: integer({ min: 0 }),
  order_tax_amount: integer({ min: 0 }),
  order_lines: list(orderLine, { max: 1000 }),
  billing_address: checkoutAddress,
  shipping_address: checkoutAddress,
  customer: object({
    type: oneOf('person', 'organization'),
    gender: text(),
    date_of_birth: text({ pattern: /^\d{4}-\d{2}-\d{2}$/, also: (date) => !Number.isNaN(Date.parse(date)) }),
    organization_registration_id: text(),
    vat_id: text(),
  }),
  merchant_urls: merchantUrls(httpLoopback),
  merchant_reference1: short,
  merchant_reference2: short,
  merchant_data: text({ max: 6000 }),
  options,
  attachment,
  external_payment_methods: list(paymentProvider),
  external_checkouts: list(paymentProvider),
  shipping_countries: countries,
  billing_countries: countries,
  shipping_options: list(shippingOption),
  selected_shipping_option: shippingOption,
  gui: object({ options: list(text()) }),
  recurring: flag,
  tags: list(text()),
  discount_lines: list(discountLine),
});

/** The cart that a shop answers when Klarna asks for one. */
export const checkoutCart = object(
  {
    order_amount: integer({ min: 0 }),
    order_tax_amount: integer({ min: 0 }),
    order_lines: list(orderLine, { max: 1000 }),
    purchase_currency: currency,
    merchant_data: text({ max: 1024 }),
    shipping_options: list(shippingOption),
    attachment,
    locale,
    external_payment_methods: list(paymentProvider),
    tags: list(text()),
  },
  ['order_amount', 'order_tax_amount', 'order_lines', 'purchase_currency'],
);

const REQUIRED = ['purchase_country', 'purchase_currency', 'locale', 'order_amount', 'order_tax_amount', 'order_lines'];

interface CheckoutShapes {
  create: Shape;
  update: Shape;
}

const shapes = (httpLoopback: boolean): CheckoutShapes => ({
  create: object(members(httpLoopback), REQUIRED),
  update: object(members(httpLoopback)),
});

const strict = shapes(false);
const loopback = shapes(true);

/** The request bodies of Checkout v3. @param httpLoopback whether merchant URLs that Klarna asks may be plain http on this machine */
export function checkoutShapes(httpLoopback: boolean): CheckoutShapes {
  return httpLoopback ? loopback : strict;
}
