import { Nested, OneOf, Text } from '../http/fields.js';
import { PaymentsAddress } from './address.dto.js';
import { PaymentsCustomer } from './customer.dto.js';
import { COUNTRY, CURRENCY, LOCALE } from './session-request.dto.js';

/** What the token is for. The shopper agreed to it when authorizing the session. */
export class CreateCustomerTokenRequest {
  @Text({ required: true, pattern: COUNTRY, description: 'ISO 3166 alpha-2; the same as in the billing address', example: 'SE' })
  purchase_country!: string;

  @Text({ required: true, pattern: CURRENCY, description: 'ISO 4217', example: 'SEK' })
  purchase_currency!: string;

  @Text({ required: true, pattern: LOCALE, description: 'Language and country of the texts that the shopper sees', example: 'en-SE' })
  locale!: string;

  @Text({ required: true, min: 1, max: 255, description: 'What the shopper is told that the token is for', example: 'Coffee every month' })
  description!: string;

  @OneOf(['SUBSCRIPTION'], { required: true, description: 'How the token will be used', example: 'SUBSCRIPTION' })
  intended_use!: string;

  @Nested(() => PaymentsAddress)
  billing_address?: PaymentsAddress;

  @Nested(() => PaymentsCustomer)
  customer?: PaymentsCustomer;
}
