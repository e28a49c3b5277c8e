import type { JsonObject } from '../json.js';
import { size, sum } from './arithmetic.js';
import { finding, numberOf, type Finding } from './finding.js';
import { whole } from './line.js';
import type { CartFacts, JudgedLine, LineAmounts } from './line-rules.js';

/** The amount that the lines add up to, by what the cart is. */
export const AMOUNTS = ['order_amount', 'captured_amount', 'refunded_amount'] as const;
export type AmountName = (typeof AMOUNTS)[number];

export interface JudgedSums {
  findings: Finding[];
  /** `order_amount` (or `captured_amount`, `refunded_amount`) and `order_tax_amount` of the corrected lines; null when they can't be computed. */
  corrected: Record<string, number | null> | null;
}

/** Which amount a body names; null for one without, such as a change of a session's lines alone. */
export function amountNameIn(cart: JsonObject): AmountName | null {
  return AMOUNTS.find((name) => (cart[name] ?? null) !== null) ?? null;
}

/**
 * Judges what the lines of a cart add up to. Pure.
 * @param firm whether the API is known to compare the sum of the lines with the amount
 */
export function judgeSums(
  cart: JsonObject,
  lines: readonly JsonObject[],
  judged: readonly JudgedLine[],
  facts: CartFacts,
  firm: boolean,
): JudgedSums {
  const asJudged = allOf(judged, (line) => line.amounts);
  const asCorrected = allOf(judged, (line) => line.correctedAmounts);
  if (asJudged === null || asCorrected === null) return { findings: [], corrected: null };
  const amountName = amountNameIn(cart);
  const findings = [
    ...(amountName === null ? [] : amount(cart, amountName, asJudged, lines, firm)),
    ...taxes(cart, asJudged, lines, facts),
    ...salesTaxMissing(lines, facts),
  ];
  const corrected: Record<string, number | null> = { [amountName ?? 'order_amount']: numberOf(sum(asCorrected.map(({ total }) => total))) };
  if ((cart['order_tax_amount'] ?? null) !== null || amountName === 'order_amount') {
    corrected['order_tax_amount'] = numberOf(taxOf(asCorrected, lines, facts));
  }
  return { findings, corrected };
}

function amount(
  cart: JsonObject,
  name: AmountName,
  amounts: readonly LineAmounts[],
  lines: readonly JsonObject[],
  firm: boolean,
): Finding[] {
  const given = whole(cart[name]);
  const expected = sum(amounts.map(({ total }) => total));
  // No line says nothing about what is captured, refunded or authorized.
  if (given === null || given === expected || (!firm && lines.length === 0)) return [];
  if (firm) return [finding({ field: name, code: 'sum_of_lines', given, expected })];
  const level = lines.some(({ type }) => type === 'return_fee') ? 'error' : 'warning';
  return [finding({ field: name, code: 'sum_of_part', level, given, expected })];
}

function taxes(cart: JsonObject, amounts: readonly LineAmounts[], lines: readonly JsonObject[], facts: CartFacts): Finding[] {
  const field = 'order_tax_amount';
  const given = whole(cart[field]);
  if (given === null) return [];
  const expected = taxOf(amounts, lines, facts);
  if (given === expected) return [];
  if (facts.taxIsALine) return [finding({ field, code: 'sum_of_sales_tax', given, expected })];
  const items = sum(lines.map((line) => whole(line['quantity']) ?? 0n));
  const most = items > BigInt(lines.length) ? items : BigInt(lines.length);
  const level = size(given - expected) > most ? 'error' : 'warning';
  return [finding({ field, code: 'sum_of_taxes', level, given, expected })];
}

function salesTaxMissing(lines: readonly JsonObject[], { taxIsALine, country }: CartFacts): Finding[] {
  const carriesTax = (line: JsonObject) => [line['tax_rate'], line['total_tax_amount']].some((value) => (whole(value) ?? 0n) !== 0n);
  if (country !== 'US' || taxIsALine || !lines.some(carriesTax)) return [];
  return [finding({ field: 'order_lines', code: 'sales_tax_missing', level: 'warning' })];
}

function taxOf(amounts: readonly LineAmounts[], lines: readonly JsonObject[], { taxIsALine }: CartFacts): bigint {
  if (!taxIsALine) return sum(amounts.map(({ tax }) => tax));
  return sum(amounts.filter((_, index) => lines[index]?.['type'] === 'sales_tax').map(({ total }) => total));
}

function allOf(judged: readonly JudgedLine[], read: (line: JudgedLine) => LineAmounts | null): LineAmounts[] | null {
  const amounts = judged.map(read);
  return amounts.includes(null) ? null : amounts.filter((each) => each !== null);
}
