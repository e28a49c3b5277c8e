import { Text } from '../http/fields.js';

const COUNTRY = /^[A-Za-z]{2,2}$/;

/** Where the shopper lives, or where the goods go. Klarna compares it with what was authorized, so send the same at create order. */
export class PaymentsAddress {
  @Text({ max: 99, example: 'Testperson-se' })
  given_name?: string;

  @Text({ max: 99, example: 'Approved' })
  family_name?: string;

  @Text({ max: 20, description: 'Form of address' })
  title?: string;

  @Text({ max: 99, example: 'youremail@email.com' })
  email?: string;

  @Text({ max: 99, description: 'With country code', example: '+46701740615' })
  phone?: string;

  @Text({ max: 99, example: 'Stårgatan 1' })
  street_address?: string;

  @Text({ max: 99 })
  street_address2?: string;

  @Text({ max: 10, example: '12345' })
  postal_code?: string;

  @Text({ max: 99, example: 'Ankeborg' })
  city?: string;

  @Text({ max: 99, description: 'State or region; Klarna asks for it in the US and in Australia' })
  region?: string;

  @Text({ pattern: COUNTRY, description: 'ISO 3166 alpha-2', example: 'SE' })
  country?: string;

  @Text({ max: 99, description: 'For business customers' })
  organization_name?: string;

  @Text({ max: 99, description: 'Person at the organization' })
  attention?: string;
}
