import type { JsonObject } from '../json.js';
/** A JSON object as it came. */

/** What the arithmetic of a line needs of it, in minor units; null where it was left out or is no whole number. */
export interface LineNumbers {
  type: string;
  quantity: bigint;
  unitPrice: bigint;
  discount: bigint;
  /** Left out: 0. */
  rate: bigint;
  total: bigint | null;
  tax: bigint | null;
  /** There is a tax, and it is no whole number: a finding of the form. */
  taxUnreadable: boolean;
}

/** @returns null when what everything is computed from is not there or no whole number */
export function numbersIn(line: JsonObject): LineNumbers | null {
  const quantity = whole(line['quantity']);
  const unitPrice = whole(line['unit_price']);
  const discount = whole(line['total_discount_amount'] ?? 0);
  const rate = whole(line['tax_rate'] ?? 0);
  if (quantity === null || unitPrice === null || discount === null || rate === null) return null;
  const { type } = line;
  const tax = whole(line['total_tax_amount']);
  return {
    type: typeof type === 'string' ? type : 'physical',
    quantity,
    unitPrice,
    discount,
    rate,
    total: whole(line['total_amount']),
    tax,
    taxUnreadable: tax === null && (line['total_tax_amount'] ?? null) !== null,
  };
}

export function whole(value: unknown): bigint | null {
  return typeof value === 'number' && Number.isSafeInteger(value) ? BigInt(value) : null;
}
