import { Flag, ListOf, Nested, OneOf, Text, TextList, withFields } from '../http/fields.js';
import { Color, CornerRadius } from '../shapes/look.js';
import { PURCHASE } from '../shapes/purchase.js';

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

/** How the checkout behaves and looks. */
export class CheckoutOptions {
  @Flag({ description: 'Without a yes of the validation URL there is no purchase; else silence is a yes' })
  require_validate_callback_success?: boolean;

  @OneOf(['ECOMMERCE', 'MOTO', 'IN_STORE', 'TELESALES'], { description: 'Where the sale happens. Klarna assumes ECOMMERCE' })
  acquiring_channel?: string;

  @Flag({ description: 'Leaves VAT out of the summary that the shopper sees' })
  vat_removed?: boolean;

  @Flag({ description: 'Whether the shopper may enter a shipping address of its own. Default: no; in DE yes' })
  allow_separate_shipping_address?: boolean;

  @Color('buttons')
  color_button?: string;

  @Color('the words on buttons')
  color_button_text?: string;

  @Color('checkboxes')
  color_checkbox?: string;

  @Color('the mark in a checked box')
  color_checkbox_checkmark?: string;

  @Color('headings')
  color_header?: string;

  @Color('links')
  color_link?: string;

  @Flag({ description: 'Whether the shopper has to give a date of birth. Default: no' })
  date_of_birth_mandatory?: boolean;

  @Text({ description: 'Shown with the delivery on the confirmation' })
  shipping_details?: string;

  @Flag({ description: 'false: the shopper may leave out the form of address; in GB' })
  title_mandatory?: boolean;

  @Nested(() => CheckoutCheckbox, { description: 'A box of yours for the shopper to check; the answer is in merchant_requested' })
  additional_checkbox?: CheckoutCheckbox;

  @Flag({ description: 'Whether the shopper has to give that number, in SE, NO, FI and DK. Default: no' })
  national_identification_number_mandatory?: boolean;

  @Text({ description: 'Further terms to show; Markdown links' })
  additional_merchant_terms?: string;

  @Flag({ description: 'false: the shopper may leave out the phone number; in AT, CH and DE' })
  phone_mandatory?: boolean;

  @CornerRadius('5')
  radius_border?: string;

  @TextList({ min: 1, max: 2, description: 'Who may buy: person, organization, or both' })
  allowed_customer_types?: string[];

  @Flag({ description: 'Subtotals are shown from the start' })
  show_subtotal_detail?: boolean;

  @ListOf(() => CheckoutNamedCheckbox, { description: 'Several boxes of yours; the answers are in merchant_requested, by id' })
  additional_checkboxes?: CheckoutNamedCheckbox[];

  @Flag({ description: 'The number is checked, and has to be given; in SE and NO' })
  verify_national_identification_number?: boolean;

  @Flag(PURCHASE.auto_capture)
  auto_capture?: boolean;

  @Flag({ description: 'Your page must agree before the purchase goes through' })
  require_client_validation?: boolean;

  @Flag({ description: 'Shows a field for gift cards and discounts; what they grant is in discount_lines' })
  enable_discount_module?: boolean;

  @Flag({ description: 'Asks business customers for a VAT number, which they may leave out' })
  show_vat_registration_number_field?: boolean;
}

/** How the page in the browser behaves. */
export class CheckoutGui {
  @TextList({ description: 'Words that change the page, such as minimal_confirmation' })
  options?: string[];
}
