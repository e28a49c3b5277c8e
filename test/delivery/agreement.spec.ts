import { describe, expect, it } from '@jest/globals';
import { pathToFileURL } from 'node:url';
import { join } from 'node:path';

interface Agreement {
  pictureOfLedger: (order: unknown, summary: unknown) => Picture;
  differences: (one: unknown, other: unknown, names: [string, string]) => string[];
}
interface Picture {
  order: Record<string, unknown>;
  captures: { id: string; amount: number; key: string }[];
  effects: Record<string, number>;
}

const script = pathToFileURL(join(import.meta.dirname, '..', '..', 'scripts', 'demo', 'agreement.mjs')).href;
const { pictureOfLedger, differences } = (await import(script)) as Agreement;

const NAMES: [string, string] = ['ledger', 'Postgres'];
const capture = { capture_id: 'c1', captured_amount: 4_000, reference: 'parcel-1', idempotency_key: 'k1' };
const amounts = { order_amount: 10_000, captured_amount: 4_000, refunded_amount: 0, remaining_authorized_amount: 6_000 };
const request = { method: 'POST', idempotency_key: 'k1', executed: true };

function picture(requests: unknown[] = [{ ...request, idempotency_key: null }, request, { ...request, executed: false }]): Picture {
  const order = { status: 'PART_CAPTURED', ...amounts, captures: [capture], refunds: [], requests };
  return pictureOfLedger(order, { orders: 1, captures: 1, refunds: 0 });
}

describe("the demo's comparison", () => {
  it('finds nothing when both sides are equal', () => {
    expect(differences(picture(), picture(), NAMES)).toEqual([]);
  });

  it('names an amount that differs by one minor unit', () => {
    const other = picture();
    other.order['captured_amount'] = 4_001;
    expect(differences(picture(), other, NAMES)).toEqual(['order.captured_amount: ledger has 4000, Postgres has 4001']);
  });

  it('names a capture that one side does not have', () => {
    const other = picture();
    const [one] = other.captures;
    other.captures = [];
    expect(differences(picture(), other, NAMES)).toEqual([`captures[0]: ledger has ${JSON.stringify(one)}, Postgres has undefined`]);
    expect(differences(other, picture(), NAMES)).toHaveLength(1);
  });

  it('counts what Klarna executed under each key, repeats and reads left out', () => {
    expect(picture().effects).toEqual({ 'create order': 1, k1: 1 });
    const twice = picture([{ ...request, idempotency_key: null }, request, request, { ...request, method: 'GET' }]);
    expect(differences(twice, picture(), NAMES)).toEqual(['effects.k1: ledger has 2, Postgres has 1']);
  });
});
