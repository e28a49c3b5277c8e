import { Text } from '../http/fields.js';

const HTTPS = /^https:\/\/.*/;
const APP =
  /^(?![Hh][Tt][Tt][Pp][Ss]?:)[a-zA-Z][a-zA-Z0-9+.-]*:\/\/([a-zA-Z0-9][a-zA-Z0-9.-]*[a-zA-Z0-9])?(\/[a-zA-Z0-9._~-]*)*(\?[a-zA-Z0-9._~&=-]*)?$/;

/** Addresses that Klarna sends the shopper or itself to; `{session.id}` and `{order.id}` in them are filled in by Klarna. */
export class PaymentsMerchantUrls {
  @Text({ max: 2000, pattern: HTTPS, description: 'Where the shopper goes after the purchase' })
  confirmation?: string;

  @Text({ max: 2000, pattern: HTTPS, description: 'Told when a pending order was decided' })
  notification?: string;

  @Text({ max: 2000, pattern: HTTPS, description: 'Told, with a POST, that an order was made' })
  push?: string;

  @Text({ max: 2000, pattern: HTTPS, description: 'Told the authorization token, with a POST, as soon as the shopper has authorized' })
  authorization?: string;

  @Text({ max: 2000, pattern: APP, description: 'Where an app is opened again; not http' })
  app_return_url?: string;
}
