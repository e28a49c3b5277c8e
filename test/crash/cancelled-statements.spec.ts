import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { askUntilFinal, DEEDS, expectDoneOnce, prepare } from '../support/deeds.js';
import { testGateway, type TestGateway } from '../support/gateway.js';
import { holding, stuckAt } from '../support/held-transaction.js';
import { gateAt, requests, rowsOf } from '../support/scene.js';
import { expectWholeRows } from '../support/whole-rows.js';

/** Postgres gives up on a statement that waits too long for a lock; here at once, as its limit would after 15 s. */
async function cancelled(gateway: TestGateway, backends: number[]): Promise<void> {
  await rowsOf(gateway.database, 'SELECT pg_cancel_backend(pid) FROM unnest($1::int[]) AS pid', [backends]);
}

describe('A statement that Postgres has given up on', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await testGateway({ env: { LEASE_MS: '5000' } });
  });
  afterAll(() => gateway.close());

  it.each(DEEDS)('in T1 of a %s: 503, nothing was recorded or sent, and the repeat succeeds', async (name) => {
    const deed = await prepare[name](gateway);
    const lock = await holding(gateway.database, 'SELECT 1 FROM merchants FOR UPDATE');
    const first = deed.ask(gateway);
    try {
      await cancelled(gateway, await stuckAt(gateway.database, '%WITH input AS%', 1));
      expect(await first).toMatchObject({ status: 503, json: { error_code: 'TEMPORARILY_UNAVAILABLE' } });
    } finally {
      await lock.letGo();
    }
    expect(await requests(gateway, { method: 'POST', path: deed.path })).toEqual([]);
    await expectDoneOnce(deed, await askUntilFinal(deed, gateway), gateway);
    await expectWholeRows(gateway.database);
  });

  it.each(DEEDS)('in T2 of a %s: the answer is kept, and Klarna is not asked twice', async (name) => {
    const deed = await prepare[name](gateway);
    const gate = await gateAt(gateway, 'before', deed.path);
    const first = deed.ask(gateway);
    await gate.waiting();
    const lock = await holding(gateway.database, 'SELECT 1 FROM operations WHERE finished_at IS NULL FOR UPDATE');
    try {
      await gate.open();
      await cancelled(gateway, await stuckAt(gateway.database, '%FOR UPDATE OF o%', 1));
    } finally {
      await lock.letGo();
    }
    await expectDoneOnce(deed, await first, gateway);
    expect(await requests(gateway, { method: 'POST', path: deed.path })).toHaveLength(1);
    await expectWholeRows(gateway.database);
  });
});
