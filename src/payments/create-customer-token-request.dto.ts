import { Nested, OneOf, Text } from '../http/fields.js';
import { PURCHASE } from '../shapes/purchase.js';
import { PaymentsAddress } from './address.dto.js';
import { PaymentsCustomer } from './customer.dto.js';
import { COUNTRY, CURRENCY, LOCALE } from './session-request.dto.js';

/** What the token is for. The shopper agreed to it when authorizing the session. */
export class CreateCustomerTokenRequest {
  @Text({
    required: true,
    pattern: COUNTRY,
    description: 'Where the token will be charged, ISO 3166 alpha-2; the country of the billing address',
    example: 'SE',
  })
  purchase_country!: string;

  @Text({ required: true, pattern: CURRENCY, description: 'In which the token will be charged, ISO 4217', example: 'SEK' })
  purchase_currency!: string;

  @Text({ ...PURCHASE.locale, required: true, pattern: LOCALE })
  locale!: string;

  @Text({ required: true, min: 1, max: 255, description: 'What the shopper is told that the token is for', example: 'Coffee every month' })
  description!: string;

  @OneOf(['SUBSCRIPTION'], {
    required: true,
    description: 'How the token will be used; SUBSCRIPTION is the only word for it',
    example: 'SUBSCRIPTION',
  })
  intended_use!: string;

  @Nested(() => PaymentsAddress, { description: 'Whom the token will charge, and where they live; without it, as the shopper authorized' })
  billing_address?: PaymentsAddress;

  @Nested(() => PaymentsCustomer, { description: 'Whom the token will charge' })
  customer?: PaymentsCustomer;
}
