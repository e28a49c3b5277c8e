import { OneOf, Text } from '../http/fields.js';

const ENTITY_TYPES = [
  'LIMITED_COMPANY',
  'PUBLIC_LIMITED_COMPANY',
  'ENTREPRENEURIAL_COMPANY',
  'LIMITED_PARTNERSHIP_LIMITED_COMPANY',
  'LIMITED_PARTNERSHIP',
  'GENERAL_PARTNERSHIP',
  'REGISTERED_SOLE_TRADER',
  'SOLE_TRADER',
  'CIVIL_LAW_PARTNERSHIP',
  'PUBLIC_INSTITUTION',
  'OTHER',
] as const;

/** Who buys. Klarna advises against sending it before the shopper authorizes. */
export class PaymentsCustomer {
  @Text({ pattern: /^(person|organization)$/, description: 'person or organization; Klarna assumes a person' })
  type?: string;

  @Text({ format: 'date', description: 'Year, month, day', example: '1941-03-21' })
  date_of_birth?: string;

  @Text({ description: 'male or female' })
  gender?: string;

  @Text({ description: 'Form of address, such as Ms or Herr' })
  title?: string;

  @Text({ pattern: /^([0-9]{4}|[0-9]{9})$/, description: 'Last four digits of a US social security number, or all nine' })
  last_four_ssn?: string;

  @Text({ description: "The number that the shopper's country has given them, where people have one" })
  national_identification_number?: string;

  @Text({ description: 'Number of a business in the public register' })
  organization_registration_id?: string;

  @OneOf(ENTITY_TYPES, { description: 'Legal form of a business' })
  organization_entity_type?: string;

  @Text({ description: 'VAT number of a business' })
  vat_id?: string;

  @Text({ description: 'With step_up_id: the customer token that is to be given another method of payment' })
  customer_token?: string;
}
