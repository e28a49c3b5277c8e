import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { nextLook, type Planned } from './session-plan.js';

const MINUTE = 60_000;
const START = Date.parse('2026-11-20T12:00:00.000Z');
const at = (minutes: number) => new Date(START + minutes * MINUTE);
const fresh: Planned = { createdAt: at(0), touchedAt: null, expiresAt: at(48 * 60), authorizedUntil: null };
const minutesOf = (date: Date | null) => (date === null ? null : (date.getTime() - START) / MINUTE);

describe('the looks at a session', () => {
  it.each([
    ['just made', fresh, 0, 2],
    ['after the first', fresh, 2, 10],
    ['after the second', fresh, 10.2, 30],
    ['after the third', fresh, 30, 50],
    ['afterwards every 45 minutes', fresh, 50, 95],
    ['hours later', fresh, 1_000, 1_040],
    ['updated later', { ...fresh, touchedAt: at(52) }, 52, 54],
    ['updated just before a planned one', { ...fresh, touchedAt: at(49) }, 49, 50],
    ['with an authorization', { ...fresh, authorizedUntil: at(70) }, 50, 60],
    ['at the end of its hour', { ...fresh, authorizedUntil: at(70) }, 61, 70],
    ['at the end, with an authorization', { ...fresh, authorizedUntil: at(48 * 60 + 30) }, 48 * 60 + 25, 48 * 60 + 30],
    ['over', fresh, 48 * 60 - 1, null],
    ['over, without a word of Klarna on when', { ...fresh, expiresAt: null }, 48 * 60, null],
  ] satisfies [string, Planned, number, number | null][])('%s', (_, planned, now, expected) => {
    expect(minutesOf(nextLook(planned, at(now)))).toBe(expected);
  });

  it('come within 45 minutes however often the session is updated', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2_800 }), fc.option(fc.integer({ min: 0, max: 2_800 })), (now, touched) => {
        const touchedAt = touched === null || touched > now ? null : at(touched);
        const next = minutesOf(nextLook({ ...fresh, touchedAt }, at(now)));
        return next === null ? now > 2_880 - 45 : next > now && next - now <= 45;
      }),
    );
  });
});
