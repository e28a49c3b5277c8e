import type { ValueTransformer } from 'typeorm';

/** An amount that is not a whole number of minor units JavaScript can hold exactly. It is a fault of ours: callers' amounts are judged earlier. */
export class NotMinorUnits extends Error {
  override readonly name = 'NotMinorUnits';

  constructor(given: unknown) {
    super(`Not whole minor units within ±(2^53-1): ${typeof given} ${String(given)}`);
  }
}

/**
 * Reads whole minor units (öre, cents) of a bigint column, which Postgres hands over as text.
 * @throws NotMinorUnits on fractions, other text, and beyond 2^53-1, where numbers begin to skip
 */
export function minorUnitsOf(value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value === 0 ? 0 : value;
  if (typeof value === 'bigint' || (typeof value === 'string' && /^-?\d{1,19}$/.test(value))) {
    const amount = Number(value);
    if (Number.isSafeInteger(amount)) return amount === 0 ? 0 : amount;
  }
  throw new NotMinorUnits(value);
}

/** The one way between a bigint column and a number of minor units; nothing else parses money. */
export const minorUnits: ValueTransformer = {
  from: (value: unknown) => (value === null || value === undefined ? value : minorUnitsOf(value)),
  // Query conditions come through here too, as TypeORM's own operators, which are not amounts.
  to: (value: unknown) =>
    typeof value === 'number' || typeof value === 'string' || typeof value === 'bigint' ? minorUnitsOf(value) : value,
};

/** Adds amounts of one currency. @throws NotMinorUnits when the sum, or one of them, can't be held exactly */
export function sum(amounts: Iterable<number>): number {
  let total = 0;
  for (const amount of amounts) total = minorUnitsOf(total + minorUnitsOf(amount));
  return total;
}
