import { ListOf, MinorUnits, Nested, Text, TextList, withFields } from '../../http/fields.js';
import { Attachment } from '../../shapes/attachment.dto.js';
import { CheckoutOrderLine } from '../checkout-lines.dto.js';
import { CheckoutShippingOption } from '../checkout-shipping.dto.js';
import { CheckoutPaymentProvider } from '../checkout-urls.dto.js';

const max = Number.MAX_SAFE_INTEGER;

/**
 * The new cart with which a shop answers a change of address, country or shipping: `shipping_service_response` of Klarna's document about
 * Checkout callbacks. `merchant_data` is shorter here than elsewhere.
 */
export class CartAnswer extends withFields({
  order_amount: MinorUnits({ required: true, max, description: 'The whole cart, with tax' }),
  order_tax_amount: MinorUnits({ required: true, max, description: 'The tax in order_amount' }),
  order_lines: ListOf(() => CheckoutOrderLine, { required: true, max: 1000, description: 'The cart' }),
  purchase_currency: Text({ required: true, pattern: /^[A-Za-z]{3,3}$/, description: 'As in the question' }),
  shipping_options: ListOf(() => CheckoutShippingOption, { description: 'Ways of shipping to choose from' }),
  merchant_data: Text({ max: 1024, description: 'Kept with the order' }),
  attachment: Nested(() => Attachment, { description: 'Further facts about the purchase' }),
  locale: Text({ pattern: /^[A-Za-z]{2,2}(?:-[A-Za-z]{2,2})*$/, description: 'The language of the checkout' }),
  external_payment_methods: ListOf(() => CheckoutPaymentProvider, { description: 'Other ways to pay' }),
  tags: TextList({ description: 'Words for the shipping rules' }),
}) {}

/** A no with words for the shopper: `shipping_service_error_response`. */
export class NoAnswer extends withFields({
  error_type: Text({ required: true, pattern: /^(address_error|unsupported_shipping_address|approval_failed)$/, description: 'Which no' }),
  error_text: Text({ description: 'For the shopper; required for address_error and approval_failed' }),
}) {}
