import { describe, expect, it } from '@jest/globals';
import type { OrderLine } from './model.js';
import { cartProblems, taxFits } from './order-line-arithmetic.js';

const line = (total: number, rate: number, tax: number, more: Partial<OrderLine> = {}): OrderLine => ({
  name: 'Thing',
  quantity: 1,
  unit_price: total,
  tax_rate: rate,
  total_amount: total,
  total_tax_amount: tax,
  ...more,
});

const paths = (lines: OrderLine[], orderAmount: number, orderTax?: number, tolerance: 'lines' | 'quantity' | 'exact' = 'lines') =>
  cartProblems(
    { order_amount: orderAmount, order_lines: lines, ...(orderTax !== undefined && { order_tax_amount: orderTax }) },
    tolerance,
  ).map(({ path }) => path);

describe('the tax of a line', () => {
  it.each([
    [59500, 2000, 9917],
    [2900, 2000, 483],
    [50000, 1000, 4545],
    [2000, 2000, 333],
    [25000, 2500, 5000],
    [10000, 2500, 2000],
    [-1000, 2500, -200],
    [4000, 2000, 666],
    [59500, 2500, 11900],
    [2900, 2500, 580],
  ])('is accepted: total %d at rate %d with tax %d', (total, rate, tax) => {
    expect(taxFits(total, rate, tax)).toBe(true);
  });

  it.each([
    [50000, 1000, 5000],
    [495, 700, 41],
    [8000, 2500, 2000],
    [10000, 2500, 2002],
    [10000, 2500, 1998],
  ])('is refused: total %d at rate %d with tax %d', (total, rate, tax) => {
    expect(taxFits(total, rate, tax)).toBe(false);
  });

  it('may miss the exact value by one minor unit and no more', () => {
    expect([1999, 2000, 2001].every((tax) => taxFits(10000, 2500, tax))).toBe(true);
  });
});

describe('a cart', () => {
  it('adds up in the documented sample', () => {
    expect(paths([line(59500, 2000, 9917), line(2900, 2000, 483)], 62400, 10400)).toEqual([]);
  });

  it('names the line whose total is not quantity times price minus discount', () => {
    expect(paths([line(10000, 0, 0), line(2000, 2000, 333, { unit_price: 2500, total_discount_amount: 499 })], 12000)).toEqual([
      'order_lines[1].total_amount',
    ]);
    expect(paths([line(2000, 2000, 333, { unit_price: 2500, total_discount_amount: 500 })], 2000)).toEqual([]);
  });

  it('is exact where numbers no longer are', () => {
    const huge = line(200_000_000, 0, 0, { quantity: 9_007_199_254, unit_price: 1_000_001, total_discount_amount: 9_007_199_254 });
    expect(paths([huge], 200_000_000)).toEqual(['order_lines[0].total_amount']);
  });

  it('refuses an order amount that is not the sum of its lines', () => {
    expect(paths([line(10000, 0, 0)], 10001)).toEqual(['order_amount']);
  });

  it('refuses an order tax that is further from the lines than there are lines', () => {
    expect(paths([line(4000, 2000, 666)], 4000, 700)).toEqual(['order_tax_amount']);
    expect(paths([line(4000, 2000, 666)], 4000, 667)).toEqual([]);
    expect(paths([line(4000, 2000, 666)], 4000, 668)).toEqual(['order_tax_amount']);
  });

  it('tolerates one per item, or nothing, where the switch says so', () => {
    const threeItems = [line(3000, 2000, 500, { quantity: 3, unit_price: 1000 })];
    expect(paths(threeItems, 3000, 503, 'quantity')).toEqual([]);
    expect(paths(threeItems, 3000, 503, 'lines')).toEqual(['order_tax_amount']);
    expect(paths(threeItems, 3000, 501, 'exact')).toEqual(['order_tax_amount']);
  });

  it('takes US tax as a line of its own', () => {
    const us = [
      { name: 'Lamp', quantity: 2, unit_price: 10000, total_amount: 20000 },
      { name: 'Tax', type: 'sales_tax', quantity: 1, unit_price: 1000, total_amount: 1000 },
    ];
    expect(paths(us, 21000, 1000)).toEqual([]);
    expect(paths(us, 21000, 999)).toEqual(['order_tax_amount']);
    expect(paths([{ ...us[0]!, tax_rate: 500, total_tax_amount: 950 }, us[1]!], 21000, 1000)).toEqual([
      'order_lines[0].tax_rate',
      'order_lines[0].total_tax_amount',
    ]);
  });

  it('takes a discount as a negative line with negative tax, never as a positive one', () => {
    expect(paths([line(10000, 2500, 2000), line(-1000, 2500, -200, { type: 'discount' })], 9000, 1800)).toEqual([]);
    expect(paths([line(10000, 2500, 2000), line(1000, 2500, 200, { type: 'discount' })], 11000)).toEqual(['order_lines[1].total_amount']);
    expect(paths([line(10000, 2500, 2000), line(-2500, 0, 0, { type: 'gift_card' })], 7500, 2000)).toEqual([]);
  });
});
