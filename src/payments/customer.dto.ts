import { OneOf, Text } from '../http/fields.js';

/** Who buys. Klarna advises against sending it before the shopper authorizes. */
export class PaymentsCustomer {
  @Text({ pattern: /^(person|organization)$/, description: 'person or organization; Klarna assumes a person' })
  type?: string;

  @Text({ format: 'date', description: 'Year, month, day', example: '1941-03-21' })
  date_of_birth?: string;

  @Text()
  gender?: string;

  @Text()
  title?: string;

  @Text({ pattern: /^([0-9]{4}|[0-9]{9})$/, description: 'Last four digits of a US social security number, or all nine' })
  last_four_ssn?: string;

  @Text()
  national_identification_number?: string;

  @Text({ description: 'Of a business' })
  organization_registration_id?: string;

  @OneOf([
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
  ])
  organization_entity_type?: string;

  @Text({ description: 'Of a business' })
  vat_id?: string;

  @Text({ description: 'A customer token that is to be given a new method' })
  customer_token?: string;
}
