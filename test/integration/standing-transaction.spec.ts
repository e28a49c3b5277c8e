import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { testGateway, type TestGateway } from '../support/gateway.js';
import { holding, type HeldTransaction } from '../support/held-transaction.js';
import { accepted, expectRowsLikeLedger, gateAt, ordersPath, rowsOf } from '../support/scene.js';
import { until } from '../support/until.js';

const BODY = { captured_amount: 2_500, reference: 'parcel 1' };

/** A process that was stopped in the middle of a transaction keeps its locks for a while. Whom do they concern? */
describe('a transaction that stands still', () => {
  let gateway: TestGateway;
  let standing: HeldTransaction | undefined;
  beforeAll(async () => {
    gateway = await testGateway();
  });
  afterAll(async () => {
    await standing?.letGo();
    await gateway.close();
  });

  const failing = async (): Promise<unknown> => {
    const [row] = await rowsOf<{ failing_since: Date | null }>(gateway.database, 'SELECT failing_since FROM provider_accounts');
    return row?.failing_since;
  };

  it("with the account's row keeps no operation of the account from being settled, whether it fails or works again", async () => {
    const [first, second, third] = [await gateway.order(), await gateway.order(), await gateway.order()];
    const path = ordersPath(first, '/captures');
    await gateway.fault('status', { method: 'POST', path }, { code: 503, times: 1 });
    const late = await gateway.call('POST', path, { body: BODY, headers: { Prefer: 'wait=0' } });
    await until('the account fails', async () => (await failing()) ?? undefined);
    expect(late.status).toBe(202);

    standing = await holding(gateway.database, 'SELECT FROM provider_accounts FOR NO KEY UPDATE');
    await gateway.fault('reset_after', { method: 'POST', path: ordersPath(second, '/captures') });
    const answers = await Promise.all([second, third].map((id) => gateway.post(ordersPath(id, '/captures'), BODY)));
    expect(answers.map(({ status }) => status)).toEqual([201, 201]);
    await standing.letGo();
    standing = undefined;
    for (const id of [second, third]) expect((await expectRowsLikeLedger(gateway, id)).captures).toHaveLength(1);
    // The news that was left is brought by the next success.
    await gateway.post(ordersPath(third, '/refunds'), { refunded_amount: 500 });
    await until('the account works', async () => (await failing()) === null);
  });

  it('with one operation costs no other its lease', async () => {
    const orders = [await gateway.order(), await gateway.order()] as const;
    const gates = await Promise.all(orders.map((id) => gateAt(gateway, 'before', ordersPath(id, '/captures'))));
    const calls = orders.map((id) => gateway.post(ordersPath(id, '/captures'), BODY));
    for (const [index, id] of orders.entries()) {
      await accepted(gateway, id, 1);
      await gates[index]?.waiting();
    }
    const lease = async (id: string): Promise<number> => {
      const [row] = await rowsOf<{ lease_until: Date }>(gateway.database, 'SELECT lease_until FROM operations WHERE lane = $1', [id]);
      return row?.lease_until.getTime() ?? 0;
    };
    standing = await holding(gateway.database, 'SELECT FROM operations WHERE lane = $1 FOR NO KEY UPDATE', [orders[0]]);
    const [held, before] = [await lease(orders[0]), await lease(orders[1])];
    await until('the other lease is renewed twice', async () => (await lease(orders[1])) > before + 300, { withinMs: 5_000 });
    expect(await lease(orders[0])).toBe(held);
    await standing.letGo();
    standing = undefined;
    for (const gate of gates) await gate.open();
    expect((await Promise.all(calls)).map(({ status }) => status)).toEqual([201, 201]);
    for (const id of orders) expect((await expectRowsLikeLedger(gateway, id)).captures).toHaveLength(1);
  });
});
