import { describe, expect, it } from '@jest/globals';
import { orderSnapshotIn, type OrderSnapshot } from '../orders/order-snapshot.js';
import { isCancelled, isReleased } from './reached-states.js';

const NOW = new Date('2026-11-20T10:00:00Z');

function order(given: Record<string, unknown>): OrderSnapshot {
  const shown = {
    ...{
      status: 'PART_CAPTURED',
      order_amount: 10_000,
      captured_amount: 4_000,
      remaining_authorized_amount: 0,
      expires_at: '2026-12-18T00:00:00Z',
    },
    ...given,
  };
  const snapshot = orderSnapshotIn(Buffer.from(JSON.stringify(shown)));
  if (snapshot === undefined) throw new Error('no order');
  return snapshot;
}

describe('isReleased', () => {
  it.each(['CAPTURED', 'CLOSED', 'PART_CAPTURED'])('sees a release in %s with part captured and nothing left', (status) => {
    expect(isReleased(order({ status }), NOW)).toBe(true);
  });

  it.each([
    ['something remains', { remaining_authorized_amount: 6_000 }],
    ['everything was captured', { status: 'CAPTURED', captured_amount: 10_000 }],
    ['it was cancelled', { status: 'CANCELLED', captured_amount: 0 }],
    ['it expired', { status: 'EXPIRED' }],
    ['its time was over, whatever it is called', { expires_at: '2026-11-20T10:00:00Z' }],
    ['nothing was captured', { status: 'AUTHORIZED', captured_amount: 0 }],
  ])('sees none when %s', (_, given) => {
    expect(isReleased(order(given), NOW)).toBe(false);
  });

  it('can not tell without the amounts', () => {
    expect(isReleased(order({ remaining_authorized_amount: undefined }), NOW)).toBeUndefined();
    expect(isReleased(order({ captured_amount: '4000' }), NOW)).toBeUndefined();
  });
});

describe('isCancelled', () => {
  it('goes by the status alone', () => {
    expect(isCancelled(order({ status: 'CANCELLED' }))).toBe(true);
    expect(isCancelled(order({ status: 'EXPIRED' }))).toBe(false);
  });
});
