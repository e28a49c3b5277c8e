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
    given_name: Text({ max, example: 'Testperson-se' }),
    family_name: Text({ max, example: 'Approved' }),
    title: Text({ max: 20, description: 'Form of address' }),
    email: Text({ max, example: 'youremail@email.com' }),
    phone: Text({ min, max, description: 'With country code', example: '+46701740615' }),
    street_address: Text({ max, example: 'Stårgatan 1' }),
    street_address2: Text({ max }),
    postal_code: Text({ max: 10, example: '12345' }),
    city: Text({ max: limits.place, example: 'Ankeborg' }),
    region: Text({ max: limits.place, description: 'State or region; Klarna asks for it in the US and in Australia' }),
    country: Text({
      ...(limits.country === undefined ? {} : { pattern: limits.country }),
      description: 'ISO 3166 alpha-2',
      example: 'SE',
    }),
    organization_name: Text({ max: limits.organization, description: 'For business customers' }),
    attention: Text({ max: limits.organization, description: 'Person at the organization' }),
  };
}
