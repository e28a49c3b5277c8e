import { expect, it } from '@jest/globals';
import { GIVEN_UP_AFTER_MS, nextOf } from './again.js';

const NOW = new Date('2026-11-20T10:00:00Z');
const pause = (attempts: number, afterMs?: number) => {
  const outcome = { then: 'again', result: 'x', ...(afterMs === undefined ? {} : { afterMs }) } as const;
  return (nextOf(outcome, attempts, NOW, NOW).nextAt?.getTime() ?? 0) - NOW.getTime();
};

it('looks come after 1 s, 5 s, 30 s, 2, 5 and 15 minutes, and every 15 minutes from there', () => {
  expect([0, 1, 2, 3, 4, 5, 6, 100].map((attempts) => pause(attempts) / 1_000)).toEqual([1, 5, 30, 120, 300, 900, 900, 900]);
});

it('or when whoever looked says', () => {
  expect(pause(3, 250)).toBe(250);
});

it('end when it is done, or 48 hours after it came last', () => {
  expect(nextOf({ then: 'done', result: 'x' }, 9, NOW, NOW)).toEqual({ state: 'done', nextAt: null });
  const later = (ms: number) => new Date(NOW.getTime() + ms);
  expect(nextOf({ then: 'again', result: 'x' }, 9, NOW, later(GIVEN_UP_AFTER_MS - 1)).state).toBe('received');
  expect(nextOf({ then: 'again', result: 'x' }, 9, NOW, later(GIVEN_UP_AFTER_MS))).toEqual({ state: 'given-up', nextAt: null });
});

it('or later, where a shop is tried for longer', () => {
  const later = new Date(NOW.getTime() + GIVEN_UP_AFTER_MS);
  expect(nextOf({ then: 'again', forMs: 2 * GIVEN_UP_AFTER_MS, result: 'x' }, 9, NOW, later).state).toBe('received');
});
