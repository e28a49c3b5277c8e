/**
 * The arithmetic of order lines, in whole numbers without bounds: quantity times price can be more than a number holds exactly.
 * Amounts are minor units and include tax; a rate is percent with two implied decimals (2500 is 25 %).
 */

/** 100 % as a rate. */
const WHOLE = 10_000n;
/** A rate that takes everything away or more: there is no tax to compute from it. */
const IMPOSSIBLE_RATE = -WHOLE;

/** What a line comes to. @see Payments API v1, `order_lines[].total_amount` */
export function lineTotal(quantity: bigint, unitPrice: bigint, discount: bigint): bigint {
  return quantity * unitPrice - discount;
}

/** Whether a tax can be computed with this rate at all. */
export function isRate(rate: bigint): boolean {
  return rate > IMPOSSIBLE_RATE;
}

/**
 * The tax that a total includes: total − total × 10000 / (10000 + rate), rounded half up by its size, so that a discount carries exactly the
 * negative of what a line of the same size carries.
 * @throws RangeError when `isRate` is false
 */
export function taxIn(total: bigint, rate: bigint): bigint {
  const divisor = divisorOf(rate);
  const parts = total * rate;
  const rounded = (2n * size(parts) + divisor) / (2n * divisor);
  return parts < 0n ? -rounded : rounded;
}

/**
 * Whether Klarna accepts a tax: within one minor unit of the exact value, which no rounding is part of.
 * @throws RangeError when `isRate` is false
 * @see Payments API v1, `order_lines[].total_tax_amount`
 */
export function taxFits(total: bigint, rate: bigint, tax: bigint): boolean {
  const divisor = divisorOf(rate);
  return size(tax * divisor - total * rate) <= divisor;
}

/** The tax that comes on top of an amount without tax, rounded half up by its size: what a mistaken line shows. */
export function taxOnTop(net: bigint, rate: bigint): bigint {
  const rounded = (2n * size(net * rate) + WHOLE) / (2n * WHOLE);
  return net * rate < 0n ? -rounded : rounded;
}

export function sum(amounts: readonly bigint[]): bigint {
  return amounts.reduce((total, amount) => total + amount, 0n);
}

/** How large a number is, whatever its sign. */
export function size(value: bigint): bigint {
  return value < 0n ? -value : value;
}

function divisorOf(rate: bigint): bigint {
  if (!isRate(rate)) throw new RangeError(`No tax has the rate ${rate}`);
  return WHOLE + rate;
}
