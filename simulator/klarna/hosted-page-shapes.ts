import { integer, list, object, oneOf, text } from './fields.js';

/** The documented forms of the Hosted Payment Page v1. */

const CATEGORIES = ['DIRECT_DEBIT', 'DIRECT_BANK_TRANSFER', 'PAY_NOW', 'PAY_LATER', 'PAY_OVER_TIME', 'KLARNA'];

export const pageShape = object(
  {
    payment_session_url: text(),
    merchant_urls: object({ success: text(), cancel: text(), back: text(), failure: text(), error: text(), status_update: text() }),
    options: object({
      background_images: list(object({ url: text(), width: integer() })),
      logo_url: text(),
      page_title: text(),
      payment_method_categories: list(oneOf(...CATEGORIES)),
      payment_method_category: oneOf(...CATEGORIES),
      place_order_mode: oneOf('PLACE_ORDER', 'CAPTURE_ORDER', 'NONE'),
      purchase_type: oneOf('BUY', 'RENT', 'BOOK', 'SUBSCRIBE', 'DOWNLOAD', 'ORDER', 'CONTINUE'),
      show_subtotal_detail: oneOf('HIDE'),
    }),
    profile_id: text(),
  },
  ['payment_session_url'],
);

export const distributionShape = object(
  {
    contact_information: object({ access_id: text(), email: text(), phone: text(), phone_country: text() }),
    method: oneOf('sms', 'email', 'token'),
    template: oneOf('INSTORE_PURCHASE'),
  },
  ['contact_information', 'method'],
);

/** What each way to distribute needs to know of the shopper. */
export const CONTACT_OF: Readonly<Record<string, readonly string[]>> = {
  sms: ['phone', 'phone_country'],
  email: ['email'],
  token: ['access_id'],
};
