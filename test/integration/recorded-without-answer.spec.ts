import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Simulator, startSimulator } from '../../simulator/simulator.js';
import type { Answer } from '../support/client.js';
import { testGateway, type TestGateway } from '../support/gateway.js';
import { holding, stuckAt } from '../support/held-transaction.js';
import { Listener } from '../support/listener.js';
import { type TestDatabase, testDatabase } from '../support/postgres.js';
import { Proxy } from '../support/proxy.js';
import { accepted, expectRowsLikeLedger, gateAt, lasting, operationIn, ordersPath, requests, rowsOf, settled } from '../support/scene.js';
import { until } from '../support/until.js';

interface Row {
  id: string;
  state: string;
}

describe('an operation whose caller lost the way to Postgres', () => {
  let simulator: Simulator;
  let database: TestDatabase;
  let listener: Listener;
  let proxy: Proxy;
  /** Reach Postgres in ways that can fail; `direct` is another process, which is always fine, and carries out what is due. */
  let gateway: TestGateway;
  let behindProxy: TestGateway;
  let direct: TestGateway;
  beforeAll(async () => {
    simulator = await startSimulator();
    database = await testDatabase();
    listener = await Listener.before(database.url);
    proxy = await Proxy.before(database.url);
    const env = { ANSWER_WAIT_MS: '8000', ROLE: 'api' };
    gateway = await testGateway({ simulator, database: { ...database, url: listener.url }, env });
    behindProxy = await testGateway({ simulator, database: { ...database, url: proxy.url(database.url) }, env });
    direct = await testGateway({ simulator, database, env: { ANSWER_WAIT_MS: '8000' } });
  });
  beforeEach(() => direct.simulate('DELETE', '/simulator/gates'));
  afterAll(async () => {
    await gateway.close();
    await behindProxy.close();
    await direct.close();
    await listener.close();
    await proxy.cut();
    await database.drop();
    await simulator.close();
  });

  const capture = (client: TestGateway, id: string, amount: number, headers: Record<string, string> = {}): Promise<Answer> =>
    client.call('POST', ordersPath(id, '/captures'), { body: { captured_amount: amount }, headers });
  const operations = (id: string) => rowsOf<Row>(database, 'SELECT id, state FROM operations WHERE lane = $1 ORDER BY position', [id]);
  /** Waits until nothing of the order is under way any more. */
  const atRest = (id: string) =>
    until('all its operations are final', async () => {
      const rows = await operations(id);
      return rows.every(({ state }) => ['succeeded', 'rejected', 'withdrawn', 'abandoned'].includes(state)) && rows;
    });
  /** The caller heard that nothing was sent: no result, no address. */
  const heardOfNothing = ({ status, headers }: Answer) => status >= 500 && headers['location'] === undefined;
  /** Whoever heard of nothing may repeat: then nothing was done, nor is it going to be. */
  async function expectNoSecret(answer: Answer, id: string, kind: 'captures' | 'refunds', amount: number): Promise<void> {
    await atRest(id);
    const ledger = await direct.ledger(id);
    const made =
      kind === 'captures' ? ledger.captures.map((each) => each.captured_amount) : ledger.refunds.map((each) => each.refunded_amount);
    const heard = heardOfNothing(answer) ? 'nothing' : 'something';
    expect([heard, made.filter((each) => each === amount).length]).not.toEqual(['nothing', 1]);
    await expectRowsLikeLedger(direct, id);
  }

  it('is not carried out behind a 503 without an address when its process was away for longer than a lease', async () => {
    const id = await direct.order();
    const lost = listener.loseAnswerTo(['WITH input AS'], true);
    const call = capture(gateway, id, 2_500);
    await lost;
    await until('others have decided about it', async () => (await atRest(id)).length === 1);
    listener.up();
    await expectNoSecret(await call, id, 'captures', 2_500);
  });

  it('says that it may have happened where a repeat would do it twice, and names no time to repeat it at', async () => {
    const id = await direct.order();
    const session = `${simulator.url}/payments/v1/sessions/${(await direct.ledger(id)).session_id}`;
    const gate = await gateAt(direct, 'after', '/hpp/v1/sessions');
    const call = behindProxy.call('POST', '/hpp/v1/sessions', { body: { payment_session_url: session } });
    await gate.waiting();
    await proxy.cut();
    try {
      await gate.open();
      const { status, headers, json } = await call;
      const { error_messages: messages } = json as { error_messages: string[] };
      expect([status, headers['location'], headers['retry-after']]).toEqual([503, expect.stringMatching(/^.operations./), undefined]);
      expect(messages.join()).toContain('the page may have been made');
      expect(messages.join()).not.toContain('key');
    } finally {
      await proxy.open();
    }
  });

  it('is not carried out behind a 503 without an address when the answer to its beginning was lost', async () => {
    const id = await direct.order();
    expect((await capture(direct, id, 4_000)).status).toBe(201);
    const gate = await gateAt(direct, 'before', ordersPath(id, '/captures'));
    const before = capture(direct, id, 1_000);
    await gate.waiting();
    const lost = listener.loseAnswerTo(['WITH attempt AS', 'COMMIT']);
    const refund = gateway.post(ordersPath(id, '/refunds'), { refunded_amount: 500 });
    await lost;
    const answer = await refund;
    await gate.open();
    expect((await before).status).toBe(201);
    await expectNoSecret(answer, id, 'refunds', 500);
  });

  it('is not carried out behind a 503 without an address when Postgres records it only after the connection was cut', async () => {
    const id = await direct.order();
    const held = await holding(database, 'INSERT INTO lanes SELECT id, $1, 0, 0, 0 FROM provider_accounts', [id]);
    let answered = false;
    const call = capture(behindProxy, id, 900).finally(() => (answered = true));
    const [pid] = await stuckAt(database, '%WITH input AS%', 1);
    await proxy.cut();
    await proxy.open();
    // Who looks it up finds nothing yet: it has to wait for the statement, or to leave the question open.
    await until(
      'it was looked up',
      async () =>
        answered ||
        (await rowsOf(database, `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`)).length >
          1,
    );
    await held.letGo();
    const answer = await call;
    await until('the statement has ended', async () => {
      const rows = await rowsOf(database, `SELECT 1 FROM pg_stat_activity WHERE pid = $1 AND state = 'active'`, [pid]);
      return rows.length === 0;
    });
    await expectNoSecret(answer, id, 'captures', 900);
  });

  it('is named in the 503 when the end of its wait could not be written down', async () => {
    const id = await direct.order();
    const fault = await lasting(direct, 'reset_before', { method: 'POST', path: ordersPath(id, '/captures') });
    const lost = listener.loseAnswerTo(['UPDATE operations SET unresolved_since']);
    const call = capture(gateway, id, 700, { Prefer: 'wait=1' });
    await lost;
    const answer = await call;
    expect([answer.status, answer.json]).toMatchObject([503, { error_code: 'TEMPORARILY_UNAVAILABLE' }]);
    expect(operationIn(answer)).toBe((await operations(id))[0]?.id);
    await fault.end();
    await atRest(id);
    expect((await expectRowsLikeLedger(direct, id)).captured_amount).toBe(700);
    expect((await requests(direct, { method: 'POST', path: ordersPath(id, '/captures') })).filter(({ executed }) => executed)).toHaveLength(
      1,
    );
  });
});

describe('an operation that waited for its turn in a process that lost the way to Postgres', () => {
  let simulator: Simulator;
  let database: TestDatabase;
  let listener: Listener;
  let gateway: TestGateway;
  /** None of them takes up what is due: the caller's own process begins it. */
  let direct: TestGateway;
  beforeAll(async () => {
    simulator = await startSimulator();
    database = await testDatabase();
    listener = await Listener.before(database.url);
    const env = { ANSWER_WAIT_MS: '8000', ROLE: 'api' };
    gateway = await testGateway({ simulator, database: { ...database, url: listener.url }, env });
    direct = await testGateway({ simulator, database, env });
  });
  afterAll(async () => {
    await gateway.close();
    await direct.close();
    await listener.close();
    await database.drop();
    await simulator.close();
  });

  it('is named in the 503 when its beginning failed, and is carried out once', async () => {
    const id = await direct.order();
    const path = ordersPath(id, '/captures');
    const gate = await gateAt(direct, 'before', path);
    const before = direct.post(path, { captured_amount: 1_000 });
    await gate.waiting();
    const lost = listener.loseAnswerTo(['WITH attempt AS', 'COMMIT']);
    const call = gateway.post(path, { captured_amount: 700 });
    await accepted({ database }, id, 2);
    await gate.open();
    expect((await before).status).toBe(201);
    await lost;
    const answer = await call;
    expect([answer.status, answer.json]).toMatchObject([503, { error_code: 'TEMPORARILY_UNAVAILABLE' }]);
    const [, waiting] = await rowsOf(database, 'SELECT id FROM operations WHERE lane = $1 ORDER BY position', [id]);
    expect(waiting).toEqual({ id: operationIn(answer) });
    const worker = await testGateway({ simulator, database });
    try {
      expect((await settled(direct, answer)).state).toBe('succeeded');
      expect((await expectRowsLikeLedger(direct, id)).captured_amount).toBe(1_700);
    } finally {
      await worker.close();
    }
  });
});
