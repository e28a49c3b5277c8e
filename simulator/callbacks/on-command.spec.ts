import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { JsonObject } from '../json.js';
import type { Simulator } from '../simulator.js';
import { CART, eventually, ORDERS, startForTest, type TestClient } from '../test-client.js';
import { CHECKOUTS, shop, URLS, type Shop } from '../test-shop.js';

let simulator: Simulator;
let client: TestClient;
let its: Shop;
let answer: (request: IncomingMessage, response: ServerResponse) => void;

beforeAll(async () => {
  ({ simulator, client } = await startForTest());
  its = await shop((request, response) => answer(request, response));
});
afterAll(async () => {
  await simulator.close();
  its.server.closeAllConnections();
  await new Promise((resolve) => its.server.close(resolve));
});
beforeEach(async () => {
  await client.call('DELETE', '/simulator/state');
  its.calls.length = 0;
  answer = (_, response) => response.end();
});

const only = async () => {
  const [callback] = await client.callbacks();
  return callback!;
};
const attempted = (count: number) =>
  eventually(async () => {
    const [callback] = await client.callbacks();
    return callback?.attempts.length === count && callback;
  });
const send = (id: string, what: JsonObject = {}) => client.call('POST', `/simulator/callbacks/${id}/send`, what);
const release = (what: JsonObject = {}) => client.call('POST', '/simulator/callbacks/release', what);
const authorized = async (query = '?s={session.id}') => {
  const sessionId = await client.session({ merchant_urls: { authorization: `${its.url}/hooks/h1/Secret-1${query}` } });
  return { sessionId, token: await client.authorize(sessionId) };
};
const pendingOrder = () =>
  client.order({
    merchant_urls: { notification: `${its.url}/notify?o={order.id}` },
    billing_address: { email: 'a+pend-accept@example.com', country: 'SE' },
  });

describe('a callback that is sent again', () => {
  it('comes as it was, as often as it is told, without touching its schedule', async () => {
    answer = (_, response) => response.writeHead(500).end();
    await authorized();
    const { callback_id, next_at } = await attempted(1);
    const again = await send(callback_id, { times: 3 });
    expect(again.json.attempts).toEqual(Array(3).fill({ status: 500, error: null }));
    expect(new Set(its.calls.map((call) => JSON.stringify(call))).size).toBe(1);
    const after = await only();
    expect([after.next_at, after.attempts.map(({ on_command }) => on_command ?? false)]).toEqual([next_at, [false, true, true, true]]);
    // The schedule still has its second and third attempt.
    await client.advance(1);
    await attempted(5);
    await client.advance(2);
    expect((await attempted(6)).next_at).toBeNull();
  });

  it('may name ids that nobody has', async () => {
    const { sessionId, token } = await authorized();
    const { callback_id } = await attempted(1);
    await send(callback_id, { wrong: 'session' });
    await send(callback_id, { wrong: 'token' });
    const [, session, ofToken] = its.calls.map(({ url, body }): JsonObject => ({ url, ...(JSON.parse(body) as JsonObject) }));
    expect(session).toMatchObject({ authorization_token: token, url: `/hooks/h1/Secret-1?s=${session!.session_id as string}` });
    expect(session!.session_id).toMatch(/^[0-9a-f-]{36}$/);
    expect(session!.session_id).not.toBe(sessionId);
    expect(ofToken).toMatchObject({ session_id: sessionId, authorization_token: expect.stringMatching(/^[0-9a-f-]{36}$/) });
    expect(ofToken!.authorization_token).not.toBe(token);
  });

  it("may name another's order, or one that nobody has, in URL and body", async () => {
    await pendingOrder();
    const other = await client.order();
    await client.advance(4 * 3600);
    const { callback_id, order_id } = await attempted(1);
    await send(callback_id, { order_id: other });
    await send(callback_id, { wrong: 'order' });
    const [first, others, nobodys] = its.calls.map(({ url, body }) => [url, (JSON.parse(body) as JsonObject).order_id]);
    expect([first, others]).toEqual([order_id, other].map((id) => [`/notify?o=${id as string}`, id]));
    expect(nobodys).toEqual([`/notify?o=${nobodys![1] as string}`, nobodys![1]]);
    expect([order_id, other]).not.toContain(nobodys![1]);
  });

  it('may say what nobody has heard of, what is no JSON, and too much of it', async () => {
    const order_id = await pendingOrder();
    await client.advance(4 * 3600);
    const { callback_id } = await attempted(1);
    for (const wrong of ['event_type', 'json', 'size']) expect((await send(callback_id, { wrong })).status).toBe(200);
    const [, event, json, size] = its.calls.map(({ body }) => body);
    expect(JSON.parse(event!)).toEqual({ order_id, event_type: 'FRAUD_RISK_UNHEARD_OF' });
    expect(() => JSON.parse(json!) as unknown).toThrow(SyntaxError);
    expect(JSON.parse(size!)).toMatchObject({ order_id, event_type: 'FRAUD_RISK_ACCEPTED' });
    expect(size!.length).toBeGreaterThan(2_000_000);
  });

  it('may have another secret of the same length, and all else as it was', async () => {
    const { sessionId } = await authorized();
    const { callback_id } = await attempted(1);
    await send(callback_id, { wrong: 'secret' });
    expect(its.calls.map(({ url }) => url)).toEqual(['S', 'A'].map((first) => `/hooks/h1/${first}ecret-1?s=${sessionId}`));
    expect(its.calls[0]!.body).toBe(its.calls[1]!.body);
  });

  it.each<[string, JsonObject, number, RegExp]>([
    ['an unknown mistake', { wrong: 'mood' }, 400, /wrong must be one of order, session/],
    ['an unknown member', { wrnog: 'order' }, 400, /Unknown member wrnog. Allowed: wrong, times/],
    ['no copies', { times: 0 }, 400, /times must be a whole number from 1 to 1000/],
    ['an id that is none', { order_id: 7 }, 400, /order_id must be an id/],
    ['an id that it does not name', { order_id: 'x' }, 409, /names no order_id/],
    ['a mistake that it has no place for', { wrong: 'event_type' }, 409, /has no event_type/],
  ])('is refused with %s', async (_, what, status, message) => {
    await authorized();
    const { callback_id } = await attempted(1);
    const reply = await send(callback_id, what);
    expect([reply.status, reply.json.error]).toEqual([status, expect.stringMatching(message)]);
    expect(its.calls).toHaveLength(1);
  });

  it('is not found when nothing has its id', async () => {
    expect((await send('nobody')).status).toBe(404);
  });
});

describe('a callback that is made up', () => {
  const makeUp = (what: JsonObject) => client.call('POST', '/simulator/callbacks/send', what);

  it('goes where it is told with what it is given, once', async () => {
    answer = (request, response) => response.writeHead(request.headers['content-type'] === 'text/plain' ? 415 : 200).end();
    expect((await makeUp({ url: `${its.url}/x?a=%2F`, body: 'hello', content_type: 'text/plain' })).json).toEqual({
      attempts: [{ status: 415, error: null }],
    });
    expect((await makeUp({ url: `${its.url}/y` })).json.attempts).toEqual([{ status: 200, error: null }]);
    expect(its.calls).toEqual([
      { url: '/x?a=%2F', body: 'hello' },
      { url: '/y', body: '' },
    ]);
    expect(await client.callbacks()).toEqual([]);
  });

  it.each<[JsonObject, RegExp]>([
    [{}, /url must be https/],
    [{ url: 'http://shop.example/' }, /url must be https/],
    [{ url: 'https://shop.example/', body: {} }, /body must be text/],
    [{ url: 'https://shop.example/', content_type: 'a\r\nb' }, /content_type must be the text of a header/],
    [{ url: 'https://shop.example/', method: 'PUT' }, /Unknown member method/],
  ])('is refused: %j', async (what, message) => {
    const reply = await makeUp(what);
    expect([reply.status, reply.json.error]).toEqual([400, expect.stringMatching(message)]);
  });
});

describe('callbacks that are held', () => {
  it('come when they are released, in the order of the release', async () => {
    await client.behave({ callbacks_hold: true });
    const sessionId = await client.session({ merchant_urls: { authorization: `${its.url}/auth`, push: `${its.url}/push` } });
    const first = await client.authorize(sessionId);
    const second = await client.authorize(sessionId);
    const orderId = (await client.placeOrder(second)).json.order_id as string;
    await client.advance(3600);
    const held = await client.callbacks();
    expect(held.map(({ withheld, next_at, attempts }) => [withheld, next_at, attempts])).toEqual(Array(3).fill(['held', null, []]));
    expect([its.calls, held[2]!.order_id]).toEqual([[], orderId]);
    const [old, , push] = held;
    const released = await release({ callback_ids: [push!.callback_id, old!.callback_id] });
    expect(released.json.released).toEqual([push, old].map((one) => ({ callback_id: one!.callback_id, status: 200, error: null })));
    expect((await release()).json.released).toHaveLength(1);
    const told = its.calls.map(({ url, body }) => (body === '' ? url : (JSON.parse(body) as JsonObject).authorization_token));
    expect(told).toEqual(['/push', first, second]);
    expect((await release()).json).toEqual({ released: [] });
  });

  it('go on with their repeats from then on', async () => {
    answer = (_, response) => response.writeHead(503).end();
    await client.behave({ callbacks_hold: true });
    await authorized();
    await client.advance(3600);
    await release();
    await client.advance(1);
    await attempted(2);
    await client.advance(2);
    expect(await attempted(3)).toMatchObject({ next_at: null });
    expect((await only()).withheld).toBeUndefined();
  });

  it('are not sent when their order was acknowledged meanwhile', async () => {
    await client.behave({ callbacks_hold: true });
    const checkout = { ...CART, merchant_urls: { ...URLS, push: `${its.url}/push` } };
    const id = (await client.call('POST', CHECKOUTS, checkout)).json.order_id as string;
    await client.call('POST', `/simulator/checkouts/${id}/complete`, {});
    await client.call('POST', `${ORDERS}/${id}/acknowledge`);
    expect((await release()).json.released).toMatchObject([{ status: null, error: 'not sent: the order is acknowledged' }]);
    expect(its.calls).toEqual([]);
    const { acknowledged, requests } = await client.ledger(id);
    expect([acknowledged, requests.map(({ path, executed }) => [path, executed])]).toEqual([true, [[`${ORDERS}/${id}/acknowledge`, true]]]);
    expect((await client.call('GET', '/simulator/ledger/orders')).json.orders).toMatchObject([{ order_id: id, acknowledged: true }]);
  });

  it.each<[string, (id: string) => JsonObject, number]>([
    ['something else than a list', () => ({ callback_ids: 'all' }), 400],
    ['one of them twice', (id) => ({ callback_ids: [id, id] }), 400],
    ['an unknown member', () => ({ ids: [] }), 400],
    ['one that nobody knows', () => ({ callback_ids: ['x'] }), 404],
    ['one that is not held', (id) => ({ callback_ids: [id] }), 409],
  ])('are refused their release with %s', async (_, what, status) => {
    await authorized();
    const { callback_id } = await attempted(1);
    expect((await release(what(callback_id))).status).toBe(status);
  });
});

describe('what is played without a callback', () => {
  it('is an authorization, which the session shows all the same', async () => {
    const sessionId = await client.session({ merchant_urls: { authorization: `${its.url}/auth` } });
    const reply = await client.call('POST', `/simulator/sessions/${sessionId}/authorize?callbacks=lost`);
    await client.advance(3600 - 1);
    expect(its.calls).toEqual([]);
    expect(await only()).toMatchObject({ kind: 'authorization', withheld: 'lost', next_at: null, attempts: [] });
    const session = (await client.call('GET', `/payments/v1/sessions/${sessionId}`)).json;
    expect(session.authorization_token).toBe(reply.json.authorization_token);
    // What was lost may yet come.
    expect((await release({ callback_ids: [(await only()).callback_id] })).json.released).toMatchObject([{ status: 200 }]);
  });

  it('is a status of a hosted page', async () => {
    const session = await client.session();
    const made = await client.call('POST', '/hpp/v1/sessions', {
      payment_session_url: `${client.url}/payments/v1/sessions/${session}`,
      merchant_urls: { status_update: `${its.url}/hook` },
    });
    const page = made.json.session_id as string;
    await client.call('POST', `/simulator/hosted-pages/${page}/play?callbacks=lost`, { action: 'back' });
    await client.call('POST', `/simulator/hosted-pages/${page}/play`, { action: 'open' });
    await eventually(() => its.calls.length === 1);
    expect(its.calls.map(({ body }) => JSON.parse(body) as JsonObject)).toMatchObject([{ session: { status: 'IN_PROGRESS' } }]);
    expect((await client.callbacks()).map(({ withheld }) => withheld)).toEqual(['lost', undefined]);
  });

  it('is a purchase in a checkout', async () => {
    const checkout = { ...CART, merchant_urls: { ...URLS, push: `${its.url}/push` } };
    const id = (await client.call('POST', CHECKOUTS, checkout)).json.order_id as string;
    expect((await client.call('POST', `/simulator/checkouts/${id}/complete?callbacks=lost`)).status).toBe(200);
    await client.advance(48 * 3600);
    expect([its.calls, (await client.read(id)).order_id]).toEqual([[], id]);
  });

  it('is refused with another word', async () => {
    const sessionId = await client.session();
    const reply = await client.call('POST', `/simulator/sessions/${sessionId}/authorize?callbacks=none`);
    expect([reply.status, reply.json.error]).toEqual([400, 'callbacks takes lost']);
  });
});
