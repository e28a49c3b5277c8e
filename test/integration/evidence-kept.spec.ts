import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { testGateway, type TestGateway } from '../support/gateway.js';
import { expectRowsLikeLedger, gateAt, ordersPath, requests, rowsOf, settled } from '../support/scene.js';
import { until } from '../support/until.js';

describe("an answer of Klarna's that Postgres refuses", () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await testGateway({ env: { ANSWER_WAIT_MS: '10000' } });
    // What a sequence counts stays counted when its transaction is rolled back.
    await rowsOf(gateway.database, 'CREATE SEQUENCE refusals');
  });
  afterEach(() => accept());
  afterAll(() => gateway.close());

  /** From now on no attempt gets its answer. */
  async function refuse(code: string): Promise<void> {
    await rowsOf(gateway.database, `SELECT setval('refusals', 1, false)`);
    await rowsOf(
      gateway.database,
      `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
       $$ BEGIN PERFORM nextval('refusals'); RAISE EXCEPTION 'refused' USING ERRCODE = '${code}'; END $$`,
    );
    await rowsOf(gateway.database, 'CREATE TRIGGER refuse BEFORE UPDATE ON attempts FOR EACH ROW EXECUTE FUNCTION refuse()');
  }
  const refused = (times: number) =>
    until(`Postgres has refused ${times} times`, async () => {
      const [row] = await rowsOf<{ times: number }>(gateway.database, 'SELECT last_value::int AS times FROM refusals WHERE is_called');
      return row !== undefined && row.times >= times;
    });
  const accept = () => rowsOf(gateway.database, 'DROP FUNCTION IF EXISTS refuse() CASCADE');

  it('for a moment, because it is read only (25006), is kept: the operation succeeds, and nothing is sent again', async () => {
    await gateway.behave({ repeated_token: 'consumed' });
    const { token, cart } = await gateway.authorized();
    const path = `/payments/v1/authorizations/${token}/order`;
    const gate = await gateAt(gateway, 'after', path);
    const call = gateway.post(path, cart);
    await gate.waiting();
    await refuse('25006');
    await gate.open();
    await refused(1);
    await accept();
    const answer = await call;
    expect(answer.status).toBe(200);
    expect(await requests(gateway, { method: 'POST', path })).toHaveLength(1);
    const { order_id: orderId } = answer.json as { order_id: string };
    await expectRowsLikeLedger(gateway, orderId);
    const [row] = await rowsOf(
      gateway.database,
      `SELECT state FROM operations WHERE kind = 'payments.create-order' ORDER BY id DESC LIMIT 1`,
    );
    expect(row).toEqual({ state: 'succeeded' });
  });

  it('for several leases is not asked for again: one call, and its answer is written when Postgres takes it', async () => {
    const id = await gateway.order();
    const path = ordersPath(id, '/captures');
    await refuse('22P05');
    const answer = await gateway.call('POST', path, { body: { captured_amount: 1_000 }, headers: { Prefer: 'wait=1' } });
    expect([202, 503]).toContain(answer.status);
    // The pauses between them grow: the sixth comes after three leases.
    await refused(6);
    expect(await requests(gateway, { method: 'POST', path })).toHaveLength(1);
    await accept();
    expect(await settled(gateway, answer)).toMatchObject({ state: 'succeeded', attempts: 1 });
    expect(await requests(gateway, { method: 'POST', path })).toHaveLength(1);
    expect((await expectRowsLikeLedger(gateway, id)).captured_amount).toBe(1_000);
  });
});
