import { describe, expect, it } from '@jest/globals';
import { eventsOf } from './published-events.js';
import type { OrderState } from './stored-order.js';

const T0 = new Date('2026-11-20T09:00:00Z');
const READ_AT = new Date('2026-11-20T10:00:00Z');
const assessed = (fraudStatus: string | null): OrderState => ({
  ...{ dataSubject: 's', status: 'AUTHORIZED', fraudStatus, currency: 'SEK', orderAmount: 10_000, originalOrderAmount: 10_000 },
  ...{ capturedAmount: 0, refundedAmount: 0, remainingAuthorizedAmount: 10_000, expiresAt: null, klarnaReference: null },
  ...{ merchantReference1: null, merchantReference2: null, anomaly: null, flaggedDifferences: null, origin: 'created' },
  ...{ createdAt: T0, updatedAt: T0, learnedAt: T0, movedElsewhereAt: null, readAt: READ_AT, refreshAt: null, compareAt: null },
});
const toldOf = (before: OrderState | null, after: OrderState) =>
  eventsOf({ order: { id: 'o', merchantId: 'm', providerOrderId: 'k' }, before, after, entries: [] }).events;

describe('a decision on fraud', () => {
  it.each<[from: string | null, to: string | null, told: string[]]>([
    ['PENDING', 'ACCEPTED', ['order.fraud.accepted']],
    ['PENDING', 'REJECTED', ['order.fraud.rejected']],
    ['ACCEPTED', 'REJECTED', ['order.fraud.rejected']],
    ['REJECTED', 'ACCEPTED', ['order.fraud.accepted']],
    ['ODD', 'REJECTED', ['order.fraud.rejected']],
    // As it was.
    ['PENDING', 'PENDING', []],
    ['ACCEPTED', 'ACCEPTED', []],
    ['REJECTED', 'REJECTED', []],
    // No decision.
    ['ACCEPTED', 'PENDING', []],
    ['REJECTED', null, []],
    ['ACCEPTED', 'ODD', []],
    // It was not known before: nothing was decided anew.
    [null, 'ACCEPTED', []],
    [null, 'REJECTED', []],
  ])('%s, then %s', (from, to, told) => {
    expect(toldOf(assessed(from), assessed(to)).map(({ type }) => type)).toEqual(told);
  });

  it('of an order that was not there before is in its `order.created`', () => {
    expect(toldOf(null, assessed('REJECTED'))).toEqual([]);
  });

  it('says what the order shows now, and when that was learned', () => {
    expect(toldOf(assessed('ACCEPTED'), { ...assessed('REJECTED'), status: 'PART_CAPTURED' })).toEqual([
      {
        ...{ merchantId: 'm', subject: 'o', orderId: 'o', providerOrderId: 'k', operationId: null },
        ...{ type: 'order.fraud.rejected', at: READ_AT, data: { fraud_status: 'REJECTED', status: 'PART_CAPTURED' } },
      },
    ]);
  });
});
