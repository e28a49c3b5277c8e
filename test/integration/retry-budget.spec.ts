import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { RetryBudgetsRepository } from '../../src/persistence/repositories/retry-budgets.repository.js';
import { testGateway, type TestGateway } from '../support/gateway.js';
import { rowsOf } from '../support/scene.js';

const START = Date.parse('2026-01-01T00:00:00Z');
const at = (seconds: number) => new Date(START + seconds * 1_000);

describe('the retry budget in Postgres', () => {
  let gateway: TestGateway;
  let budgets: RetryBudgetsRepository;
  let account: string;
  beforeAll(async () => {
    gateway = await testGateway({ env: { ROLE: 'api' } });
    budgets = gateway.app.get(RetryBudgetsRepository, { strict: false });
    const [row] = await rowsOf<{ id: string }>(gateway.database, 'SELECT id FROM provider_accounts LIMIT 1');
    account = row?.id ?? '';
  });
  afterAll(() => gateway.close());
  beforeEach(async () => {
    await rowsOf(gateway.database, 'DELETE FROM retry_budgets');
  });

  const take = (api: string, firstAttempts: number, now: Date, seenSick = true) =>
    budgets.take({ accountId: account, api, firstAttempts, seenSick }, 1, now);

  it('remembers who has seen for itself that an API is sick', async () => {
    const seen = (since: number) => budgets.seenSick(account, 'order-management', at(since));
    expect(await seen(-1)).toBe(false);
    await take('order-management', 0, at(0));
    expect([await seen(-1), await seen(0)]).toEqual([true, false]);
    await take('order-management', 0, at(5), false);
    expect(await seen(0)).toBe(false);
    await take('order-management', 0, at(6));
    expect(await seen(5)).toBe(true);
  });

  /** Asks for so many permits at once. @returns how many there were */
  async function granted(wanted: number, now: Date, firstAttempts = 0): Promise<number> {
    const [first, ...rest] = Array.from({ length: wanted }, (_, number) => (number === 0 ? firstAttempts : 0));
    const takes = [first ?? 0, ...rest].map((attempts) => take('order-management', attempts, now));
    return (await Promise.all(takes)).filter(Boolean).length;
  }

  it('has ten seconds of the floor at first, then one a second, however many ask at once', async () => {
    expect(await granted(40, at(0))).toBe(10);
    expect(await granted(5, at(0.9))).toBe(0);
    expect(await granted(5, at(1))).toBe(1);
    expect(await granted(5, at(4))).toBe(3);
    // A process whose clock is behind takes nothing back and adds nothing.
    expect(await granted(5, at(2))).toBe(0);
    expect(await granted(5, at(5))).toBe(1);
    // A week is not saved up.
    expect(await granted(40, at(604_800))).toBe(10);
  });

  it('gives a tenth of what callers sent when that is more: not the sum', async () => {
    let taken = 0;
    for (let second = 0; second < 60; second += 1) {
      for (let tries = 0; tries < 20; tries += 1) taken += await granted(1, at(second + tries / 20), tries === 0 ? 50 : 0);
    }
    // 3000 first attempts. The floor alone would be 60, both together 370.
    expect(taken).toBeLessThanOrEqual(301);
    expect(taken).toBeGreaterThanOrEqual(290);
  });

  it('counts each API for itself', async () => {
    expect(await granted(40, at(0))).toBe(10);
    expect(await take('payments', 0, at(0))).toBe(true);
  });
});
