import { describe, expect, it } from '@jest/globals';
import type { OrderState } from '../persistence/repositories/stored-order.js';
import { unknownOrder } from './order-picture.js';
import { nextComparison, nextRead, restMs } from './read-schedule.js';

const NOW = new Date('2026-11-20T10:00:00Z');
const in_ = (minutes: number) => new Date(NOW.getTime() + minutes * 60_000);
const order = (given: Partial<OrderState>): OrderState => ({ ...unknownOrder('s', NOW), ...given });

describe('nextRead', () => {
  it.each(['AUTHORIZED', 'PART_CAPTURED'])('comes a minute after an order that is %s expires', (status) => {
    expect(nextRead(order({ status, expiresAt: in_(600) }), false, NOW)).toEqual(in_(601));
  });

  it.each(['CAPTURED', 'CANCELLED', 'EXPIRED', 'CLOSED'])('has no reason while an order is %s', (status) => {
    expect(nextRead(order({ status, expiresAt: in_(600), fraudStatus: 'PENDING' }), false, NOW)).toBeNull();
  });

  it.each([
    [1, 15],
    [60, 60],
    [10_000, 1440],
  ])('becomes rarer while Klarna does not call an order expired (%i minutes over: in %i)', (over, wait) => {
    expect(nextRead(order({ status: 'AUTHORIZED', expiresAt: in_(-over) }), false, NOW)).toEqual(in_(wait));
  });

  it('comes soon while Klarna assesses the order', () => {
    expect(nextRead(order({ status: 'AUTHORIZED', expiresAt: in_(600), fraudStatus: 'PENDING' }), false, NOW)).toEqual(in_(15));
  });

  it('comes sooner while a capture waits to be explained', () => {
    expect(nextRead(order({ status: 'CAPTURED' }), true, NOW)).toEqual(in_(1));
  });
});

it('an account rests longer after each failure, never more than five minutes, and not all orders come back at once', () => {
  expect([1, 2, 3, 20].map((failures) => restMs(failures, 1))).toEqual([5_000, 10_000, 20_000, 300_000]);
  expect(restMs(3, 0)).toBe(10_000);
});

describe('nextComparison', () => {
  const DAY = 24 * 60;
  const next = (given: Partial<OrderState>, random = 0) => nextComparison(order(given), NOW, DAY * 60_000, random);

  it.each(['AUTHORIZED', 'PART_CAPTURED', null, 'SOMETHING_NEW'])('comes within the period while an order is %s, however old', (status) => {
    expect(next({ status, updatedAt: in_(-100 * DAY), createdAt: in_(-200 * DAY) })).toEqual(in_(DAY));
  });

  it.each([
    [0, 1],
    [1, 1],
    [10, 5],
    [400, 200],
  ])('becomes rarer the longer an order that is over has been quiet (%i days: in %i)', (quiet, wait) => {
    for (const status of ['CAPTURED', 'CANCELLED', 'EXPIRED', 'CLOSED']) {
      expect(next({ status, updatedAt: in_(-quiet * DAY), createdAt: in_(-400 * DAY) })).toEqual(in_(wait * DAY));
    }
  });

  it('is spread over the last quarter of the period', () => {
    expect(next({}, 1)).toEqual(in_(0.75 * DAY));
    expect(next({}, 0.5)).toEqual(in_(0.875 * DAY));
  });

  it('never comes when Klarna does not show an order of that age any more', () => {
    expect(next({ status: 'CLOSED', createdAt: in_(-1_096 * DAY) })).toBeNull();
  });
});
