import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { type Simulator, startSimulator } from '../../simulator/simulator.js';
import { type Answer, cartOf } from '../support/client.js';
import { testGateway, type TestGateway } from '../support/gateway.js';
import { addMerchant } from '../support/merchants.js';
import { expectRowsLikeLedger, lastSequence, ordersPath, requests, rowsOf, timeline } from '../support/scene.js';

const BODY = { captured_amount: 2_500, reference: 'parcel 1' };
const CREDENTIALS = `Basic ${Buffer.from('simulator:simulator').toString('base64')}`;

describe("another merchant's", () => {
  let simulator: Simulator;
  let gateway: TestGateway;
  /** At Klarna under a name of its own, and under the same name as the first. */
  const rivals: Record<string, string> = {};
  let orderId: string;
  let captureId: string;
  let operationId: string;
  let cursor: string;
  let session: { token: string; sessionId: string };

  beforeAll(async () => {
    const accounts = ['simulator', 'rival'].map((username) => ({ username, password: username }));
    simulator = await startSimulator({ accounts });
    gateway = await testGateway({ simulator });
    rivals['with its own account'] = await addMerchant(gateway, 'other', 'rival');
    rivals['with the same account'] = await addMerchant(gateway, 'neighbour');
    orderId = await gateway.order();
    await gateway.order();
    const captured = await gateway.call('POST', ordersPath(orderId, '/captures'), { body: BODY, key: randomUUID() });
    captureId = captured.headers['capture-id'] ?? '';
    const [row] = await rowsOf<{ id: string }>(gateway.database, 'SELECT id FROM operations WHERE lane = $1', [orderId]);
    operationId = row?.id ?? '';
    cursor = ((await gateway.get('/orders?limit=1')).json as { next_cursor: string }).next_cursor;
    session = await gateway.authorized(cartOf(7_700));
    // Now its token is known.
    await gateway.get(`/payments/v1/sessions/${session.sessionId}`);
  });
  afterAll(async () => {
    await gateway.close();
    await simulator.close();
  });

  /** An answer without what belongs to the one exchange and the id that was asked for. */
  function seen({ status, headers, text }: Answer, asked: string): unknown {
    const correlation = headers['klarna-correlation-id'] ?? '-';
    const shown = text.replaceAll(correlation, '<correlation>').replaceAll(asked, '<id>');
    const names = Object.keys(headers).filter((name) => !['content-length', 'date'].includes(name));
    return {
      status,
      type: headers['content-type'],
      names: names.sort(),
      body: shown.replace(/"request_id":"[^"]*"/, '"request_id":"<correlation>"'),
    };
  }

  describe.each(['with its own account', 'with the same account'])('for a merchant %s', (which) => {
    it.each<[string, string, (id: string) => string, unknown]>([
      ['order', 'GET', (id) => ordersPath(id), undefined],
      ['list of captures', 'GET', (id) => ordersPath(id, '/captures'), undefined],
      ['capture', 'GET', (id) => ordersPath(id, `/captures/${captureId}`), undefined],
      ['order to capture', 'POST', (id) => ordersPath(id, '/captures'), BODY],
      ['order to refund', 'POST', (id) => ordersPath(id, '/refunds'), { refunded_amount: 1 }],
      ['order to cancel', 'POST', (id) => ordersPath(id, '/cancel'), undefined],
      ['order to release', 'POST', (id) => ordersPath(id, '/release-remaining-authorization'), undefined],
    ])('%s is answered like one that Klarna does not know, and Klarna is not asked', async (_, method, path, body) => {
      const as = rivals[which] ?? '';
      const unknown = randomUUID();
      const real = await gateway.call(method, path(unknown), { body, as });
      const since = await lastSequence(gateway);
      const foreign = await gateway.call(method, path(orderId), { body, as });
      expect(foreign.status).toBe(404);
      expect(seen(foreign, orderId)).toEqual(seen(real, unknown));
      // The first merchant's order may be read for reasons of its own.
      expect((await requests(gateway, { path: ordersPath(orderId, '*') }, since)).filter((each) => each.method !== 'GET')).toHaveLength(0);
    });

    it.each<[string, string, (id: string) => string, unknown]>([
      ['order', 'GET', (id) => `/orders/${id}`, undefined],
      ['timeline', 'GET', (id) => `/orders/${id}/timeline`, undefined],
    ])('%s on our own routes is answered like an unknown one', async (_, method, path) => {
      const as = rivals[which] ?? '';
      const unknown = randomUUID();
      const foreign = await gateway.call(method, path(orderId), { as });
      expect(foreign.status).toBe(404);
      expect(seen(foreign, orderId)).toEqual(seen(await gateway.call(method, path(unknown), { as }), unknown));
    });

    it.each<[string, string, unknown]>([
      ['GET', '', undefined],
      ['POST', '/cancel', undefined],
      ['POST', '/retry', undefined],
      ['POST', '/resolve', { outcome: 'rejected', reason: 'x' }],
    ])('operation is answered like an unknown one (%s %s)', async (method, suffix, body) => {
      const as = rivals[which] ?? '';
      const unknown = randomUUID();
      const foreign = await gateway.call(method, `/operations/${operationId}${suffix}`, { body, as });
      expect(foreign.status).toBe(404);
      expect(seen(foreign, operationId)).toEqual(
        seen(await gateway.call(method, `/operations/${unknown}${suffix}`, { body, as }), unknown),
      );
    });

    it('cursor is refused, and its list shows nothing of others', async () => {
      const as = rivals[which] ?? '';
      expect((await gateway.call('GET', `/orders?limit=1&cursor=${encodeURIComponent(cursor)}`, { as })).status).toBe(400);
      const list = (await gateway.call('GET', '/orders', { as })).json as { items: { provider_order_id: string }[] };
      expect(list.items.map((each) => each.provider_order_id)).not.toContain(orderId);
    });

    it.each<[string, string, () => string, unknown]>([
      ['session', 'GET', () => `/payments/v1/sessions/${session.sessionId}`, undefined],
      ['session to change', 'POST', () => `/payments/v1/sessions/${session.sessionId}`, cartOf(8_800)],
      ['authorization to place', 'POST', () => `/payments/v1/authorizations/${session.token}/order`, cartOf(7_700)],
      ['authorization to cancel', 'DELETE', () => `/payments/v1/authorizations/${session.token}`, undefined],
    ])('%s is not found, and Klarna is not asked', async (_, method, path, body) => {
      const as = rivals[which] ?? '';
      const since = await lastSequence(gateway);
      const foreign = await gateway.call(method, path(), { body, as });
      expect([foreign.status, foreign.json]).toMatchObject([404, { error_code: 'NOT_FOUND' }]);
      expect(await requests(gateway, { path: path() }, since)).toHaveLength(0);
    });
  });

  it('key is not ours: both use the same one for different things', async () => {
    const key = randomUUID();
    const as = rivals['with its own account'] ?? '';
    const mine = await gateway.order();
    expect((await gateway.post(ordersPath(mine, '/captures'), BODY, key)).status).toBe(201);
    const other = await gateway.call('POST', ordersPath(randomUUID(), '/captures'), { body: { captured_amount: 1 }, key, as });
    expect(other.status).toBe(404);
  });
});

describe('an order that we do not know', () => {
  let simulator: Simulator;
  let gateway: TestGateway;
  let neighbour: string;
  beforeAll(async () => {
    simulator = await startSimulator();
    gateway = await testGateway({ simulator });
    neighbour = await addMerchant(gateway, 'neighbour');
  });
  afterAll(async () => {
    await gateway.close();
    await simulator.close();
  });

  /** An order that was placed at Klarna before this service came. */
  async function old(): Promise<string> {
    const call = async (path: string, body: unknown): Promise<Record<string, string>> => {
      const headers = { Authorization: CREDENTIALS, 'Content-Type': 'application/json' };
      const answer = await fetch(gateway.simulatorUrl + path, { method: 'POST', headers, body: JSON.stringify(body) });
      return (await answer.json()) as Record<string, string>;
    };
    const cart = cartOf(10_000);
    const { session_id: sessionId } = await call('/payments/v1/sessions', cart);
    const { authorization_token: token } = await call(`/simulator/sessions/${sessionId}/authorize`, {});
    return (await call(`/payments/v1/authorizations/${token}/order`, cart))['order_id'] ?? '';
  }

  it.each<[string, (id: string, as?: string) => Promise<Answer>, number]>([
    ['a capture', (id, as = 'demo:demo') => gateway.call('POST', ordersPath(id, '/captures'), { body: BODY, as }), 201],
    ['a cancel', (id, as = 'demo:demo') => gateway.call('POST', ordersPath(id, '/cancel'), { as }), 204],
    [
      'a refusal that shows that Klarna knows it',
      (id, as = 'demo:demo') => gateway.call('POST', ordersPath(id, '/refunds'), { body: { refunded_amount: 1 }, as }),
      403,
    ],
    ['a look', (id, as = 'demo:demo') => gateway.call('GET', ordersPath(id), { as }), 200],
    ['a look at its captures', (id, as = 'demo:demo') => gateway.call('GET', ordersPath(id, '/captures'), { as }), 200],
  ])('is forwarded, and ours after the first use: %s', async (_, use, status) => {
    const id = await old();
    expect((await gateway.get(`/orders/${id}`)).status).toBe(404);
    expect((await use(id)).status).toBe(status);
    expect((await timeline(gateway, id)).map(({ type }) => type)).toContain('order.adopted');
    await gateway.get(ordersPath(id));
    await expectRowsLikeLedger(gateway, id);
    // From now on it is nobody else's, even with the same account at Klarna.
    const since = await lastSequence(gateway);
    expect((await use(id, neighbour)).status).toBe(404);
    expect((await requests(gateway, { path: ordersPath(id, '*') }, since)).filter((each) => each.method !== 'GET')).toHaveLength(0);
  });

  it('is not made up when Klarna does not know it either', async () => {
    const id = randomUUID();
    const answer = await gateway.post(ordersPath(id, '/captures'), BODY, randomUUID());
    expect([answer.status, answer.json]).toMatchObject([404, { error_code: 'NO_SUCH_ORDER' }]);
    expect((await gateway.get(`/orders/${id}`)).status).toBe(404);
    expect(await rowsOf(gateway.database, 'SELECT 1 FROM orders WHERE provider_order_id = $1', [id])).toHaveLength(0);
  });
});
