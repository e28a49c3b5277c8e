import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Database } from '../../src/persistence/database.js';
import { testGateway, type TestGateway } from '../support/gateway.js';
import { holding } from '../support/held-transaction.js';
import { accepted, expectRowsLikeLedger, gateAt, operationIn, ordersPath, rowsOf, settled } from '../support/scene.js';
import { until } from '../support/until.js';

const BODY = { captured_amount: 2_500, reference: 'parcel 1' };
const HANDS = 2;

describe('a worker whose hands are all busy because Klarna hangs', () => {
  let api: TestGateway;
  let worker: TestGateway;
  beforeAll(async () => {
    const env = { KLARNA_TIMEOUT_MS: '60000', WORKER_CONCURRENCY: String(HANDS) };
    api = await testGateway({ env: { ...env, ROLE: 'api' } });
    worker = await testGateway({ env: { ...env, ROLE: 'worker' }, simulator: api.simulator, database: api.database });
  });
  afterAll(async () => {
    await worker.close();
    await api.close();
  });

  /** A capture that its caller did not wait for and Klarna does not take until the faults end: the worker has to go on with it. */
  async function leftOpen(): Promise<{ id: string; operation: string }> {
    const id = await api.order();
    await api.fault('status', { method: 'POST', path: ordersPath(id, '/captures') }, { code: 503, times: 1_000 });
    const answer = await api.call('POST', ordersPath(id, '/captures'), { body: BODY, headers: { Prefer: 'wait=0' } });
    expect(answer.status).toBe(202);
    return { id, operation: operationIn(answer) };
  }

  it('takes an operation of a process that died up all the same', async () => {
    const orphan = await leftOpen();
    // Its process has sent it and died; nothing else would come back to it for a while.
    await until('it waits for the schedule', async () => {
      const rows = await rowsOf(
        api.database,
        `UPDATE operations SET next_at = NULL, lease_until = 'infinity' WHERE id = $1 AND lease_until IS NULL AND unresolved_since IS NOT NULL
         RETURNING id`,
        [orphan.operation],
      );
      return rows.length === 1;
    });
    await api.simulate('DELETE', '/simulator/faults');

    const busy = await Promise.all(Array.from({ length: HANDS }, leftOpen));
    const gates = await Promise.all(busy.map(({ id }) => gateAt(api, 'before', ordersPath(id, '/captures'))));
    // Not before the gates stand: a repeat that passes earlier would keep no hand busy.
    await api.simulate('DELETE', '/simulator/faults');
    for (const gate of gates) await gate.waiting();

    await rowsOf(api.database, 'UPDATE operations SET lease_until = now() WHERE id = $1', [orphan.operation]);
    expect((await settled(api, orphan.operation)).state).toBe('succeeded');
    for (const gate of gates) await gate.open();
    for (const { operation } of busy) expect((await settled(api, operation)).state).toBe('succeeded');
    for (const { id } of [orphan, ...busy]) expect((await expectRowsLikeLedger(api, id)).captures).toHaveLength(1);
  });
});

describe('a worker that can hardly begin anything', () => {
  let api: TestGateway;
  let worker: TestGateway;
  beforeAll(async () => {
    // They stay where they were left until the test says that their process is dead.
    api = await testGateway({ env: { ROLE: 'api', RETRY_DELAYS_MS: '60000' } });
    worker = await testGateway({
      // Long enough that a busy machine renews them in time.
      env: { ROLE: 'worker', DATABASE_POOL: '4', LEASE_MS: '2000' },
      simulator: api.simulator,
      database: api.database,
    });
  });
  afterAll(async () => {
    await worker.close();
    await api.close();
  });

  it('takes all over at once that a process left behind, and keeps it until it can', async () => {
    const orders = await Promise.all(Array.from({ length: 8 }, () => api.order()));
    const left = await Promise.all(
      orders.map(async (id) => {
        await api.fault('status', { method: 'POST', path: ordersPath(id, '/captures') }, { code: 503 });
        return operationIn(await api.call('POST', ordersPath(id, '/captures'), { body: BODY, headers: { Prefer: 'wait=0' } }));
      }),
    );
    const isLeft = `lease_until IS NULL AND unresolved_since IS NOT NULL AND finished_at IS NULL`;
    await until('they wait for the schedule', async () => {
      const rows = await rowsOf(api.database, `SELECT FROM operations WHERE id = ANY($1::uuid[]) AND ${isLeft}`, [left]);
      return rows.length === left.length;
    });
    const standing = await holding(api.database, 'SELECT FROM lanes WHERE lane = ANY($1) FOR UPDATE', [orders]);
    try {
      const rows = await rowsOf<{ id: string; fence: number }>(
        api.database,
        `UPDATE operations SET next_at = NULL, lease_until = now() WHERE id = ANY($1::uuid[]) AND finished_at IS NULL RETURNING id, fence`,
        [left],
      );
      expect(rows).toHaveLength(left.length);
      const kept = (): Promise<{ fence: number }[]> =>
        rowsOf(
          api.database,
          `SELECT o.fence FROM operations o JOIN unnest($1::uuid[], $2::int[]) AS t(id, fence) ON t.id = o.id
            WHERE o.fence = t.fence + 1 AND o.lease_until > now()`,
          [rows.map(({ id }) => id), rows.map(({ fence }) => fence)],
        );
      await until('all are taken over', async () => (await kept()).length === left.length);
      // Longer than a lease lasts: nobody took them once more.
      await rowsOf(api.database, 'SELECT pg_sleep(2.5)');
      expect(await kept()).toHaveLength(left.length);
    } finally {
      await standing.letGo();
    }
    for (const operation of left) expect((await settled(api, operation)).state).toBe('succeeded');
    for (const id of orders) expect((await expectRowsLikeLedger(api, id)).captures).toHaveLength(1);
  });
});

describe('a process whose connections to Postgres are all busy', () => {
  let api: TestGateway;
  beforeAll(async () => {
    api = await testGateway({
      env: { ROLE: 'api', DATABASE_POOL: '4', LEASE_MS: '600', ANSWER_WAIT_MS: '10000', KLARNA_TIMEOUT_MS: '60000' },
    });
  });
  afterAll(() => api.close());

  it('keeps the leases of its calls', async () => {
    const id = await api.order();
    const gate = await gateAt(api, 'before', ordersPath(id, '/captures'));
    const answer = api.post(ordersPath(id, '/captures'), BODY);
    await accepted(api, id, 1);
    await gate.waiting();
    const database = api.app.get(Database);
    const busy = Promise.all(Array.from({ length: 24 }, () => database.query('SELECT pg_sleep(0.25)')));
    let over = false;
    void busy.finally(() => (over = true));
    const leases: boolean[] = [];
    while (!over) {
      const [row] = await rowsOf<{ runs: boolean }>(api.database, 'SELECT lease_until > now() AS runs FROM operations WHERE lane = $1', [
        id,
      ]);
      leases.push(row?.runs === true);
    }
    expect(leases.length).toBeGreaterThan(3);
    expect(leases).not.toContain(false);
    await gate.open();
    expect((await answer).status).toBe(201);
  });
});
