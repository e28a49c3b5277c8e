/** The rules, each in plain words. A finding names its rule by the key. */
export const RULES = {
  form: 'A field has the type, range, length or word that the document of this API says.',
  line_total: 'total_amount is quantity × unit_price − total_discount_amount.',
  line_tax:
    'total_tax_amount is within 1 of total_amount − total_amount × 10000 / (10000 + tax_rate); what is left out counts as 0. Prices include tax. Compute it line by line, in whole numbers, rounded half up.',
  rate_scale: 'tax_rate is percent with two implied decimals: 25 % is 2500.',
  rate_range: 'tax_rate is from 0 to 10000 (100 %).',
  credit_sign:
    'A discount, gift card or store credit line lowers what the shopper pays: its unit_price, total_amount and total_tax_amount are not positive.',
  credit_tax: 'A gift card or store credit is a way to pay, not a price: its line carries no tax.',
  sales_tax_apart: 'Where tax is a line of its own (type sales_tax, as in the US), no line has a tax_rate or a total_tax_amount.',
  sales_tax_name: 'A sales_tax line is called "Tax" or "Sales Tax".',
  sales_tax_missing: 'In the US tax is a line of its own (type sales_tax), and the other lines carry none.',
  return_fee_place: 'A return_fee line is for refunds alone.',
  return_fee_sign: 'A return_fee line is taken off what goes back: its total_amount is negative.',
  return_fee_market: 'Return fees exist in AT, AU, CZ, DE, DK, ES, FI, FR, GR, IE, IT, NL, NO, PT and SE.',
  unknown_type:
    'The types of lines are physical, discount, shipping_fee, sales_tax, digital, gift_card, store_credit and surcharge; what Klarna does with another word is not documented.',
  sum_of_lines: 'order_amount is the sum of the total_amount of all lines, a sales_tax line included.',
  sum_of_part:
    'The lines of a capture, a refund or a changed authorization add up to its amount. Whether Klarna checks it is not documented, except for refunds with a return_fee line, which have to match exactly.',
  sum_of_taxes:
    'order_tax_amount is the sum of the total_tax_amount of all lines. Klarna tolerates a few minor units (one per line or per item: not documented which); do not compute it from order_amount.',
  sum_of_sales_tax: 'Where tax is a line of its own, order_tax_amount is exactly the sum of the sales_tax lines.',
} as const;

export type RuleName = keyof typeof RULES;

/** One thing that is wrong, or that may be. Amounts are minor units. */
export interface Finding {
  /** As Klarna writes it: `order_lines[2].total_tax_amount`. */
  field: string;
  code: RuleName;
  /** error: against what Klarna documents. warning: Klarna may accept it, or no document says. */
  level: 'error' | 'warning';
  /** What was sent; null when it was left out. Shown where it is a number, looks like one, or is a word of a closed list, never other texts. */
  given: number | string | null;
  /** What it should be; null where only the sender can know. */
  expected: number | null;
  /** Minor units: given − expected, where what may be left out counts as 0. */
  off_by: number | null;
  /** The rule in plain words. */
  rule: string;
  /** What it looks like, when it looks like a well-known mistake. */
  hint: string | null;
}

interface What {
  field: string;
  code: RuleName;
  level?: Finding['level'];
  given?: bigint | number | string | null;
  expected?: bigint | null;
  /** Of `form`: what the field has to be. */
  rule?: string;
  hint?: string | null;
  /** The numbers are amounts, so that their difference says something. */
  amounts?: boolean;
  /** An amount that Klarna takes for 0 when it is not there. */
  leftOutIsZero?: boolean;
}

export function finding(what: What): Finding {
  const { field, code, level = 'error', given = null, expected = null, rule, hint = null, amounts = true, leftOutIsZero = false } = what;
  const counted = given === null && leftOutIsZero ? 0n : given;
  const difference = amounts && expected !== null && typeof counted === 'bigint' ? counted - expected : null;
  return {
    field,
    code,
    level,
    given: typeof given === 'bigint' ? numberOf(given) : given,
    expected: expected === null ? null : numberOf(expected),
    off_by: difference === null ? null : numberOf(difference),
    rule: rule ?? RULES[code],
    hint,
  };
}

/** Null where a number could not say it exactly. */
export function numberOf(value: bigint): number | null {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : null;
}
