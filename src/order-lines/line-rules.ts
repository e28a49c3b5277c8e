import type { JsonObject } from '../json.js';
import { isRate, lineTotal, size, taxFits, taxIn, taxOnTop } from './arithmetic.js';
import { finding, numberOf, type Finding } from './finding.js';
import { numbersIn, type LineNumbers } from './line.js';

/** What holds for all lines of a cart. */
export interface CartFacts {
  /** There is a line of type `sales_tax`, so no line carries tax. */
  taxIsALine: boolean;
  /** The cart is a refund. */
  isRefund: boolean;
  /** ISO 3166 alpha-2 in capitals; null when the cart does not say. */
  country: string | null;
}

/** What a line adds to the sums, in minor units. */
export interface LineAmounts {
  total: bigint;
  tax: bigint;
}

export interface JudgedLine {
  findings: Finding[];
  /** The line as it should be; null when nothing of it can be corrected, or needs to be. */
  corrected: JsonObject | null;
  /** As Klarna will add it up: corrected where it is in error. Null when it can't be computed. */
  amounts: LineAmounts | null;
  /** Of the corrected line. */
  correctedAmounts: LineAmounts | null;
}

/** Ways to lower what the shopper pays. */
const CREDITS = new Set(['discount', 'gift_card', 'store_credit']);
/** Ways to pay. */
const PREPAID = new Set(['gift_card', 'store_credit']);
const TAX_NAMES = new Set(['tax', 'sales tax']);
const RETURN_FEE_MARKETS = new Set(['AT', 'AU', 'CZ', 'DE', 'DK', 'ES', 'FI', 'FR', 'GR', 'IE', 'IT', 'NL', 'NO', 'PT', 'SE']);

/**
 * Judges the arithmetic of one line: its total, its sign, its tax. Pure.
 * @param path of the line: `order_lines[0]`
 */
export function judgeLine(line: JsonObject, path: string, facts: CartFacts): JudgedLine {
  const numbers = numbersIn(line);
  const words = wordsOf(line, path, facts);
  if (numbers === null) return { findings: words, corrected: null, amounts: null, correctedAmounts: null };
  const fixed = corrected(numbers, facts);
  const findings = [...words, ...signs(numbers, fixed, path), ...total(numbers, fixed, path), ...tax(numbers, fixed, path, facts)];
  const inError = findings.some(({ level }) => level === 'error');
  const correctedAmounts = { total: fixed.total, tax: fixed.tax };
  const amounts = inError || numbers.total === null ? correctedAmounts : { total: numbers.total, tax: numbers.tax ?? 0n };
  return { findings, corrected: written(line, numbers, fixed), amounts, correctedAmounts };
}

type Fixed = Omit<LineNumbers, 'total' | 'tax'> & LineAmounts;

/** The line as it should be, from what its sender surely knows: quantity, price, discount, rate. A tax that Klarna accepts stays. */
function corrected(numbers: LineNumbers, facts: CartFacts): Fixed {
  const { quantity, discount } = numbers;
  const charges = CREDITS.has(numbers.type) && lineTotal(quantity, numbers.unitPrice, discount) > 0n;
  const unitPrice = charges ? -numbers.unitPrice : numbers.unitPrice;
  const total = lineTotal(quantity, unitPrice, discount);
  const untaxed = facts.taxIsALine || PREPAID.has(numbers.type);
  const rate = untaxed ? 0n : (scaledRate(numbers, total) ?? numbers.rate);
  const given = numbers.tax ?? 0n;
  // Without a rate that makes sense there is nothing to compute; the rate itself is a finding of the form.
  const tax = untaxed ? 0n : !isRate(rate) || taxFits(total, rate, given) ? given : taxIn(total, rate);
  return { ...numbers, unitPrice, total, rate, tax };
}

function signs({ type, unitPrice, total }: LineNumbers, fixed: Fixed, path: string): Finding[] {
  if (type === 'return_fee' && total !== null && total >= 0n) {
    return [finding({ field: `${path}.total_amount`, code: 'return_fee_sign', given: total })];
  }
  if (unitPrice === fixed.unitPrice) return [];
  return [finding({ field: `${path}.unit_price`, code: 'credit_sign', given: unitPrice, expected: fixed.unitPrice })];
}

function total(numbers: LineNumbers, fixed: Fixed, path: string): Finding[] {
  // What is no whole number is a finding of the form.
  if (numbers.total === null || numbers.total === fixed.total) return [];
  const net = lineTotal(numbers.quantity, numbers.unitPrice, numbers.discount);
  const withTax = isRate(numbers.rate) && numbers.rate > 0n ? net + taxOnTop(net, numbers.rate) : null;
  const hint =
    withTax !== null && near(numbers.total, withTax)
      ? 'It is the total with tax on top: unit_price seems to be without tax, and has to include it.'
      : null;
  return [finding({ field: `${path}.total_amount`, code: 'line_total', given: numbers.total, expected: fixed.total, hint })];
}

function tax(numbers: LineNumbers, fixed: Fixed, path: string, { taxIsALine }: CartFacts): Finding[] {
  const field = `${path}.total_tax_amount`;
  const given = numbers.tax;
  if (taxIsALine || PREPAID.has(numbers.type)) {
    const code = taxIsALine ? 'sales_tax_apart' : 'credit_tax';
    // A sample of Klarna's has tax on a gift card: as long as it fits its rate, Klarna may take it.
    const level = taxIsALine || !fits(numbers) ? 'error' : 'warning';
    const rate =
      numbers.rate === 0n ? [] : [finding({ field: `${path}.tax_rate`, code, level, given: numbers.rate, expected: 0n, amounts: false })];
    return [...rate, ...((given ?? 0n) === 0n ? [] : [finding({ field, code, level, given, expected: 0n })])];
  }
  if (!isRate(fixed.rate)) return [];
  if (fixed.rate !== numbers.rate) {
    const { rate: expected } = fixed;
    return [finding({ field: `${path}.tax_rate`, code: 'rate_scale', given: numbers.rate, expected, amounts: false })];
  }
  if (numbers.taxUnreadable || taxFits(fixed.total, fixed.rate, given ?? 0n)) return [];
  const hint = taxHint(numbers, fixed);
  return [finding({ field, code: 'line_tax', given, expected: fixed.tax, hint, leftOutIsZero: true })];
}

function taxHint({ tax, total, rate }: LineNumbers, fixed: Fixed): string | null {
  if (tax === null) return rate === 0n ? null : 'It was left out.';
  if (rate === 0n) return 'There is no tax_rate.';
  if (near(tax, taxOnTop(fixed.total, rate))) return 'It is the tax on top of total_amount; total_amount includes it already.';
  if (total !== null && total !== fixed.total && taxFits(total, rate, tax))
    return 'It belongs to the total_amount that was sent, which is wrong.';
  return tax === -fixed.tax ? 'It has the wrong sign.' : null;
}

/** Rules about words: where a type may stand, what a line is called. */
function wordsOf({ type, name }: JsonObject, path: string, { isRefund, country }: CartFacts): Finding[] {
  if (type === 'sales_tax' && typeof name === 'string' && !TAX_NAMES.has(name.toLowerCase())) {
    return [finding({ field: `${path}.name`, code: 'sales_tax_name', level: 'warning' })];
  }
  if (type !== 'return_fee') return [];
  const field = `${path}.type`;
  if (!isRefund) return [finding({ field, code: 'return_fee_place', given: type })];
  return country === null || RETURN_FEE_MARKETS.has(country) ? [] : [finding({ field, code: 'return_fee_market', given: type })];
}

/** The line with its corrected numbers in the place of its own; null when it is right as it is. */
function written(line: JsonObject, numbers: LineNumbers, fixed: Fixed): JsonObject | null {
  const changes: [string, bigint][] = [];
  if (fixed.unitPrice !== numbers.unitPrice) changes.push(['unit_price', fixed.unitPrice]);
  if (fixed.rate !== numbers.rate) changes.push(['tax_rate', fixed.rate]);
  if (fixed.total !== numbers.total) changes.push(['total_amount', fixed.total]);
  if (fixed.tax !== (numbers.tax ?? 0n) || numbers.taxUnreadable) changes.push(['total_tax_amount', fixed.tax]);
  if (changes.length === 0) return null;
  const values = changes.map(([name, value]) => [name, numberOf(value)] as const);
  return values.some(([, value]) => value === null) ? null : { ...line, ...Object.fromEntries(values) };
}

/** The rate in hundredths of a percent, when it was clearly given in percent: the tax fits it then, and does not fit it as it is. */
function scaledRate({ rate, tax }: LineNumbers, total: bigint): bigint | null {
  if (tax === null || rate < 1n || rate > 100n || taxFits(total, rate, tax)) return null;
  return taxFits(total, rate * 100n, tax) ? rate * 100n : null;
}

function fits({ total, rate, tax }: LineNumbers): boolean {
  return total !== null && isRate(rate) && taxFits(total, rate, tax ?? 0n);
}

function near(one: bigint, other: bigint): boolean {
  return size(one - other) <= 1n;
}
