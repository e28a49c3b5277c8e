import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { secretHash } from '../../src/merchants/api-secret.js';
import { SealedEnvelope } from '../../src/persistence/sealed-envelope.js';
import { testGateway, type TestGateway } from '../support/gateway.js';
import { holding } from '../support/held-transaction.js';
import { accepted, expectRowsLikeLedger, gateAt, lasting, operation, operationIn, ordersPath, rowsOf, settled } from '../support/scene.js';
import { Turnpike } from '../support/turnpike.js';
import { until } from '../support/until.js';

describe('an operation that waits', () => {
  let gateway: TestGateway;
  /** Another process; its way to Postgres can be stopped. */
  let neighbour: TestGateway;
  let road: Turnpike;
  beforeAll(async () => {
    gateway = await testGateway({ env: { KLARNA_TIMEOUT_MS: '20000' } });
    const { simulator, database } = gateway;
    road = await Turnpike.before(database.url);
    neighbour = await testGateway({ simulator, database: { ...database, url: road.url(database.url) }, env: { ROLE: 'api' } });
  });
  afterAll(async () => {
    await neighbour.close();
    await road.close();
    await gateway.close();
  });

  /** A second credential of the configured merchant, whose pending operations are answered 503. @returns it as `Client.call` takes it */
  async function impatient(): Promise<string> {
    const secret = { scheme: 'basic', username: 'impatient', password: 'impatient' } as const;
    await rowsOf(
      gateway.database,
      `INSERT INTO api_credentials (id, merchant_id, scheme, username, secret_hash, pending_answer, key_required, created_at)
       SELECT gen_random_uuid(), merchant_id, scheme, 'impatient', $1, 503, false, created_at FROM api_credentials WHERE username = 'demo'`,
      [secretHash(gateway.app.get(SealedEnvelope), secret)],
    );
    return 'impatient:impatient';
  }

  it('is never withdrawn once one of its callers was told 202, whatever the others are told', async () => {
    const as = await impatient();
    const id = await gateway.order();
    const path = ordersPath(id, '/captures');
    const gate = await gateAt(gateway, 'before', path);
    const before = gateway.call('POST', path, { body: { captured_amount: 1_000 }, headers: { Prefer: 'wait=15' } });
    await gate.waiting();
    const request = { body: { captured_amount: 500 }, key: randomUUID(), headers: { Prefer: 'wait=2' } };
    const first = gateway.call('POST', path, request);
    await accepted(gateway, id, 2);
    const joining = road.stop('WITH input AS', 'answer');
    const second = neighbour.call('POST', path, { ...request, as });
    await joining.waiting(1);
    joining.release();
    // Both waits end at the same time: who writes down the end of his wait first is open.
    let answered = 0;
    const answers = Promise.all([first, second].map((call) => call.finally(() => (answered += 1))));
    const held = await holding(gateway.database, 'SELECT 1 FROM lanes WHERE lane = $1 FOR UPDATE', [id]);
    await until('both waits are over', async () => {
      const rows = await rowsOf(
        gateway.database,
        `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%lanes%'`,
      );
      return rows.length + answered >= 2;
    });
    await held.letGo();
    const told = await answers;
    expect([202, 503]).toContain(told[1]?.status);
    const withdrawn = (await rowsOf(gateway.database, `SELECT 1 FROM operations WHERE lane = $1 AND state = 'withdrawn'`, [id])).length > 0;
    expect({ withdrawn, accepted: told.some(({ status }) => status === 202) }).not.toEqual({ withdrawn: true, accepted: true });
    await gate.open();
    expect((await before).status).toBe(201);
    for (const answer of told.filter(({ status }) => status === 202)) expect((await settled(gateway, answer)).state).toBe('succeeded');
    await expectRowsLikeLedger(gateway, id);
  });

  it('and is finished meanwhile is left alone by the first success of its account', async () => {
    const [id, neighbouring] = await Promise.all([gateway.order(), gateway.order()]);
    const path = ordersPath(id, '/captures');
    const fault = await lasting(gateway, 'status', { method: 'POST', path }, { code: 429, headers: { 'Retry-After': '30' } });
    const capture = await gateway.call('POST', path, { body: { captured_amount: 1_000 }, headers: { Prefer: 'respond-async' } });
    await settled(gateway, capture, ['waiting']);
    const operationId = operationIn(capture);
    // It is being stopped, a moment before its COMMIT.
    const stopping = new pg.Client(gateway.database.url);
    await stopping.connect();
    await stopping.query('BEGIN');
    await stopping.query(
      `UPDATE operations SET state = 'withdrawn', reason = 'stopped', next_at = NULL, finished_at = now() WHERE id = $1`,
      [operationId],
    );
    let answered = false;
    const success = gateway
      .call('POST', ordersPath(neighbouring, '/captures'), { body: { captured_amount: 10 }, headers: { Prefer: 'wait=10' } })
      .finally(() => (answered = true));
    await until(
      'the account works again',
      async () =>
        answered ||
        (
          await rowsOf(
            gateway.database,
            `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%wakes + 1%'`,
          )
        ).length > 0,
    );
    await stopping.query('COMMIT');
    await stopping.end();
    expect((await success).status).toBe(201);
    expect(await rowsOf(gateway.database, 'SELECT state, next_at FROM operations WHERE id = $1', [operationId])).toEqual([
      { state: 'withdrawn', next_at: null },
    ]);
    expect((await operation(gateway, operationId)).attempts).toBe(1);
    await fault.end();
  });
});
