import { Flag, ListOf, Nested, OneOf, Text, TextList, WholeNumber, withFields } from '../http/fields.js';
import { orderLineFields } from '../shapes/order-line.js';
import { subscriptionFields } from '../shapes/subscription.js';

/** Where the shopper lives, or where the goods go. Checkout states no limits of its own. */
export class CheckoutAddress {
  @Text({ example: 'Testperson-se' })
  given_name?: string;

  @Text({ example: 'Approved' })
  family_name?: string;

  @Text({ example: 'youremail@email.com' })
  email?: string;

  @Text({ description: 'Form of address; Klarna has a list per country' })
  title?: string;

  @Text({ description: 'Street and number', example: 'Stårgatan 1' })
  street_address?: string;

  @Text()
  street_address2?: string;

  @Text({ description: 'Instead of street_address in AT, DE and NL, with street_number' })
  street_name?: string;

  @Text({ description: 'Goes with street_name' })
  street_number?: string;

  @Text({ description: 'In NL' })
  house_extension?: string;

  @Text({ example: '12345' })
  postal_code?: string;

  @Text({ example: 'Ankeborg' })
  city?: string;

  @Text({ description: 'State or region' })
  region?: string;

  @Text({ example: '+46765260000' })
  phone?: string;

  @Text({ description: 'ISO 3166 alpha-2', example: 'SE' })
  country?: string;

  @Text({ description: 'Somebody else at whose door it is' })
  care_of?: string;
}

/** Who buys. */
export class CheckoutCustomer {
  @Text({ description: 'person; organization where business customers are enabled' })
  type?: string;

  @Text()
  gender?: string;

  @Text({ description: 'Year, month, day', example: '1941-03-21' })
  date_of_birth?: string;

  @Text({ description: 'Of a business' })
  organization_registration_id?: string;

  @Text({ description: 'Of a business' })
  vat_id?: string;
}

const url = (description: string, required = false) => Text({ max: 2000, required, description });

/** Addresses that Klarna sends the shopper or itself to; `{checkout.order.id}` in them is filled in by Klarna. */
export class CheckoutMerchantUrls {
  @url('Your terms, linked from the checkout', true)
  terms!: string;

  @url('Your page with the snippet: the shopper is sent back to it', true)
  checkout!: string;

  @url('Where the shopper goes after the purchase; show the snippet again there', true)
  confirmation!: string;

  @url('Told, without a body, that an order was completed; until it is acknowledged', true)
  push!: string;

  @url('Asked with the whole order when the shopper buys; https')
  validation?: string;

  @url('Told when a pending order was decided')
  notification?: string;

  @url('Your terms for returns, linked from the mail after a capture')
  cancellation_terms?: string;

  @url('Asked for a cart when the shopper chooses a shipping option; https')
  shipping_option_update?: string;

  @url('Asked for a cart when the shopper changes an address; https')
  address_update?: string;

  @url('Asked for a cart when the shopper changes the country; https')
  country_change?: string;
}

export class CheckoutDimensions {
  @WholeNumber({ description: 'Millimeters' })
  height?: number;

  @WholeNumber({ description: 'Millimeters' })
  width?: number;

  @WholeNumber({ description: 'Millimeters' })
  length?: number;
}

/** What a carrier has to know of a line. */
export class CheckoutShippingAttributes {
  @WholeNumber({ description: 'Grams', example: 900 })
  weight?: number;

  @Nested(() => CheckoutDimensions)
  dimensions?: CheckoutDimensions;

  @TextList({ description: 'For the shipping rules, such as bulky' })
  tags?: string[];
}

export class CheckoutSubscription extends withFields(subscriptionFields('checkout')) {}

/** One line of the cart. Klarna checks the arithmetic. */
export class CheckoutOrderLine extends withFields({
  ...orderLineFields('checkout', () => CheckoutSubscription),
  shipping_attributes: Nested(() => CheckoutShippingAttributes),
}) {}

/** A discount that the inline discount module gave. */
export class CheckoutDiscountLine {
  @Text({ required: true, min: 1, max: 255 })
  name!: string;

  @WholeNumber({ required: true, min: 0 })
  quantity!: number;

  @WholeNumber({ required: true, max: 0, description: 'Minor units, with tax; not above 0' })
  unit_price!: number;

  @WholeNumber({ required: true, max: 10_000, description: 'Hundredths of a percent: 2500 is 25 %' })
  tax_rate!: number;

  @WholeNumber({ required: true, max: 0, description: 'Minor units: quantity × unit_price' })
  total_amount!: number;

  @WholeNumber({ required: true, description: 'Minor units: the tax in total_amount' })
  total_tax_amount!: number;

  @Text({ max: 255, description: 'The gift card, as your system calls it' })
  reference?: string;

  @Text({ max: 1024, description: 'The number that the shopper entered' })
  merchant_data?: string;
}

/** A way to pay, or another checkout, that is not Klarna's and is offered beside it. */
export class CheckoutPaymentProvider {
  @Text({ required: true, max: 255, example: 'PayPal' })
  name!: string;

  @WholeNumber({ description: 'Minor units, with tax' })
  fee?: number;

  @Text({ max: 500, description: 'Shown below its name' })
  description?: string;

  @TextList({ description: 'Where it is offered, ISO 3166 alpha-2; everywhere when absent' })
  countries?: string[];

  @Text({ description: 'Word on the button: continue or complete' })
  label?: string;

  @Text({ required: true, min: 7, max: 2000, description: 'Where the shopper is sent; https', example: 'https://shop.example/paypal' })
  redirect_url!: string;

  @Text({ max: 2000, description: 'https' })
  image_url?: string;
}

export class CheckoutCarrierProduct {
  @Text()
  name?: string;

  @Text()
  identifier?: string;
}

export class CheckoutTimeslot {
  @Text()
  id?: string;

  @Text()
  start?: string;

  @Text()
  end?: string;
}

export class CheckoutPickupLocation {
  @Text()
  id?: string;

  @Text()
  name?: string;

  @Nested(() => CheckoutAddress)
  address?: CheckoutAddress;
}

/** What the shopper chose of a delivery. */
export class CheckoutDeliveryDetails {
  @Text({ description: 'The carrier' })
  carrier?: string;

  @Text({ description: 'The kind of shipping' })
  class?: string;

  @Nested(() => CheckoutCarrierProduct)
  product?: CheckoutCarrierProduct;

  @Nested(() => CheckoutTimeslot)
  timeslot?: CheckoutTimeslot;

  @Nested(() => CheckoutPickupLocation)
  pickup_location?: CheckoutPickupLocation;
}

export class CheckoutShippingAddon {
  @Text()
  type?: string;

  @WholeNumber({ description: 'Minor units' })
  price?: number;

  @Text()
  external_id?: string;

  @Text({ description: 'What the shopper entered' })
  user_input?: string;
}

/** One way of shipping that the shopper can choose. */
export class CheckoutShippingOption {
  @Text({ required: true, example: 'home' })
  id!: string;

  @Text({ required: true, min: 1, max: 255, example: 'To your door' })
  name!: string;

  @Text()
  description?: string;

  @Text({ description: 'Name of the promotion that it belongs to' })
  promo?: string;

  @WholeNumber({ required: true, description: 'Minor units, with tax', example: 0 })
  price!: number;

  @Flag({ description: 'Chosen when the checkout opens' })
  preselected?: boolean;

  @WholeNumber({ required: true, description: 'Minor units: the tax in price', example: 0 })
  tax_amount!: number;

  @WholeNumber({ required: true, description: 'Hundredths of a percent: 2500 is 25 %', example: 0 })
  tax_rate!: number;

  @Text({ description: "One of Klarna's words, such as Home or PickUpStore", example: 'Home' })
  shipping_method?: string;

  @Nested(() => CheckoutDeliveryDetails)
  delivery_details?: CheckoutDeliveryDetails;

  @Text({ description: 'The shipment reserved with the transport system' })
  tms_reference?: string;

  @ListOf(() => CheckoutShippingAddon)
  selected_addons?: CheckoutShippingAddon[];
}

const checkbox = {
  text: Text({ required: true, description: 'Beside the box; Markdown links' }),
  checked: Flag({ required: true, description: 'How it is at first' }),
  required: Flag({ required: true, description: 'Whether the shopper must check it' }),
};

export class CheckoutCheckbox extends withFields(checkbox) {}

export class CheckoutNamedCheckbox extends withFields({
  ...checkbox,
  id: Text({ required: true, description: 'By which you find it in merchant_requested' }),
}) {}

const COLOR = /^#[A-Fa-f0-9]{6}$/;

/** How the checkout behaves and looks. */
export class CheckoutOptions {
  @Flag({ description: 'Without a yes of the validation URL there is no purchase; else silence is a yes' })
  require_validate_callback_success?: boolean;

  @OneOf(['ECOMMERCE', 'MOTO', 'IN_STORE', 'TELESALES'], { description: 'Where the sale happens' })
  acquiring_channel?: string;

  @Flag({ description: 'Do not show VAT in the summary' })
  vat_removed?: boolean;

  @Flag()
  allow_separate_shipping_address?: boolean;

  @Text({ pattern: COLOR })
  color_button?: string;

  @Text({ pattern: COLOR })
  color_button_text?: string;

  @Text({ pattern: COLOR })
  color_checkbox?: string;

  @Text({ pattern: COLOR })
  color_checkbox_checkmark?: string;

  @Text({ pattern: COLOR })
  color_header?: string;

  @Text({ pattern: COLOR })
  color_link?: string;

  @Flag()
  date_of_birth_mandatory?: boolean;

  @Text({ description: 'Shown with the delivery on the confirmation' })
  shipping_details?: string;

  @Flag({ description: 'In GB' })
  title_mandatory?: boolean;

  @Nested(() => CheckoutCheckbox)
  additional_checkbox?: CheckoutCheckbox;

  @Flag({ description: 'In SE, NO, FI and DK' })
  national_identification_number_mandatory?: boolean;

  @Text({ description: 'Further terms to show; Markdown links' })
  additional_merchant_terms?: string;

  @Flag({ description: 'In AT, CH and DE' })
  phone_mandatory?: boolean;

  @Text()
  radius_border?: string;

  @TextList({ min: 1, max: 2, description: 'person, organization, or both' })
  allowed_customer_types?: string[];

  @Flag({ description: 'Subtotals are shown from the start' })
  show_subtotal_detail?: boolean;

  @ListOf(() => CheckoutNamedCheckbox)
  additional_checkboxes?: CheckoutNamedCheckbox[];

  @Flag({ description: 'In SE and NO' })
  verify_national_identification_number?: boolean;

  @Flag({ description: 'Capture at once; only for goods that are handed over at once' })
  auto_capture?: boolean;

  @Flag({ description: 'Your page must agree before the purchase goes through' })
  require_client_validation?: boolean;

  @Flag()
  enable_discount_module?: boolean;

  @Flag({ description: 'For business customers' })
  show_vat_registration_number_field?: boolean;
}

/** How the page in the browser behaves. */
export class CheckoutGui {
  @TextList({ description: 'Such as minimal_confirmation' })
  options?: string[];
}
