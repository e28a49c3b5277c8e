import { Text, type FieldTable } from '../http/fields.js';

/** Country codes as Payments and Customer Token want them. */
const COUNTRY = /^[A-Za-z]{2,2}$/;

/** How long texts may be, in characters. */
interface AddressLimits {
  /** Names, street lines, phone and e-mail. */
  readonly person: number;
  readonly phoneMin: number;
  /** City and region. */
  readonly place: number;
  /** Name of the organization, person there. */
  readonly organization: number;
  readonly country: RegExp | undefined;
}

/** What differs between Klarna's APIs. Checkout has an address of its own, without limits. */
const LIMITS = {
  payments: { person: 99, phoneMin: 0, place: 99, organization: 99, country: COUNTRY },
  'customer-token': { person: 99, phoneMin: 5, place: 99, organization: 99, country: COUNTRY },
  'order-management': { person: 100, phoneMin: 0, place: 200, organization: 255, country: undefined },
} as const satisfies Record<string, AddressLimits>;

/** Where the shopper lives, or where the goods go, by the limits of one of Klarna's APIs. */
export function addressFields(api: keyof typeof LIMITS): FieldTable {
  const limits: AddressLimits = LIMITS[api];
  const { person: max, phoneMin: min } = limits;
  return {
    given_name: Text({ max, description: 'First name of the shopper, or of whoever takes the goods', example: 'Testperson-se' }),
    family_name: Text({ max, description: 'Last name of the same person', example: 'Approved' }),
    title: Text({ max: 20, description: 'Form of address, such as Ms, Herr or Mevr.; Klarna has a list per country' }),
    email: Text({ max, description: 'Where Klarna writes to the shopper', example: 'youremail@email.com' }),
    phone: Text({ min, max, description: 'Phone number with country code, best of a mobile phone', example: '+46701740615' }),
    street_address: Text({ max, description: 'Street and house number', example: 'Stårgatan 1' }),
    street_address2: Text({ max, description: 'What else leads to the door: apartment, floor, building' }),
    postal_code: Text({ max: 10, description: 'As the country writes it', example: '12345' }),
    city: Text({ max: limits.place, description: 'Town of the postal code', example: 'Ankeborg' }),
    region: Text({ max: limits.place, description: 'State or province; Klarna asks for it in the US and in Australia' }),
    country: Text({
      ...(limits.country === undefined ? {} : { pattern: limits.country }),
      description: 'Two letters of ISO 3166 for the country',
      example: 'SE',
    }),
    organization_name: Text({ max: limits.organization, description: 'Name of the company; for business customers' }),
    attention: Text({ max: limits.organization, description: 'Whom to ask for at the company; for business customers' }),
  };
}
