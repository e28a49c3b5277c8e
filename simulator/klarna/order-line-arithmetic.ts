import type { Problem } from './fields.js';
import type { OrderLine } from './model.js';

/**
 * Whether a line's tax is within one minor unit of `total - total * 10000 / (10000 + rate)`.
 * In whole numbers: |tax * (10000 + rate) - total * rate| <= 10000 + rate.
 * @param total the line's total in minor units, tax included
 * @param rate percent with two implied decimals: 2500 is 25 %
 * @see Payments API v1, `order_lines[].total_tax_amount`
 */
export function taxFits(total: number, rate: number, tax: number): boolean {
  const divisor = 10_000n + BigInt(rate);
  const miss = BigInt(tax) * divisor - BigInt(total) * BigInt(rate);
  return (miss < 0n ? -miss : miss) <= divisor;
}

/** Types whose total lowers what the shopper pays. */
const CREDITS = new Set(['discount', 'gift_card', 'store_credit']);

/**
 * The arithmetic of each line: its total, its sign, its tax.
 * @returns a problem per field that does not fit; the lines have already passed their documented form
 */
export function lineProblems(lines: OrderLine[]): Problem[] {
  const problems: Problem[] = [];
  const taxIsALine = lines.some((line) => line.type === 'sales_tax');
  lines.forEach((line, index) => {
    const refuse = (field: string) => problems.push({ path: `order_lines[${index}].${field}`, reason: 'value' });
    const total = BigInt(line.quantity) * BigInt(line.unit_price) - BigInt(line.total_discount_amount ?? 0);
    if (total !== BigInt(line.total_amount) || (CREDITS.has(line.type ?? '') && line.total_amount > 0)) refuse('total_amount');
    else if (taxIsALine) {
      // The US way: tax is a line of its own, so no line carries a rate or a tax.
      if ((line.tax_rate ?? 0) !== 0) refuse('tax_rate');
      if ((line.total_tax_amount ?? 0) !== 0) refuse('total_tax_amount');
    } else if (!taxFits(line.total_amount, line.tax_rate ?? 0, line.total_tax_amount ?? 0)) refuse('total_tax_amount');
  });
  return problems;
}

/** How far `order_tax_amount` may be from the sum of the lines: one per line, one per item, or not at all. */
export type TaxTolerance = 'lines' | 'quantity' | 'exact';

/** The tax that the lines add up to, in minor units: the `sales_tax` lines when there are any, else the taxes on the lines. */
export function taxOfLines(lines: OrderLine[]): number {
  const taxLines = lines.filter((line) => line.type === 'sales_tax');
  if (taxLines.length > 0) return taxLines.reduce((sum, line) => sum + line.total_amount, 0);
  return lines.reduce((sum, line) => sum + (line.total_tax_amount ?? 0), 0);
}

/** The sum of the lines' totals in minor units. */
export function totalOfLines(lines: OrderLine[]): number {
  return lines.reduce((sum, line) => sum + line.total_amount, 0);
}

/** The arithmetic of a whole cart: every line, then `order_amount`, then `order_tax_amount` (when given). */
export function cartProblems(
  cart: { order_amount: number; order_tax_amount?: number; order_lines: OrderLine[] },
  tolerance: TaxTolerance,
): Problem[] {
  const problems = lineProblems(cart.order_lines);
  if (totalOfLines(cart.order_lines) !== cart.order_amount) problems.push({ path: 'order_amount', reason: 'value' });
  if (cart.order_tax_amount !== undefined) {
    const miss = Math.abs(taxOfLines(cart.order_lines) - cart.order_tax_amount);
    const items = cart.order_lines.reduce((sum, line) => sum + line.quantity, 0);
    const exact = tolerance === 'exact' || cart.order_lines.some((line) => line.type === 'sales_tax');
    const allowed = exact ? 0 : tolerance === 'lines' ? cart.order_lines.length : items;
    if (miss > allowed) problems.push({ path: 'order_tax_amount', reason: 'value' });
  }
  return problems;
}
