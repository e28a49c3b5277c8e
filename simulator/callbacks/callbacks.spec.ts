import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { JsonObject } from '../json.js';
import type { Simulator } from '../simulator.js';
import { eventually, ORDERS, startForTest, type TestClient } from '../test-client.js';

interface Received {
  method: string;
  path: string;
  body: string;
  type: string | undefined;
}

let simulator: Simulator;
let client: TestClient;
let merchant: Server;
let shop: string;
let received: Received[] = [];
let answer: (request: Received, response: ServerResponse) => void;

beforeAll(async () => {
  ({ simulator, client } = await startForTest());
  merchant = createServer((request: IncomingMessage, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      const seen = { method: request.method ?? '', path: request.url ?? '', body, type: request.headers['content-type'] };
      received.push(seen);
      answer(seen, response);
    });
  });
  await new Promise<void>((resolve) => merchant.listen(0, '127.0.0.1', resolve));
  shop = `http://127.0.0.1:${(merchant.address() as AddressInfo).port}`;
});
afterAll(async () => {
  await simulator.close();
  merchant.closeAllConnections();
  await new Promise((resolve) => merchant.close(resolve));
});
beforeEach(async () => {
  await client.call('DELETE', '/simulator/state');
  received = [];
  answer = (_request, response) => response.writeHead(200).end();
});

const callbacks = async () =>
  (await client.call('GET', '/simulator/callbacks')).json.callbacks as (JsonObject & { attempts: JsonObject[] })[];
const attempts = (count: number) => eventually(async () => ((await callbacks())[0]?.attempts.length === count ? true : undefined));
const replyWith = (status: number) => (_request: Received, response: ServerResponse) => void response.writeHead(status).end();

describe('the authorization callback', () => {
  it('carries token and session, once, when the merchant answers with any 2xx', async () => {
    answer = replyWith(204);
    const sessionId = await client.session({ merchant_urls: { authorization: `${shop}/auth?s={session.id}` } });
    const token = await client.authorize(sessionId);
    await attempts(1);
    await client.advance(3600);
    expect(received).toHaveLength(1);
    expect(received[0]).toMatchObject({ method: 'POST', path: `/auth?s=${sessionId}`, type: 'application/json' });
    expect(JSON.parse(received[0]!.body)).toEqual({ authorization_token: token, session_id: sessionId });
    expect(await callbacks()).toMatchObject([{ kind: 'authorization', next_at: null, attempts: [{ status: 204, error: null }] }]);
  });

  it('is tried three times in all, after one second and after two more', async () => {
    answer = replyWith(409);
    await client.authorize(await client.session({ merchant_urls: { authorization: `${shop}/auth` } }));
    await attempts(1);
    await client.advance(1);
    await attempts(2);
    await client.advance(2);
    await attempts(3);
    const [callback] = await callbacks();
    expect(callback!.next_at).toBeNull();
    expect(callback!.attempts.map(({ status }) => status)).toEqual([409, 409, 409]);
  });

  it('gives up on an answer after two seconds', async () => {
    answer = () => {};
    await client.authorize(await client.session({ merchant_urls: { authorization: `${shop}/auth` } }));
    await attempts(1);
    expect((await callbacks())[0]!.attempts[0]).toMatchObject({ status: null, error: 'no answer within 2000 ms' });
  });
});

describe('the authorization callback of a session that is authorized again', () => {
  it('carries the newer token, while the older one is still repeated', async () => {
    answer = replyWith(500);
    const sessionId = await client.session({ merchant_urls: { authorization: `${shop}/auth` } });
    const older = await client.authorize(sessionId);
    await attempts(1);
    const newer = await client.authorize(sessionId);
    await eventually(() => received.length === 2);
    await attempts(1);
    await client.advance(1);
    await eventually(() => received.length === 4);
    const tokens = received.map(({ body }) => (JSON.parse(body) as JsonObject).authorization_token);
    expect(tokens.slice(0, 2)).toEqual([older, newer]);
    expect(tokens.slice(2).sort()).toEqual([older, newer].sort());
  });

  it('tells the references where the switch says so', async () => {
    await client.behave({ authorization_references: 'told' });
    await client.authorize(await client.session({ merchant_reference1: 'R-1', merchant_urls: { authorization: `${shop}/auth` } }));
    await attempts(1);
    expect(JSON.parse(received[0]!.body)).toMatchObject({ merchant_reference1: 'R-1' });
  });
});

describe('the push', () => {
  const place = () => client.order({ merchant_urls: { push: `${shop}/push/{order.id}/{session.id}` } });

  it('is a POST without a body to the URL with its placeholders filled', async () => {
    const orderId = await place();
    await attempts(1);
    expect(received[0]).toMatchObject({ method: 'POST', body: '', type: undefined });
    expect(received[0]!.path).toMatch(new RegExp(`^/push/${orderId}/[0-9a-f-]{36}$`));
  });

  it('comes every ten minutes until it is answered with 200', async () => {
    answer = replyWith(202);
    await place();
    await attempts(1);
    await client.advance(599);
    expect(received).toHaveLength(1);
    await client.advance(1);
    await attempts(2);
    answer = replyWith(200);
    await client.advance(600);
    await attempts(3);
    await client.advance(7200);
    expect((await callbacks())[0]).toMatchObject({ next_at: null });
    expect(received).toHaveLength(3);
  });

  it('stops after 24 hours', async () => {
    answer = replyWith(500);
    await place();
    await attempts(1);
    await client.advance(30 * 3600);
    await attempts(145);
    expect((await callbacks())[0]!.next_at).toBeNull();
  });

  it('survives a merchant who is not there', async () => {
    const orderId = await client.order({ merchant_urls: { push: 'http://127.0.0.1:1/push' } });
    await attempts(1);
    expect((await callbacks())[0]!.attempts[0]).toMatchObject({ status: null, error: expect.stringContaining('ECONNREFUSED') });
    expect((await client.capture(orderId, 1)).status).toBe(201);
  });

  it('comes once, or until the order is acknowledged, where the switch says so', async () => {
    await client.behave({ push_repeats: 'until_acknowledged' });
    const orderId = await place();
    await attempts(1);
    await client.advance(600);
    await attempts(2);
    await client.call('POST', `${ORDERS}/${orderId}/acknowledge`);
    await client.advance(600);
    await eventually(async () => (await callbacks())[0]!.next_at === null);
    expect(received).toHaveLength(2);

    await client.call('DELETE', '/simulator/state');
    await client.behave({ push_repeats: 'once' });
    answer = replyWith(500);
    await place();
    await attempts(1);
    expect((await callbacks())[0]!.next_at).toBeNull();
  });
});

describe('the fraud notification', () => {
  const pending = (marker: string) =>
    client.order({
      merchant_urls: { notification: `${shop}/notify` },
      billing_address: { email: `a+${marker}@example.com`, country: 'SE' },
    });

  it.each([
    ['pend-accept', 'FRAUD_RISK_ACCEPTED'],
    ['pend-reject', 'FRAUD_RISK_REJECTED'],
  ])('of %s says %s', async (marker, event_type) => {
    const order_id = await pending(marker);
    expect(await callbacks()).toEqual([]);
    await client.advance(4 * 3600 + 1);
    await attempts(1);
    expect(JSON.parse(received[0]!.body)).toEqual({ order_id, event_type });
  });

  it('repeats after a 202, which is no 200, unless the switch says that any 2xx will do', async () => {
    answer = replyWith(202);
    await pending('pend-accept');
    await client.advance(4 * 3600 + 1);
    await attempts(1);
    await client.behave({ notification_stops_on: 'any_2xx' });
    await client.advance(600);
    await attempts(2);
    expect((await callbacks())[0]!.next_at).toBeNull();
  });

  it('waits for the answer as long as the switch says', async () => {
    await client.behave({ notification_ms: 30 });
    answer = () => {};
    await pending('pend-accept');
    await client.advance(4 * 3600 + 1);
    await attempts(1);
    expect((await callbacks())[0]!.attempts).toMatchObject([{ status: null, error: 'no answer within 30 ms' }]);
  });
});

describe('a fraud decision on command', () => {
  const decide = (orderId: string, decision: string, query = '') =>
    client.call('POST', `/simulator/orders/${orderId}/fraud${query}`, { decision });
  const order = (marker = '', fields: JsonObject = {}) =>
    client.order({
      merchant_urls: { notification: `${shop}/notify` },
      billing_address: { email: `a${marker}@example.com`, country: 'SE' },
      ...fields,
    });

  it.each(['ACCEPTED', 'REJECTED'])('%s comes at once, and once', async (decision) => {
    const order_id = await order('+pend-accept');
    expect((await decide(order_id, decision)).json).toEqual({ fraud_status: decision });
    await attempts(1);
    expect(JSON.parse(received[0]!.body)).toEqual({ order_id, event_type: `FRAUD_RISK_${decision}` });
    expect((await client.read(order_id)).fraud_status).toBe(decision);
    await client.advance(5 * 3600);
    expect(await callbacks()).toHaveLength(1);
    expect((await client.read(order_id)).status).toBe(decision === 'ACCEPTED' ? 'AUTHORIZED' : 'CANCELLED');
  });

  it.each(['REJECTED', 'ACCEPTED'])('STOPPED takes an accepted order, which then shows %s', async (stopped_order) => {
    await client.behave({ stopped_order });
    const order_id = await order();
    expect((await decide(order_id, 'STOPPED')).json).toEqual({ fraud_status: stopped_order });
    await attempts(1);
    expect(JSON.parse(received[0]!.body)).toEqual({ order_id, event_type: 'FRAUD_RISK_STOPPED' });
    expect((await client.read(order_id)).fraud_status).toBe(stopped_order);
    expect((await decide(order_id, 'STOPPED')).json).toEqual({ error: 'The order is stopped' });
  });

  it('is one of three, for an order that can still be decided', async () => {
    expect((await decide(await order(), 'DOUBTED')).json.error).toBe('decision must be one of ACCEPTED, REJECTED, STOPPED');
    expect((await decide('x', 'STOPPED')).status).toBe(404);
    const accepted = await order();
    expect([(await decide(accepted, 'REJECTED')).status, (await client.read(accepted)).fraud_status]).toEqual([409, 'ACCEPTED']);
    await client.cancel(accepted);
    expect((await decide(accepted, 'STOPPED')).status).toBe(409);
    expect(await callbacks()).toEqual([]);
  });

  it('comes without a callback where it is told so', async () => {
    const order_id = await order('+pend-accept');
    await decide(order_id, 'ACCEPTED', '?callbacks=lost');
    expect(await callbacks()).toMatchObject([{ kind: 'notification', withheld: 'lost' }]);
    expect((await client.read(order_id)).fraud_status).toBe('ACCEPTED');
  });

  it("acknowledges nothing in the merchant's place, even when Klarna captures", async () => {
    const order_id = await order('+pend-accept', { auto_capture: true });
    await decide(order_id, 'ACCEPTED');
    expect(await client.ledger(order_id)).toMatchObject({ status: 'CAPTURED', acknowledged: false });
  });
});

describe('where callbacks may go', () => {
  it('is https anywhere, and http on this machine only while the switch allows', async () => {
    const session = (push: string) => client.call('POST', '/payments/v1/sessions', { ...JSON_CART, merchant_urls: { push } });
    expect((await session('https://shop.example/push')).status).toBe(200);
    expect((await session('http://localhost:9/push')).status).toBe(200);
    expect((await session('http://[::1]:9/push')).status).toBe(200);
    expect((await session('http://127.0.0.1.example/push')).status).toBe(400);
    expect((await session('http://localhost@shop.example/push')).status).toBe(400);
    const orderId = await client.order({ merchant_urls: { push: `${shop}/push` } });
    await attempts(1);
    expect(orderId).not.toBe('');
    await client.behave({ callbacks_http_loopback: false });
    expect((await session(`${shop}/push`)).status).toBe(400);
  });
});

const JSON_CART = {
  purchase_country: 'SE',
  purchase_currency: 'SEK',
  order_amount: 100,
  order_lines: [{ name: 'x', quantity: 1, unit_price: 100, total_amount: 100 }],
};
