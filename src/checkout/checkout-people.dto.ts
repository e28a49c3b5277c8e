import { Text } from '../http/fields.js';

/** Where the shopper lives, or where the goods go. Checkout states no limits of its own. */
export class CheckoutAddress {
  @Text({ description: 'First name of the shopper, or of whoever takes the goods', example: 'Testperson-se' })
  given_name?: string;

  @Text({ description: 'Last name of the same person', example: 'Approved' })
  family_name?: string;

  @Text({ description: 'Where Klarna writes to the shopper', example: 'youremail@email.com' })
  email?: string;

  @Text({ description: 'Form of address; Klarna has a list per country' })
  title?: string;

  @Text({ description: 'Street and number', example: 'Stårgatan 1' })
  street_address?: string;

  @Text({ description: 'What else leads to the door: apartment, floor, building' })
  street_address2?: string;

  @Text({ description: 'Instead of street_address in AT, DE and NL, with street_number' })
  street_name?: string;

  @Text({ description: 'House number; goes with street_name' })
  street_number?: string;

  @Text({ description: 'What follows the street_number, in NL' })
  house_extension?: string;

  @Text({ description: 'As the country writes it', example: '12345' })
  postal_code?: string;

  @Text({ description: 'Town of the postal code', example: 'Ankeborg' })
  city?: string;

  @Text({ description: 'State or province, where addresses have one' })
  region?: string;

  @Text({ description: 'Phone number with country code', example: '+46765260000' })
  phone?: string;

  @Text({ description: 'Two letters of ISO 3166 for the country', example: 'SE' })
  country?: string;

  @Text({ description: 'Somebody else at whose door it is' })
  care_of?: string;
}

/** Who buys. */
export class CheckoutCustomer {
  @Text({ description: 'person; organization where business customers are enabled' })
  type?: string;

  @Text({ description: 'male or female' })
  gender?: string;

  @Text({ description: 'Year, month, day', example: '1941-03-21' })
  date_of_birth?: string;

  @Text({ description: 'Number of a business in the public register' })
  organization_registration_id?: string;

  @Text({ description: 'VAT number of a business' })
  vat_id?: string;
}
