import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { startSimulator, type Simulator } from '../../simulator/simulator.js';
import { cartOf, Client } from '../support/client.js';
import { testGateway, type TestGateway } from '../support/gateway.js';
import { addMerchant } from '../support/merchants.js';
import { type TestDatabase, testDatabase } from '../support/postgres.js';
import {
  expectRowsLikeLedger,
  gateAt,
  lasting,
  lastSequence,
  operation,
  ordersPath,
  placedElsewhere,
  requests,
  rowsOf,
  settled,
  timeline,
} from '../support/scene.js';

const KUSTOM = { username: 'kustom', password: 'kustom' };
const CAPTURE = { captured_amount: 2_500, reference: 'parcel 1' };

describe('a merchant whose Checkout is at another host', () => {
  let elsewhere: Simulator;
  let gateway: TestGateway;
  /** Klarna's own host: what the gateway's client plays with. */
  let klarna: TestGateway;
  /** The other host, called directly. */
  let kustom: Client;

  beforeAll(async () => {
    elsewhere = await startSimulator({ accounts: [KUSTOM] });
    gateway = await testGateway({
      env: {
        KLARNA_CHECKOUT_BASE_URL: elsewhere.url,
        KLARNA_CHECKOUT_USERNAME: KUSTOM.username,
        KLARNA_CHECKOUT_PASSWORD: KUSTOM.password,
      },
    });
    klarna = gateway;
    kustom = new Client(elsewhere.url, elsewhere.url, 'kustom:kustom');
  });
  afterAll(async () => {
    await gateway.close();
    await elsewhere.close();
  });
  afterEach(async () => {
    for (const client of [klarna, kustom]) await client.simulate('DELETE', '/simulator/faults');
  });

  /** As a checkout makes one, which the gateway has not heard of. */
  const checkoutOrder = () => kustom.order();
  const pinnedTo = async (orderId: string) =>
    (
      await rowsOf<{ username: string }>(
        gateway.database,
        'SELECT a.username FROM orders o JOIN provider_accounts a ON a.id = o.provider_account_id WHERE o.provider_order_id = $1',
        [orderId],
      )
    ).map(({ username }) => username);
  /** Methods of what both hosts were asked for about an order. */
  const asked = async (client: Client, orderId: string) =>
    (await requests(client, { path: `${ordersPath(orderId)}*` })).map(({ method }) => method);
  const operationsOf = async (orderId: string) =>
    (await rowsOf(gateway.database, 'SELECT 1 FROM operations WHERE lane = $1', [orderId])).length;
  const sick = (client: Client, orderId: string, kind = 'status', more: Record<string, unknown> = { code: 500 }) =>
    lasting(client, kind, { path: `${ordersPath(orderId)}*` }, more);

  it('places orders of Payments at Klarna, and asks nobody where they are', async () => {
    const id = await gateway.order();
    expect((await gateway.post(ordersPath(id, '/captures'), CAPTURE)).status).toBe(201);
    expect([await asked(kustom, id), await pinnedTo(id)]).toEqual([[], ['simulator']]);
  });

  it.each([
    ['captures', '/captures', CAPTURE, 201],
    ['cancels', '/cancel', undefined, 204],
  ])('%s an order of the other host there, and sends the change nowhere else', async (_, suffix, body, status) => {
    const id = await checkoutOrder();
    expect((await gateway.post(ordersPath(id, suffix), body, randomUUID())).status).toBe(status);
    expect(await asked(klarna, id)).toEqual(['GET']);
    expect((await asked(kustom, id)).filter((method) => method !== 'GET')).toEqual(['POST']);
    expect(await pinnedTo(id)).toEqual(['kustom']);
    expect((await timeline(gateway, id))[0]).toMatchObject({ type: 'order.adopted', operation_id: null });
  });

  it('knows from then on where the order is, also with a capture in capitals', async () => {
    const id = await checkoutOrder();
    await gateway.get(ordersPath(id));
    const [before, there] = [await asked(klarna, id), await kustom.ledger(id)];
    expect((await gateway.post(ordersPath(id.toUpperCase(), '/captures'), CAPTURE)).status).toBe(201);
    expect((await gateway.post(ordersPath(id, '/refunds'), { refunded_amount: 500 })).status).toBe(201);
    expect(await asked(klarna, id)).toEqual(before);
    expect([there.captured_amount, (await kustom.ledger(id)).captured_amount]).toEqual([0, 2_500]);
  });

  it.each(['', '/captures'])('reads it there, byte by byte (%s)', async (suffix) => {
    const id = await checkoutOrder();
    const [answer, direct] = [await gateway.get(ordersPath(id, suffix)), await kustom.get(ordersPath(id, suffix))];
    expect([answer.status, answer.text]).toEqual([200, direct.text]);
    expect(await gateway.stored(id)).toMatchObject({ status: 'AUTHORIZED', origin: 'adopted' });
  });

  it("does not mind that Klarna answers 403 to what is another's", async () => {
    const id = await checkoutOrder();
    await sick(klarna, id, 'status', { code: 403, error_code: 'FORBIDDEN' });
    expect((await gateway.post(ordersPath(id, '/captures'), CAPTURE)).status).toBe(201);
    expect((await asked(klarna, id)).every((method) => method === 'GET')).toBe(true);
  });

  it('lets Klarna itself say that nobody has an order, and sends a change there alone', async () => {
    const id = randomUUID();
    const answer = await gateway.post(ordersPath(id, '/captures'), CAPTURE);
    expect([answer.status, answer.json]).toMatchObject([404, { error_code: 'NO_SUCH_ORDER' }]);
    expect([await asked(klarna, id), await asked(kustom, id)]).toEqual([['GET', 'POST'], ['GET']]);
    const read = await gateway.get(ordersPath(id));
    expect([read.status, read.json]).toMatchObject([404, { error_code: 'NO_SUCH_ORDER' }]);
    expect(await pinnedTo(id)).toEqual([]);
  });

  it('finds an order of the other host while Klarna is sick', async () => {
    const id = await checkoutOrder();
    await sick(klarna, id);
    expect((await gateway.post(ordersPath(id, '/captures'), CAPTURE)).status).toBe(201);
    expect((await asked(klarna, id)).every((method) => method === 'GET')).toBe(true);
  });

  it('takes a change of an order that only sick Klarna can have, and carries it out when it is well', async () => {
    const order = await placedElsewhere(klarna);
    const sickness = await sick(klarna, order);
    const pending = await gateway.call('POST', ordersPath(order, '/captures'), { body: CAPTURE, headers: { Prefer: 'wait=0' } });
    expect(pending.status).toBe(202);
    await sickness.end();
    expect(await settled(gateway, pending)).toMatchObject({ state: 'succeeded' });
    expect((await klarna.ledger(order)).captured_amount).toBe(2_500);
    expect((await asked(kustom, order)).every((method) => method === 'GET')).toBe(true);
  });

  it.each([
    ['5xx', 'status', { code: 500 }, 503, 'TEMPORARILY_UNAVAILABLE'],
    ['silence', 'timeout_before', {}, 503, 'TEMPORARILY_UNAVAILABLE'],
    ['refused credentials', 'status', { code: 401 }, 502, 'PROVIDER_CREDENTIALS'],
  ])('sends nothing while it can not be told where an order is (%s)', async (_, kind, more, status, code) => {
    const id = await checkoutOrder();
    const sickness = await sick(kustom, id, kind, more);
    const key = randomUUID();
    const answers = [await gateway.post(ordersPath(id, '/captures'), CAPTURE, key), await gateway.get(ordersPath(id))];
    for (const answer of answers) expect([answer.status, answer.json]).toMatchObject([status, { error_code: code }]);
    expect([await operationsOf(id), await asked(klarna, id)]).toEqual([0, ['GET', 'GET']]);
    await sickness.end();
    expect((await gateway.post(ordersPath(id, '/captures'), CAPTURE, key)).status).toBe(201);
    expect((await kustom.ledger(id)).captures).toHaveLength(1);
  });

  it("a proxy's 404 in front of the other host proves nothing", async () => {
    const id = await checkoutOrder();
    await sick(kustom, id, 'status', { code: 404, body: '<html>not found</html>' });
    expect((await gateway.get(ordersPath(id))).status).toBe(503);
    expect(await operationsOf(id)).toBe(0);
  });

  it('adopts an order once, and captures it as often as was asked, when requests arrive together', async () => {
    const id = await checkoutOrder();
    const gate = await gateAt(kustom, 'after', ordersPath(id), 'GET');
    const calls = [1, 2, 3].map((n) => gateway.post(ordersPath(id, '/captures'), { captured_amount: 100 * n }, randomUUID()));
    await gate.waiting(3);
    await gate.open();
    expect((await Promise.all(calls)).map(({ status }) => status)).toEqual([201, 201, 201]);
    expect([(await kustom.ledger(id)).captured_amount, await pinnedTo(id)]).toEqual([600, ['kustom']]);
  });

  it('answers a repeat from the record, wherever the order was found', async () => {
    const id = await checkoutOrder();
    const key = randomUUID();
    const [first, again] = [
      await gateway.post(ordersPath(id, '/captures'), CAPTURE, key),
      await gateway.post(ordersPath(id, '/captures'), CAPTURE, key),
    ];
    expect([again.status, again.headers['capture-id']]).toEqual([201, first.headers['capture-id']]);
    expect((await kustom.ledger(id)).captures).toHaveLength(1);
  });
});

describe.each(['PAYMENTS', 'ORDER_MANAGEMENT', 'CHECKOUT', 'CUSTOMER_TOKEN', 'HOSTED_PAYMENT_PAGE'])(
  'with %s alone at another host',
  (api) => {
    it('every request goes where it belongs', async () => {
      const other = await startSimulator({ accounts: [KUSTOM] });
      const gateway = await testGateway({
        env: {
          [`KLARNA_${api}_BASE_URL`]: other.url,
          [`KLARNA_${api}_USERNAME`]: KUSTOM.username,
          [`KLARNA_${api}_PASSWORD`]: KUSTOM.password,
        },
      });
      try {
        const there = new Client(other.url, other.url, 'kustom:kustom');
        const home = new Client(gateway.simulator.url, gateway.simulator.url, 'simulator:simulator');
        const [theirs, ours] = [await there.order(), await home.order()];
        for (const [id, client] of [
          [theirs, there],
          [ours, home],
        ] as const) {
          expect((await gateway.post(ordersPath(id, '/captures'), CAPTURE)).status).toBe(201);
          expect((await client.ledger(id)).captured_amount).toBe(2_500);
        }
        // What Payments places is captured where Payments placed it.
        const player = new Client(gateway.url, api === 'PAYMENTS' ? other.url : gateway.simulator.url);
        const placed = await player.order();
        expect((await gateway.post(ordersPath(placed, '/captures'), CAPTURE)).status).toBe(201);
        expect((await player.ledger(placed)).captured_amount).toBe(2_500);
      } finally {
        await gateway.close();
        await other.close();
      }
    });
  },
);

const user = (name: string) => ({ username: name, password: `${name}-secret` });

/** Starts gateways over one database that know Klarna by one user name, and by those that they had before. */
const startsWith =
  (simulator: Simulator, database: TestDatabase) =>
  (name: string, previous = ''): Promise<TestGateway> =>
    testGateway({
      simulator,
      database,
      env: { KLARNA_USERNAME: name, KLARNA_PASSWORD: `${name}-secret`, KLARNA_PREVIOUS_CREDENTIALS: previous },
    });

describe('rotating credentials', () => {
  it('leaves what was made with removed ones readable here, and says so where Klarna would have to be asked', async () => {
    const simulator = await startSimulator({ accounts: [{ username: 'simulator', password: 'simulator' }, KUSTOM] });
    const database = await testDatabase();
    let gateway = await testGateway({ simulator, database });
    try {
      // Of another merchant, whose account no configuration brings back.
      const shop = new Client(gateway.url, simulator.url, await addMerchant(gateway, 'other', KUSTOM.username));
      const id = await shop.order();
      await gateway.close();
      await rowsOf(database, `UPDATE provider_accounts SET retired_at = now() WHERE username = $1`, [KUSTOM.username]);
      gateway = await testGateway({ simulator, database });
      const again = new Client(gateway.url, simulator.url, 'other:other');
      const since = await lastSequence(again);
      for (const answer of [
        await again.post(ordersPath(id, '/captures'), CAPTURE),
        await again.get(ordersPath(id)),
        await again.get(ordersPath(id, '/captures')),
      ]) {
        expect([answer.status, answer.json]).toMatchObject([502, { error_code: 'PROVIDER_CREDENTIALS' }]);
      }
      expect(await again.stored(id)).toMatchObject({ provider_order_id: id });
      expect(await requests(again, { path: `${ordersPath(id)}*` }, since)).toEqual([]);
    } finally {
      await gateway.close();
      await simulator.close();
      await database.drop();
    }
  });

  it('lets a shopper who began before it finish: the token is found where its session was opened', async () => {
    const simulator = await startSimulator({ accounts: [user('one'), user('two')] });
    const database = await testDatabase();
    const start = startsWith(simulator, database);
    let gateway = await start('one');
    try {
      // The tokens come through the browser: no session that is read here shows them before.
      const begun = [await gateway.authorized(cartOf(10_000)), await gateway.authorized(cartOf(20_000))] as const;
      await gateway.close();
      gateway = await start('two', 'one:one-secret');
      const [bought, left] = begun;
      const place = (token: string) => gateway.post(`/payments/v1/authorizations/${token}/order`, bought.cart);
      const placed = await place(bought.token);
      expect(placed.status).toBe(200);
      expect((await place(bought.token)).text).toBe(placed.text);
      expect((await gateway.call('DELETE', `/payments/v1/authorizations/${left.token}`)).status).toBe(204);
      const id = (placed.json as { order_id: string }).order_id;
      expect((await gateway.post(ordersPath(id, '/captures'), CAPTURE)).status).toBe(201);
      await expectRowsLikeLedger(gateway, id);
      // What nobody knows is still unknown.
      expect([(await place(randomUUID())).status, (await gateway.authorized(cartOf(10_000))).token]).toEqual([404, expect.any(String)]);
    } finally {
      await gateway.close();
      await simulator.close();
      await database.drop();
    }
  });

  it('twice in a month: orders are finished with those they were made with; then these are no longer needed', async () => {
    const simulator = await startSimulator({ accounts: [user('one'), user('two'), user('three')] });
    const database = await testDatabase();
    const start = startsWith(simulator, database);
    const refusalOf = (starting: Promise<TestGateway>): Promise<string> =>
      starting.then(
        async (gateway) => {
          await gateway.close();
          return 'it started';
        },
        (error: unknown) => (error as Error).message,
      );
    /** An order, and its payment session read once it is placed: else that counts as open until it ends. */
    const placed = async (gateway: TestGateway): Promise<string> => {
      const id = await gateway.order();
      const { session_id: session } = await gateway.ledger(id);
      expect((await gateway.get(`/payments/v1/sessions/${session}`)).json).toMatchObject({ status: 'complete' });
      return id;
    };
    const first = await start('one');
    let running: TestGateway | undefined = first;
    const stop = async () => {
      await running?.close();
      running = undefined;
    };
    try {
      const [open, captured] = [await placed(first), await placed(first)];
      await first.post(ordersPath(captured, '/captures'), { captured_amount: 10_000 });
      await stop();

      running = await start('two', 'one:one-secret');
      expect((await running.post(ordersPath(open, '/captures'), { captured_amount: 1_000 })).status).toBe(201);
      const second = await placed(running);
      await stop();

      running = await start('three', 'one:one-secret two:two-secret');
      expect((await running.post(ordersPath(open, '/captures'), { captured_amount: 2_000 })).status).toBe(201);
      expect((await running.post(ordersPath(second, '/captures'), { captured_amount: 2_000 })).status).toBe(201);
      await running.fault('status', { method: 'POST', path: ordersPath(second, '/captures') }, { code: 500, times: 1_000_000 });
      const waiting = await running.call('POST', ordersPath(second, '/captures'), {
        body: { captured_amount: 500 },
        headers: { Prefer: 'wait=0' },
      });
      expect(waiting.status).toBe(202);
      await stop();

      const message = await refusalOf(start('three'));
      expect(message).toMatch(/one at simulator still has 1 order open/);
      expect(message).toMatch(/two at simulator still has 1 order, 1 operation open/);
      expect(message).toMatch(/KLARNA_PREVIOUS_CREDENTIALS/);
      expect(message.split('\n')).toHaveLength(2);
      expect(await refusalOf(start('three', 'one:one-secret'))).toMatch(/^Klarna's account two at simulator still has 1 order/);

      running = await start('three', 'one:one-secret two:two-secret');
      await running.simulate('DELETE', '/simulator/faults');
      await settled(running, waiting);
      for (const [id, rest] of [
        [open, 7_000],
        [second, 7_500],
      ] as const) {
        expect((await running.post(ordersPath(id, '/captures'), { captured_amount: rest })).status).toBe(201);
      }
      await stop();

      running = await start('three');
      expect(
        await rowsOf(
          database,
          `SELECT a.username, s.username AS successor FROM provider_accounts a JOIN provider_accounts s ON s.id = a.successor_id
            WHERE a.retired_at IS NOT NULL ORDER BY a.username`,
        ),
      ).toEqual([
        { username: 'one', successor: 'three' },
        { username: 'two', successor: 'three' },
      ]);
      // What is over can still be asked for and refunded: with the credentials that are there now.
      const refunded = await running.call('POST', ordersPath(captured, '/refunds'), {
        body: { refunded_amount: 100 },
        headers: { Prefer: 'wait=0' },
      });
      const { requests: seen } = (await running.simulate('GET', '/simulator/ledger/requests?full=true')) as {
        requests: { method: string; path: string; headers: Record<string, string> }[];
      };
      const refund = seen.find(({ method, path }) => method === 'POST' && path === ordersPath(captured, '/refunds'));
      expect(refund?.headers['authorization']).toBe('Basic three:***');
      expect((await operation(running, waiting)).state).toBe('succeeded');
      // At the simulator each user name is a merchant of its own: the order is unknown to this one. Named again, the first is in service.
      await stop();
      running = await start('three', 'one:one-secret');
      expect(await settled(running, refunded)).toMatchObject({ state: 'succeeded' });
      expect((await running.ledger(captured)).refunds).toMatchObject([{ refunded_amount: 100 }]);
    } finally {
      await stop();
      await simulator.close();
      await database.drop();
    }
  });
});
