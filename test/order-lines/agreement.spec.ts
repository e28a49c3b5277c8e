import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { OrderLine } from '../../simulator/klarna/model.js';
import { cartProblems } from '../../simulator/klarna/order-line-arithmetic.js';
import { taxIn } from '../../src/order-lines/arithmetic.js';
import { checkOrderLines } from '../../src/order-lines/check.js';

/** A little off, seldom. */
const slip = fc.oneof({ weight: 12, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.integer({ min: -3, max: 3 }) });
const CREDITS = ['discount', 'gift_card', 'store_credit'];

/** A line that is right but for a slip: in its total, its tax, its sign. */
const line = fc
  .record({
    type: fc.constantFrom('physical', 'physical', 'shipping_fee', 'digital', 'surcharge', ...CREDITS),
    quantity: fc.nat({ max: 5 }),
    price: fc.nat({ max: 50_000 }),
    rate: fc.constantFrom(0, 600, 700, 1_200, 1_900, 2_000, 2_500, 10_000),
    discount: fc.constantFrom(0, 0, 0, 1, 99),
    total: slip,
    tax: slip,
    wrongSign: fc.constantFrom(false, false, false, false, false, true),
    bare: fc.constantFrom(false, false, false, true),
  })
  .map(({ type, quantity, price, rate, discount, total: totalSlip, tax: taxSlip, wrongSign, bare }): OrderLine => {
    const unitPrice = CREDITS.includes(type) !== wrongSign ? -price : price;
    const total = quantity * unitPrice - discount;
    const tax = Number(taxIn(BigInt(total), BigInt(rate)));
    const always = {
      type,
      name: 'Thing',
      quantity,
      unit_price: unitPrice,
      total_discount_amount: discount,
      total_amount: total + totalSlip,
    };
    return bare ? always : { ...always, tax_rate: rate, total_tax_amount: tax + taxSlip };
  });

const taxLine = fc
  .nat({ max: 5_000 })
  .map((amount): OrderLine => ({ type: 'sales_tax', name: 'Tax', quantity: 1, unit_price: amount, total_amount: amount }));

const cart = fc
  .record({
    lines: fc.array(line, { minLength: 1, maxLength: 4 }),
    taxLines: fc.oneof(
      { weight: 4, arbitrary: fc.constant<OrderLine[]>([]) },
      { weight: 1, arbitrary: fc.array(taxLine, { minLength: 1, maxLength: 2 }) },
    ),
    amount: slip,
    tax: fc.oneof(slip, fc.integer({ min: -30, max: 30 })),
  })
  .map(({ lines, taxLines, amount, tax }) => {
    const all = [...lines, ...taxLines];
    const sum = (of: readonly OrderLine[], read: (each: OrderLine) => number) => of.reduce((total, each) => total + read(each), 0);
    const total = (each: OrderLine) => each.total_amount;
    const taxes = taxLines.length > 0 ? sum(taxLines, total) : sum(all, (each) => each.total_tax_amount ?? 0);
    return { order_lines: all, order_amount: sum(all, total) + amount, order_tax_amount: taxes + tax };
  })
  .filter(({ order_amount: amount, order_tax_amount: tax }) => amount >= 0 && tax >= 0);

describe('the check of order lines and Klarna, as the simulator has it', () => {
  it('accept and refuse the same carts', () => {
    const seen = { accepted: 0, refused: 0 };
    fc.assert(
      fc.property(cart, (body) => {
        // Which of the two tolerances is Klarna's own is not known: what one of them accepts is no error here.
        const accepted = cartProblems(body, 'lines').length === 0 || cartProblems(body, 'quantity').length === 0;
        seen[accepted ? 'accepted' : 'refused'] += 1;
        expect(checkOrderLines('payments', body).passes).toBe(accepted);
      }),
      { numRuns: 2_000 },
    );
    expect(Math.min(seen.accepted, seen.refused)).toBeGreaterThan(100);
  });

  it('accept a refused cart once it is corrected as told', () => {
    fc.assert(
      fc.property(cart, (body) => {
        const check = checkOrderLines('payments', body);
        const lines = body.order_lines.map((each, index) => ({ ...each, ...(check.lines[index]?.corrected as Partial<OrderLine> | null) }));
        expect(cartProblems({ ...body, ...check.corrected, order_lines: lines }, 'exact')).toEqual([]);
      }),
      { numRuns: 1_000 },
    );
  });
});
