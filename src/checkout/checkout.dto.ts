import { ApiProperty } from '@nestjs/swagger';
import { Flag, ListOf, MinorUnits, Nested, Text, TextList, withFields, type FieldTable } from '../http/fields.js';
import { Attachment } from '../shapes/attachment.dto.js';
import { PURCHASE } from '../shapes/purchase.js';
import { CheckoutDiscountLine, CheckoutOrderLine } from './checkout-lines.dto.js';
import { CheckoutGui, CheckoutOptions } from './checkout-options.dto.js';
import { CheckoutAddress, CheckoutCustomer } from './checkout-people.dto.js';
import { CheckoutShippingOption } from './checkout-shipping.dto.js';
import { CheckoutMerchantUrls, CheckoutPaymentProvider } from './checkout-urls.dto.js';

/** What a checkout is made of. Klarna has one description for making and changing one; only for making some of it is required. */
function checkoutFields(required: boolean): FieldTable {
  const max = Number.MAX_SAFE_INTEGER;
  return {
    purchase_country: Text({ ...PURCHASE.purchase_country, required, pattern: /^[A-Za-z]{2,2}$/ }),
    purchase_currency: Text({ ...PURCHASE.purchase_currency, required, pattern: /^[A-Za-z]{3,3}$/ }),
    locale: Text({ ...PURCHASE.locale, required, pattern: /^[A-Za-z]{2,2}(?:-[A-Za-z]{2,2})*$/ }),
    order_amount: MinorUnits({ ...PURCHASE.order_amount, required, max }),
    order_tax_amount: MinorUnits({ ...PURCHASE.order_tax_amount, required, max }),
    order_lines: ListOf(() => CheckoutOrderLine, { ...PURCHASE.order_lines, required, max: 1000 }),
    billing_address: Nested(() => CheckoutAddress, { description: 'Who pays; what you know of it is filled in for the shopper' }),
    shipping_address: Nested(() => CheckoutAddress, PURCHASE.shipping_address),
    customer: Nested(() => CheckoutCustomer, {
      description: 'Who buys, a person or a business; what you know is filled in for the shopper',
    }),
    merchant_urls: Nested(() => CheckoutMerchantUrls, PURCHASE.merchant_urls),
    merchant_reference1: Text({ ...PURCHASE.merchant_reference1, max: 255 }),
    merchant_reference2: Text({ ...PURCHASE.merchant_reference2, max: 255 }),
    options: Nested(() => CheckoutOptions, { description: 'How the checkout behaves and looks' }),
    attachment: Nested(() => Attachment, PURCHASE.attachment),
    external_payment_methods: ListOf(() => CheckoutPaymentProvider, { description: 'Other ways to pay, shown among those of Klarna' }),
    external_checkouts: ListOf(() => CheckoutPaymentProvider, { description: 'Other checkouts; image_url is required for these' }),
    shipping_countries: TextList({
      description: 'Where you ship to, ISO 3166 alpha-2: the shopper chooses among them. Only the purchase country when absent',
    }),
    shipping_options: ListOf(() => CheckoutShippingOption, {
      description: 'Ways of shipping that the shopper chooses from inside the checkout',
    }),
    merchant_data: Text({ ...PURCHASE.merchant_data, max: 6000 }),
    gui: Nested(() => CheckoutGui, { description: 'How the page in the browser behaves' }),
    selected_shipping_option: Nested(() => CheckoutShippingOption, { description: 'The way of shipping that the shopper has chosen' }),
    recurring: Flag({ description: 'Whether the purchase makes a customer token for later ones; Klarna has to enable it. Default: no' }),
    billing_countries: TextList({
      description: 'Where shoppers may live, ISO 3166 alpha-2: they choose among them. As shipping_countries when absent',
    }),
    tags: TextList({ description: 'Words about the order for your shipping rules, such as bulky' }),
    discount_lines: ListOf(() => CheckoutDiscountLine, { description: 'What the inline discount module has granted: lines below zero' }),
  };
}

/** A cart that a shopper is about to pay. */
export class CreateCheckoutRequest extends withFields(checkoutFields(true)) {}

/** A changed cart. Properties that are left out stay as they are. */
export class UpdateCheckoutRequest extends withFields(checkoutFields(false)) {}

/** A box of yours, as the shopper left it. */
export class CheckoutCheckedBox {
  @ApiProperty({ required: false, description: 'That of the box in options.additional_checkboxes' })
  id?: string;

  @ApiProperty({ type: Boolean, required: false, description: 'Whether the shopper has checked it' })
  checked?: boolean;
}

/** What the shopper answered to what you asked. */
export class CheckoutMerchantRequested {
  @ApiProperty({ type: Boolean, required: false, description: 'The box of options.additional_checkbox' })
  additional_checkbox?: boolean;

  @ApiProperty({
    type: () => CheckoutCheckedBox,
    isArray: true,
    required: false,
    description: 'The boxes of options.additional_checkboxes',
  })
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

  @ApiProperty({ format: 'date-time', required: false, description: 'When the checkout was made' })
  started_at?: string;

  @ApiProperty({ format: 'date-time', required: false, description: 'When the shopper has bought' })
  completed_at?: string;

  @ApiProperty({ format: 'date-time', required: false, description: '48 hours after it an unfinished checkout is gone' })
  last_modified_at?: string;

  @ApiProperty({ type: CheckoutMerchantRequested, required: false, description: 'What the shopper answered to your boxes' })
  merchant_requested?: CheckoutMerchantRequested;

  @ApiProperty({ required: false, description: 'The customer token that a recurring purchase has made: charge it through Customer Token' })
  recurring_token?: string;

  @ApiProperty({ required: false, description: 'What the recurring purchase is for' })
  recurring_description?: string;
}
