import { ApiProperty } from '@nestjs/swagger';
import { Flag, ListOf, MinorUnits, Nested, Text, TextList, withFields, type FieldTable } from '../http/fields.js';
import { Attachment } from '../shapes/attachment.dto.js';
import { CheckoutDiscountLine, CheckoutOrderLine } from './checkout-lines.dto.js';
import { CheckoutGui, CheckoutOptions } from './checkout-options.dto.js';
import { CheckoutAddress, CheckoutCustomer } from './checkout-people.dto.js';
import { CheckoutShippingOption } from './checkout-shipping.dto.js';
import { CheckoutMerchantUrls, CheckoutPaymentProvider } from './checkout-urls.dto.js';

/** What a checkout is made of. Klarna has one description for making and changing one; only for making some of it is required. */
function checkoutFields(required: boolean): FieldTable {
  const max = Number.MAX_SAFE_INTEGER;
  return {
    purchase_country: Text({ required, pattern: /^[A-Za-z]{2,2}$/, description: 'ISO 3166 alpha-2', example: 'SE' }),
    purchase_currency: Text({ required, pattern: /^[A-Za-z]{3,3}$/, description: 'ISO 4217', example: 'SEK' }),
    locale: Text({
      required,
      pattern: /^[A-Za-z]{2,2}(?:-[A-Za-z]{2,2})*$/,
      description: 'Language and country of the texts shown',
      example: 'en-SE',
    }),
    order_amount: MinorUnits({ required, max, description: 'Sum of the lines, in minor units: 10000 is SEK 100.00', example: 10_000 }),
    order_tax_amount: MinorUnits({ required, max, description: 'Tax of the whole order, in minor units', example: 2_000 }),
    order_lines: ListOf(() => CheckoutOrderLine, { required, max: 1000 }),
    billing_address: Nested(() => CheckoutAddress),
    shipping_address: Nested(() => CheckoutAddress),
    customer: Nested(() => CheckoutCustomer),
    merchant_urls: Nested(() => CheckoutMerchantUrls),
    merchant_reference1: Text({ max: 255, description: 'Your number for the order; shown to the shopper' }),
    merchant_reference2: Text({ max: 255 }),
    options: Nested(() => CheckoutOptions),
    attachment: Nested(() => Attachment),
    external_payment_methods: ListOf(() => CheckoutPaymentProvider, { description: 'Other ways to pay, shown among those of Klarna' }),
    external_checkouts: ListOf(() => CheckoutPaymentProvider, { description: 'Other checkouts; image_url is required for these' }),
    shipping_countries: TextList({ description: 'Where you ship to, ISO 3166 alpha-2' }),
    shipping_options: ListOf(() => CheckoutShippingOption),
    merchant_data: Text({ max: 6000, description: 'Kept by Klarna and given back' }),
    gui: Nested(() => CheckoutGui),
    selected_shipping_option: Nested(() => CheckoutShippingOption),
    recurring: Flag({ description: 'Whether the purchase is to make a token for later ones' }),
    billing_countries: TextList({ description: 'Where shoppers may live, ISO 3166 alpha-2' }),
    tags: TextList({ description: 'Words about the order' }),
    discount_lines: ListOf(() => CheckoutDiscountLine, { description: 'Given by the inline discount module' }),
  };
}

/** A cart that a shopper is about to pay. */
export class CreateCheckoutRequest extends withFields(checkoutFields(true)) {}

/** A changed cart. Properties that are left out stay as they are. */
export class UpdateCheckoutRequest extends withFields(checkoutFields(false)) {}

/** A box of yours, as the shopper left it. */
export class CheckoutCheckedBox {
  @ApiProperty({ required: false })
  id?: string;

  @ApiProperty({ type: Boolean, required: false })
  checked?: boolean;
}

/** What the shopper answered to what you asked. */
export class CheckoutMerchantRequested {
  @ApiProperty({ type: Boolean, required: false, description: 'The box of options.additional_checkbox' })
  additional_checkbox?: boolean;

  @ApiProperty({ type: () => CheckoutCheckedBox, isArray: true, required: false })
  additional_checkboxes?: CheckoutCheckedBox[];
}

/** A checkout as Klarna shows it. */
export class CheckoutOrder extends withFields(checkoutFields(false)) {
  @ApiProperty({ description: "Klarna's id, which the order keeps in Order Management" })
  order_id!: string;

  @ApiProperty({ required: false, description: 'Your name, as the shopper sees it' })
  name?: string;

  @ApiProperty({ description: 'checkout_incomplete until the shopper has bought, then checkout_complete; in either case of letters' })
  status!: string;

  @ApiProperty({ required: false, description: 'To be put into your page as it is; after the purchase it shows the confirmation' })
  html_snippet?: string;

  @ApiProperty({ format: 'date-time', required: false })
  started_at?: string;

  @ApiProperty({ format: 'date-time', required: false })
  completed_at?: string;

  @ApiProperty({ format: 'date-time', required: false, description: '48 hours after it an unfinished checkout is gone' })
  last_modified_at?: string;

  @ApiProperty({ type: CheckoutMerchantRequested, required: false })
  merchant_requested?: CheckoutMerchantRequested;

  @ApiProperty({ required: false, description: 'Of a recurring purchase: charged through Customer Token' })
  recurring_token?: string;

  @ApiProperty({ required: false })
  recurring_description?: string;
}
