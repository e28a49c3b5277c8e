import { Flag, ListOf, Nested, OneOf, Text, TextList, withFields } from '../http/fields.js';

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
