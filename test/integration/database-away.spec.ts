import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { type Simulator, startSimulator } from '../../simulator/simulator.js';
import type { Answer } from '../support/client.js';
import { testGateway, type TestGateway } from '../support/gateway.js';
import { Listener } from '../support/listener.js';
import { type TestDatabase, testDatabase } from '../support/postgres.js';
import { Proxy } from '../support/proxy.js';
import { expectRowsLikeLedger, gateAt, ordersPath, operationIn, requests, rowsOf, settled, told } from '../support/scene.js';
import { until } from '../support/until.js';

const BODY = { captured_amount: 2_500, reference: 'parcel 1' };
const code = ({ json }: Answer) => (json as { error_code?: string } | undefined)?.error_code;

describe('while Postgres is away', () => {
  let simulator: Simulator;
  let database: TestDatabase;
  let proxy: Proxy;
  let gateway: TestGateway;
  /** The same without the proxy: what the test itself asks. */
  let direct: TestGateway;
  beforeAll(async () => {
    simulator = await startSimulator();
    database = await testDatabase();
    proxy = await Proxy.before(database.url);
    const behind = { ...database, url: proxy.url(database.url) };
    gateway = await testGateway({ simulator, database: behind, env: { ANSWER_WAIT_MS: '2000' } });
    direct = await testGateway({ simulator, database, env: { ROLE: 'api' } });
  });
  beforeEach(() => direct.simulate('DELETE', '/simulator/gates'));
  afterEach(async () => {
    await proxy.cut();
    await proxy.open();
  });
  afterAll(async () => {
    await gateway.close();
    await direct.close();
    await proxy.cut();
    await database.drop();
    await simulator.close();
  });

  const sent = (id: string) => requests(direct, { method: 'POST', path: ordersPath(id, '/captures') });

  it('a request is answered 503 and nothing is sent; the repeat is carried out once', async () => {
    const id = await direct.order();
    const key = randomUUID();
    await proxy.cut();
    const refused = await gateway.post(ordersPath(id, '/captures'), BODY, key);
    expect([refused.status, code(refused)]).toEqual([503, 'TEMPORARILY_UNAVAILABLE']);
    expect(await sent(id)).toHaveLength(0);
    await proxy.open();
    const answer = await until('it is carried out', async () => {
      const again = await gateway.post(ordersPath(id, '/captures'), BODY, key);
      return again.status === 201 && again;
    });
    expect(answer.headers['capture-id']).toBe((await expectRowsLikeLedger(direct, id)).captures[0]?.capture_id);
    expect(await sent(id)).toHaveLength(1);
  });

  it("Klarna's answer is kept until Postgres takes it: one call, and the caller's repeat gets its answer", async () => {
    const id = await direct.order();
    const key = randomUUID();
    const gate = await gateAt(direct, 'after', ordersPath(id, '/captures'));
    const call = gateway.post(ordersPath(id, '/captures'), BODY, key);
    await gate.waiting();
    await proxy.cut();
    await gate.open();
    const first = await call;
    expect([first.status, code(first)]).toEqual([503, 'TEMPORARILY_UNAVAILABLE']);
    await proxy.open();
    const again = await direct.call('POST', ordersPath(id, '/captures'), { body: BODY, key, headers: { Prefer: 'wait=10' } });
    expect(again.status).toBe(201);
    const ledger = await expectRowsLikeLedger(direct, id);
    expect(ledger.captures.map((each) => each.capture_id)).toEqual([again.headers['capture-id']]);
    expect(told(await gateway.post(ordersPath(id, '/captures'), BODY, key))).toEqual(told(again));
  });

  it('a short absence is not noticed by the caller', async () => {
    const id = await direct.order();
    const gate = await gateAt(direct, 'after', ordersPath(id, '/captures'));
    const call = gateway.call('POST', ordersPath(id, '/captures'), { body: BODY, headers: { Prefer: 'wait=15' } });
    await gate.waiting();
    await proxy.cut();
    await proxy.open();
    await gate.open();
    expect((await call).status).toBe(201);
    expect(await sent(id)).toHaveLength(1);
    await expectRowsLikeLedger(direct, id);
  });

  it('create order is found again by a repeat of the same bytes', async () => {
    const { token, cart } = await direct.authorized();
    const path = `/payments/v1/authorizations/${token}/order`;
    const gate = await gateAt(direct, 'after', path);
    const call = gateway.post(path, cart);
    await gate.waiting();
    await proxy.cut();
    await gate.open();
    expect((await call).status).toBe(503);
    await proxy.open();
    const again = await direct.call('POST', path, { body: cart, headers: { Prefer: 'wait=10' } });
    expect(again.status).toBe(200);
    await expectRowsLikeLedger(direct, (again.json as { order_id: string }).order_id);
    expect((await requests(direct, { method: 'POST', path })).filter(({ executed }) => executed)).toHaveLength(1);
  });
});

describe('when the answer to a commit is lost', () => {
  let simulator: Simulator;
  let database: TestDatabase;
  let listener: Listener;
  let gateway: TestGateway;
  let direct: TestGateway;
  beforeAll(async () => {
    simulator = await startSimulator();
    database = await testDatabase();
    listener = await Listener.before(database.url);
    gateway = await testGateway({ simulator, database: { ...database, url: listener.url } });
    direct = await testGateway({ simulator, database, env: { ROLE: 'api' } });
  });
  afterAll(async () => {
    await gateway.close();
    await direct.close();
    await listener.close();
    await database.drop();
    await simulator.close();
  });

  const sent = (id: string) => requests(direct, { method: 'POST', path: ordersPath(id, '/captures') });

  it('a request is looked up and withdrawn before its caller hears 503: nothing was sent, its key is free', async () => {
    const id = await direct.order();
    const key = randomUUID();
    const lost = listener.loseAnswerTo(['WITH input AS']);
    const answer = await gateway.post(ordersPath(id, '/captures'), BODY, key);
    await lost;
    expect([answer.status, code(answer), answer.headers['location']]).toEqual([503, 'TEMPORARILY_UNAVAILABLE', undefined]);
    const [row] = await rowsOf(database, 'SELECT state, reason FROM operations WHERE lane = $1', [id]);
    expect(row).toEqual({ state: 'withdrawn', reason: 'not-recorded-in-time' });
    expect(await sent(id)).toHaveLength(0);
    const again = await gateway.post(ordersPath(id, '/captures'), BODY, key);
    expect(again.status).toBe(201);
    expect(await sent(id)).toHaveLength(1);
    await expectRowsLikeLedger(direct, id);
  });

  it('and Postgres stays away, its caller gets the address of what may be on record, and a repeat converges', async () => {
    const id = await direct.order();
    const key = randomUUID();
    const lost = listener.loseAnswerTo(['WITH input AS'], true);
    const answer = await gateway.call('POST', ordersPath(id, '/captures'), { body: BODY, key, headers: { Prefer: 'wait=1' } });
    await lost;
    expect([answer.status, code(answer)]).toEqual([503, 'TEMPORARILY_UNAVAILABLE']);
    const [row] = await rowsOf<{ id: string }>(database, 'SELECT id FROM operations WHERE lane = $1', [id]);
    expect(operationIn(answer)).toBe(row?.id);
    listener.up();
    // Withdrawn, or taken up meanwhile: its caller was told where to look.
    expect(['withdrawn', 'succeeded']).toContain((await settled(direct, answer)).state);
    const again = await direct.post(ordersPath(id, '/captures'), BODY, key);
    expect(again.status).toBe(201);
    expect((await expectRowsLikeLedger(direct, id)).captures).toHaveLength(1);
  });

  it('and another process has taken it up before it could be asked, the attempt that was not sent is told from those that may have been', async () => {
    const id = await direct.order();
    const lost = listener.loseAnswerTo(['WITH input AS'], true);
    const call = gateway.call('POST', ordersPath(id, '/captures'), { body: BODY, key: randomUUID(), headers: { Prefer: 'wait=20' } });
    await lost;
    // For this one the gateway at the broken road is as good as dead.
    const worker = await testGateway({ simulator, database, env: { ROLE: 'worker' } });
    const [row] = await rowsOf<{ id: string }>(database, 'SELECT id FROM operations WHERE lane = $1', [id]);
    const taken = await settled(direct, row?.id ?? '');
    listener.up();
    const answer = await call;
    await worker.close();
    expect([taken.state, answer.status]).toEqual(['succeeded', 201]);
    const outcomes = await rowsOf(database, 'SELECT number, outcome, code FROM attempts WHERE operation_id = $1 ORDER BY number', [
      row?.id,
    ]);
    expect(outcomes).toEqual([
      { number: 1, outcome: 'retry', code: 'NOT_SENT' },
      { number: 2, outcome: 'succeeded', code: null },
    ]);
    expect(await sent(id)).toHaveLength(1);
    await expectRowsLikeLedger(direct, id);
  });

  it("an answer of Klarna's is written once, and given to the caller", async () => {
    const id = await direct.order();
    const key = randomUUID();
    const gate = await gateAt(direct, 'before', ordersPath(id, '/captures'));
    const call = gateway.post(ordersPath(id, '/captures'), BODY, key);
    await gate.waiting();
    const lost = listener.loseAnswerTo(['INSERT INTO captures', 'COMMIT']);
    await gate.open();
    await lost;
    const answer = await call;
    expect(answer.status).toBe(201);
    const ledger = await expectRowsLikeLedger(direct, id);
    expect(ledger.captures.map((each) => each.capture_id)).toEqual([answer.headers['capture-id']]);
    expect(await sent(id)).toHaveLength(1);
    const entries = (await direct.get(`/orders/${id}/timeline`)).json as { items: { type: string }[] };
    expect(entries.items.filter(({ type }) => type === 'order.captured')).toHaveLength(1);
  });
});
