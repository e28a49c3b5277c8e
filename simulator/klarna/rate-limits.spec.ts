import { describe, expect, it } from '@jest/globals';
import { RateLimits } from './rate-limits.js';

const SESSIONS = ['POST', '/payments/v1/sessions'] as const;
const ORDERS = ['GET', '/ordermanagement/v1/orders/x'] as const;

describe('rate limits', () => {
  it.each([
    ['production', 40, 200],
    ['playground', 5, 50],
  ] as const)('of %s let exactly %d new sessions and %d other calls through in one second', (limits, sessions, others) => {
    const rates = new RateLimits();
    const allowed = (call: readonly [string, string], count: number) =>
      Array.from({ length: count }, () => rates.count('m', ...call, limits, 1_000)).filter((rate) => rate.allowed).length;
    expect(allowed(SESSIONS, 300)).toBe(sessions);
    expect(allowed(ORDERS, 300)).toBe(others);
  });

  it('start anew each second, and count each merchant for itself', () => {
    const rates = new RateLimits();
    const call = (merchant: string, now: number) => rates.count(merchant, ...SESSIONS, 'playground', now);
    for (let used = 1; used <= 5; used += 1) expect(call('a', 1_999).headers['X-Ratelimit-Remaining']).toBe(String(5 - used));
    expect(call('a', 1_999).allowed).toBe(false);
    expect(call('b', 1_999).allowed).toBe(true);
    expect(call('a', 2_000).allowed).toBe(true);
  });

  it('that are off never run out and still say what they are', () => {
    const rates = new RateLimits();
    const last = Array.from({ length: 500 }, () => rates.count('m', ...ORDERS, 'off', 1_000)).at(-1);
    expect(last).toMatchObject({ allowed: true, headers: { 'X-Ratelimit-Limit': '200, 200;w=1', 'X-Ratelimit-Remaining': '199' } });
  });
});
