import type { JsonObject } from '../json.js';

/** A shopper to prefill the checkout with, per purchase country: given name, family name, street, postal code, city, phone, region. */
const SHOPPERS: Record<string, readonly [string, string, string, string, string, string, string?]> = {
  AT: ['Anna', 'Gruber', 'Lindengasse 12', '1070', 'Wien', '+43660123456'],
  AU: ['Olivia', 'Taylor', '12 Harbour Lane', '2000', 'Sydney', '+61400123456', 'NSW'],
  BE: ['Emma', 'Peeters', 'Kerkstraat 8', '1000', 'Brussel', '+32470123456'],
  CH: ['Lea', 'Keller', 'Seestrasse 4', '8001', 'Zürich', '+41791234567'],
  DE: ['Lena', 'Hoffmann', 'Gartenweg 7', '10115', 'Berlin', '+491701234567'],
  DK: ['Freja', 'Nielsen', 'Havnegade 3', '1058', 'København', '+4520123456'],
  ES: ['Lucía', 'García', 'Calle Mayor 5', '28013', 'Madrid', '+34612345678'],
  FI: ['Aino', 'Virtanen', 'Puistokatu 9', '00140', 'Helsinki', '+358401234567'],
  FR: ['Camille', 'Martin', '14 rue des Fleurs', '75006', 'Paris', '+33612345678'],
  GB: ['Amelia', 'Clarke', '21 Orchard Road', 'SW1A 2AA', 'London', '+447700900123'],
  IT: ['Giulia', 'Rossi', 'Via Roma 10', '00184', 'Roma', '+393331234567'],
  NL: ['Sanne', 'de Vries', 'Keizersgracht 5', '1015 CN', 'Amsterdam', '+31612345678'],
  NO: ['Nora', 'Hansen', 'Storgata 2', '0155', 'Oslo', '+4740123456'],
  SE: ['Alva', 'Lindström', 'Storgatan 14', '111 51', 'Stockholm', '+46701234567'],
  US: ['Maya', 'Carter', '48 Maple Street', '10012', 'New York', '+12125550123', 'US-NY'],
};

/** A made-up billing address in a country, in the form of Payments v1. */
export function sampleAddress(country: string): JsonObject {
  const code = country.toUpperCase();
  const [given_name, family_name, street_address, postal_code, city, phone, region] = SHOPPERS[code] ?? SHOPPERS.GB!;
  return {
    given_name,
    family_name,
    email: `shopper@example.com`,
    phone,
    street_address,
    postal_code,
    city,
    ...(region !== undefined && { region }),
    country: code,
  };
}
