import { Text } from '../http/fields.js';

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
