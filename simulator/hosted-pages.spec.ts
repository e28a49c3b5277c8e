import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { JsonObject } from './json.js';
import type { Simulator } from './simulator.js';
import { eventually, startForTest, type Reply, type TestClient } from './test-client.js';

const PAGES = '/hpp/v1/sessions';
const HOUR = 3_600;

let simulator: Simulator;
let client: TestClient;
let other: TestClient;
let shop: Server;
let shopUrl: string;
let told: { path: string; body: { event_id: string; session: JsonObject } }[] = [];
let shopAnswers = 204;

beforeAll(async () => {
  const accounts = ['simulator', 'other'].map((username) => ({ username, password: username }));
  ({ simulator, client } = await startForTest({ accounts }));
  other = client.as('other:other');
  shop = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      told.push({ path: request.url ?? '', body: JSON.parse(body) as (typeof told)[number]['body'] });
      response.writeHead(shopAnswers).end();
    });
  });
  await new Promise<void>((resolve) => shop.listen(0, '127.0.0.1', resolve));
  shopUrl = `http://127.0.0.1:${(shop.address() as AddressInfo).port}`;
});
afterAll(async () => {
  await simulator.close();
  shop.closeAllConnections();
  await new Promise((resolve) => shop.close(resolve));
});
beforeEach(async () => {
  await client.call('DELETE', '/simulator/state');
  told = [];
  shopAnswers = 204;
});

const urlOf = (sessionId: string) => `${client.url}/payments/v1/sessions/${sessionId}`;
const make = async (fields: JsonObject = {}, session?: string): Promise<Reply> =>
  client.call('POST', PAGES, { payment_session_url: urlOf(session ?? (await client.session())), ...fields });
const page = async (fields: JsonObject = {}, session?: string): Promise<string> => {
  const reply = await make(fields, session);
  if (reply.status !== 201) throw new Error(reply.text);
  return reply.json.session_id as string;
};
const mode = (place_order_mode: string) => ({ options: { place_order_mode } });
/** What a page shows, of which these tests put texts together. */
type Shown = JsonObject & { authorization_token?: string; order_id?: string };
const read = async (id: string): Promise<Shown> => (await client.call('GET', `${PAGES}/${id}`)).json;
const play = (id: string, action: string, given: JsonObject = {}) =>
  client.call('POST', `/simulator/hosted-pages/${id}/play`, { action, ...given });
const ledger = async (id: string) =>
  (await client.call('GET', `/simulator/ledger/hosted-pages/${id}`)).json as JsonObject & { distributions: JsonObject[] };

describe('a hosted page', () => {
  it('is made for an open payment session, and ends one hour before it', async () => {
    const sessionId = await client.session();
    const { status, json } = await make({}, sessionId);
    expect(status).toBe(201);
    const id = json.session_id as string;
    expect(json).toMatchObject({
      session_url: `${client.url}${PAGES}/${id}`,
      distribution_url: `${client.url}${PAGES}/${id}/distribution`,
      redirect_url: `${client.url}/shopper/${id}`,
    });
    const session = (await client.call('GET', `/payments/v1/sessions/${sessionId}`)).json;
    expect(Date.parse(session.expires_at as string) - Date.parse(json.expires_at as string)).toBe(HOUR * 1000);
    expect(await read(id)).toEqual({ session_id: id, status: 'WAITING', updated_at: expect.any(String), expires_at: json.expires_at });
  });

  it.each([
    ['nothing', undefined],
    ['no URL', 'sessions/1'],
    ['another host', 'https://api.klarna.com/payments/v1/sessions/0b1d9815-165e-42e2-8867-35bc03789e00'],
    ['something else of this host', '/ordermanagement/v1/orders/0b1d9815-165e-42e2-8867-35bc03789e00'],
  ])('is not made for %s', async (_, url) => {
    const given = url?.startsWith('/') ? client.url + url : url;
    const reply = await client.call('POST', PAGES, given === undefined ? {} : { payment_session_url: given });
    expect([reply.status, reply.json.error_messages]).toEqual([400, ['Bad value: payment_session_url']]);
  });

  it("is not made for a session that is unknown, over, about to end or another merchant's", async () => {
    const unknown = await make({}, '0b1d9815-165e-42e2-8867-35bc03789e00');
    expect([unknown.status, unknown.json.error_code]).toEqual([404, 'NOT_FOUND']);
    const foreign = await other.call('POST', PAGES, { payment_session_url: urlOf(await client.session()) });
    expect([foreign.status, foreign.json.error_messages]).toEqual([404, unknown.json.error_messages]);
    const paid = await client.session();
    await client.placeOrder(await client.authorize(paid));
    expect((await make({}, paid)).json.error_code).toBe('SESSION_COMPLETED');
    const old = await client.session();
    await client.advance(47 * HOUR);
    expect((await make({}, old)).status).toBe(404);
  });

  it('refuses members that break their documented form, one by one', async () => {
    const bad = { place_order_mode: 'LATER', payment_method_categories: ['PAY_LATER', 'cash'], background_images: [{ width: 1.5 }] };
    const reply = await make({ options: bad, merchant_urls: { success: 1 }, profile_id: 7 });
    expect([reply.status, (reply.json.error_messages as string[]).sort()]).toEqual([
      400,
      [
        'Bad value: merchant_urls.success',
        'Bad value: options.background_images[0].width',
        'Bad value: options.payment_method_categories[1]',
        'Bad value: options.place_order_mode',
        'Bad value: profile_id',
      ],
    ]);
  });

  it('is unknown to others, and gone when it has expired', async () => {
    const id = await page();
    for (const [method, path, body] of [
      ['GET', '', undefined],
      ['DELETE', '', undefined],
      ['POST', '/distribution', { method: 'email', contact_information: { email: 'a@example.com' } }],
    ] as const) {
      const foreign = await other.call(method, `${PAGES}/${id}${path}`, body);
      expect([foreign.status, foreign.json.error_code]).toEqual([404, 'NOT_FOUND']);
    }
    await client.advance(47 * HOUR);
    expect((await client.call('GET', `${PAGES}/${id}`)).status).toBe(404);
    await client.behave({ expired_page: 'timeout' });
    expect(await read(id)).toMatchObject({ status: 'TIMEOUT' });
    expect((await client.call('DELETE', `${PAGES}/${id}`)).status).toBe(404);
    expect((await play(id, 'pay')).status).toBe(409);
  });
});

describe('the shopper on it', () => {
  it('authorizes: the shop gets a token and places the order', async () => {
    const id = await page();
    expect((await play(id, 'pay')).json).toMatchObject({ status: 'COMPLETED' });
    const { authorization_token: token, order_id } = await read(id);
    expect(order_id).toBeUndefined();
    expect((await client.placeOrder(token ?? '')).status).toBe(200);
  });

  it.each([
    ['PLACE_ORDER', 'AUTHORIZED'],
    ['CAPTURE_ORDER', 'CAPTURED'],
  ])('pays, and Klarna places the order (%s: %s)', async (place, status) => {
    const sessionId = await client.session();
    const id = await page(mode(place), sessionId);
    await play(id, 'pay', { billing_address: { given_name: 'Alva', country: 'SE' } });
    const shown = await read(id);
    expect(shown).toMatchObject({ status: 'COMPLETED', klarna_reference: expect.any(String), customer: { given_name: 'Alva' } });
    expect(shown).not.toHaveProperty('authorization_token');
    expect(await client.read(shown.order_id ?? '')).toMatchObject({ status, order_amount: 10_000 });
    // The authorization was used: a shop that finds it in the session can't use it again.
    const { authorization_token: token } = (await client.call('GET', `/payments/v1/sessions/${sessionId}`)).json;
    expect([
      (await client.placeOrder(token as string)).status,
      ((await client.call('GET', '/simulator/ledger/orders')).json.orders as []).length,
    ]).toEqual([409, 1]);
  });

  it('is turned down, tries again and pays', async () => {
    const id = await page(mode('PLACE_ORDER'));
    const denied = { billing_address: { email: 'alva+denied@example.com', country: 'SE' } };
    expect((await play(id, 'pay', denied)).json).toMatchObject({ status: 'FAILED' });
    expect((await client.call('GET', '/simulator/ledger/orders')).json.orders).toEqual([]);
    expect((await play(id, 'pay', { billing_address: { email: 'alva@example.com', country: 'SE' } })).json).toMatchObject({
      status: 'COMPLETED',
    });
    expect((await play(id, 'pay')).status).toBe(409);
  });

  it.each([
    ['open', 'IN_PROGRESS', 200],
    ['decline', 'FAILED', 200],
    ['back', 'BACK', 200],
    ['error', 'ERROR', 200],
    ['cancel', 'CANCELLED', 409],
  ])('does %s: %s', async (action, status, afterwards) => {
    const id = await page();
    expect((await play(id, action)).json.status).toBe(status);
    expect(await read(id)).toMatchObject({ status });
    expect((await play(id, 'pay')).status).toBe(afterwards);
  });

  it('is sent where the shop wants it, with the placeholders filled in', async () => {
    const words = 'p={{session_id}}&o={{order_id}}&t={{authorization_token}}';
    const merchant_urls = { success: `https://shop.example/s?${words}`, failure: `https://shop.example/f?${words}`, cancel: '' };
    const token = await page({ merchant_urls });
    const paid = (await play(token, 'pay')).json;
    const { authorization_token } = await read(token);
    expect(paid.redirect_url).toBe(`https://shop.example/s?p=${token}&o={{order_id}}&t=${authorization_token}`);
    const order = await page({ merchant_urls, ...mode('PLACE_ORDER') });
    expect((await play(order, 'error')).json.redirect_url).toContain(`/f?p=${order}&o={{order_id}}&t={{authorization_token}}`);
    const placed = (await play(order, 'pay')).json;
    expect(placed.redirect_url).toContain(`o=${(await read(order)).order_id}`);
    expect((await play(await page({ merchant_urls }), 'cancel')).json.redirect_url).toBeNull();
  });

  it('plays on a page of its own: opens, is declined, pays, and is shown the way to the shop', async () => {
    const { json } = await make({
      merchant_urls: { success: 'https://shop.example/s?o={{order_id}}' },
      options: { place_order_mode: 'PLACE_ORDER', page_title: '<b>Shoes</b>' },
    });
    const path = (json.redirect_url as string).slice(client.url.length);
    const id = json.session_id as string;
    const post = (form: Record<string, string>) =>
      client.call('POST', path, new URLSearchParams(form).toString(), { 'Content-Type': 'application/x-www-form-urlencoded' });
    expect((await client.call('GET', path)).text).toContain('&lt;b&gt;Shoes');
    expect(await read(id)).toMatchObject({ status: 'IN_PROGRESS' });
    const declined = await post({ action: 'decline' });
    expect([declined.status, declined.headers.get('location')]).toEqual([303, `${path}?left`]);
    expect((await client.call('GET', `${path}?left`)).text).toContain('Payment declined');
    expect(await read(id)).toMatchObject({ status: 'FAILED' });
    const wrong = await post({ action: 'pay', postal_code: '12345678901' });
    expect([wrong.status, wrong.text.includes('Bad value: billing_address.postal_code')]).toEqual([400, true]);
    await post({ action: 'pay', given_name: 'Alva', email: 'alva@example.com', payment_method_category: 'pay_now' });
    const { order_id } = await read(id);
    const after = (await client.call('GET', path)).text;
    expect(after).toContain(`https://shop.example/s?o=${order_id}`);
    expect((await post({ action: 'pay' })).status).toBe(409);
    expect((await client.call('GET', '/')).text).toContain(`/shopper/${id}`);
    const code = await client.call('GET', `${path}/qr`);
    expect([code.status, code.headers.get('content-type')]).toEqual([200, 'image/svg+xml']);
    for (const nothing of ['/shopper/x', '/shopper/x/qr', `${path}/x`]) expect((await client.call('GET', nothing)).status).toBe(404);
  });
});

describe('disabling', () => {
  it('ends an open page, and only that', async () => {
    const id = await page();
    expect((await client.call('DELETE', `${PAGES}/${id}`)).status).toBe(204);
    expect(await read(id)).toMatchObject({ status: 'DISABLED' });
    expect((await play(id, 'pay')).status).toBe(409);
    const paid = await page();
    await play(paid, 'pay');
    const refused = await client.call('DELETE', `${PAGES}/${paid}`);
    expect([refused.status, await read(paid)]).toMatchObject([400, { status: 'COMPLETED' }]);
  });

  it.each([
    ['no_content', 204],
    ['bad_request', 400],
  ])('a disabled page answers as the switch says (%s)', async (disable_on_disabled, status) => {
    await client.behave({ disable_on_disabled });
    const id = await page();
    await client.call('DELETE', `${PAGES}/${id}`);
    expect((await client.call('DELETE', `${PAGES}/${id}`)).status).toBe(status);
  });
});

describe('a distribution', () => {
  const distribute = (id: string, body: JsonObject) => client.call('POST', `${PAGES}/${id}/distribution`, body);
  const MAIL = { method: 'email', contact_information: { email: 'alva@example.com' } };

  it.each([204, 201])('is one message each time, and the ledger counts them (%s)', async (distribution_status) => {
    await client.behave({ distribution_status });
    const id = await page();
    const sms = { method: 'sms', contact_information: { phone: '0700021234', phone_country: 'SE' }, template: 'INSTORE_PURCHASE' };
    for (const body of [MAIL, sms, sms])
      expect([(await distribute(id, body)).status, (await distribute(id, body)).text]).toEqual([distribution_status, '']);
    expect((await ledger(id)).distributions).toHaveLength(6);
    expect((await ledger(id)).distributions[0]).toMatchObject({ method: 'email', contact: { email: 'alva@example.com' } });
  });

  it.each<[string, JsonObject, string]>([
    ['without an address', { method: 'email', contact_information: {} }, 'contact_information.email'],
    ['without the country of the phone', { method: 'sms', contact_information: { phone: '1' } }, 'contact_information.phone_country'],
    ['by an unknown way', { method: 'pigeon', contact_information: {} }, 'method'],
    ['to nobody', { method: 'email' }, 'contact_information'],
  ])('is refused %s', async (_, body, field) => {
    const reply = await distribute(await page(), body);
    expect([reply.status, reply.json.error_messages]).toEqual([400, [`Bad value: ${field}`]]);
  });

  it('is refused for a page on which nothing can be paid any more', async () => {
    const id = await page();
    await client.call('DELETE', `${PAGES}/${id}`);
    expect((await distribute(id, MAIL)).status).toBe(400);
    expect((await ledger(id)).distributions).toEqual([]);
  });
});

describe('the status_update callback', () => {
  const watched = () =>
    page({ merchant_urls: { status_update: `${shopUrl}/hook?p={{session_id}}&o={{order_id}}` }, ...mode('PLACE_ORDER') });

  it('tells of each change of status what a read would show, once while the shop answers', async () => {
    const id = await watched();
    await play(id, 'open');
    await eventually(() => told.length === 1);
    // Nothing changes: nothing is told.
    await play(id, 'open');
    await play(id, 'pay');
    await eventually(() => told.length === 2);
    await client.advance(60);
    expect(told.map(({ body }) => body.session.status)).toEqual(['IN_PROGRESS', 'COMPLETED']);
    expect(told[1]?.body.session).toEqual(await read(id));
    expect(told[1]?.path).toBe(`/hook?p=${id}&o=${(await read(id)).order_id}`);
    expect(new Set(told.map(({ body }) => body.event_id)).size).toBe(2);
  });

  it('tells of a page that the shop disabled itself', async () => {
    const id = await watched();
    await client.call('DELETE', `${PAGES}/${id}`);
    await eventually(() => told.length === 1);
    expect(told[0]?.body.session).toMatchObject({ session_id: id, status: 'DISABLED' });
  });

  it('tells of a page on which nobody paid in time, once, unless the switch says that there is none', async () => {
    const id = await watched();
    await client.behave({ expired_page: 'timeout' });
    await client.advance(47 * HOUR - 60);
    expect(told).toEqual([]);
    await client.advance(60);
    await eventually(() => told.length === 1);
    expect(told[0]?.body.session).toMatchObject({ session_id: id, status: 'TIMEOUT' });
    expect(told[0]?.body.session).toEqual(await read(id));
    const { updated_at, expires_at } = await read(id);
    expect(updated_at).toBe(expires_at);

    await client.behave({ page_timeout_callback: 'not_sent' });
    const paid = await watched();
    await watched();
    await play(paid, 'pay');
    await eventually(() => told.length === 2);
    await client.advance(47 * HOUR);
    expect((await client.call('GET', '/simulator/callbacks')).json.callbacks).toHaveLength(2);
  });

  it('is called four times in all with one event while the shop does not take it', async () => {
    shopAnswers = 500;
    const id = await watched();
    await play(id, 'back');
    for (let call = 1; call <= 4; call += 1) {
      await eventually(async () => {
        const { callbacks } = (await client.call('GET', '/simulator/callbacks')).json as { callbacks: { attempts: [] }[] };
        return callbacks[0]?.attempts.length === call;
      });
      await client.advance(3);
    }
    await client.advance(HOUR);
    expect(told).toHaveLength(4);
    expect(new Set(told.map(({ body }) => body.event_id)).size).toBe(1);
  });
});

it('is listed in the ledger with what is paid on it', async () => {
  const sessionId = await client.session();
  const id = await page({}, sessionId);
  const listed = { session_id: id, payment_session_id: sessionId, status: 'WAITING', place_order_mode: 'NONE', order_id: null };
  expect((await client.call('GET', '/simulator/ledger/hosted-pages')).json.hosted_pages).toMatchObject([listed]);
  expect((await client.call('GET', '/simulator/ledger/hosted-pages/x')).status).toBe(404);
});
