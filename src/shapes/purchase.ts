import type { FieldOptions } from '../http/fields.js';

/** What the fields of a purchase mean, wherever Klarna's APIs have them. Limits differ, and stand with each API. */
export const PURCHASE = {
  purchase_country: {
    description: 'Country of the sale, ISO 3166 alpha-2: it decides which ways to pay there are',
    example: 'SE',
  },
  purchase_currency: { description: 'ISO 4217; every amount of the purchase is in minor units of it', example: 'SEK' },
  locale: { description: 'Language and country of the texts that the shopper sees, such as sv-SE', example: 'en-SE' },
  order_amount: { description: 'What the shopper pays: the sum of the lines, in minor units (10000 is SEK 100.00)', example: 10_000 },
  order_tax_amount: { description: 'Tax of the whole order: the sum of the taxes of the lines, in minor units', example: 2_000 },
  order_lines: { description: 'What is bought: articles, shipping, discounts. Their total_amount add up to order_amount' },
  merchant_reference1: { description: 'Your number for the order; shown to the shopper, and in settlement files' },
  merchant_reference2: { description: 'A second number of yours for the order; comes back in reads and in settlement files' },
  merchant_data: { description: 'Yours, in any form: kept by Klarna and given back in reads' },
  merchant_urls: { description: 'Where Klarna sends the shopper, and where it calls you' },
  shipping_address: { description: 'Where the goods go, when that is not the billing address' },
  attachment: { description: 'Further facts about the purchase that Klarna has asked you for, such as the dates of a journey' },
  auto_capture: { description: 'Capture the whole order at once; only for what is handed over at once' },
} as const satisfies Record<string, FieldOptions>;
