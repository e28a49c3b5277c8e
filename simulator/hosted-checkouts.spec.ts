import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Server, ServerResponse } from 'node:http';
import type { JsonObject } from './json.js';
import type { Simulator } from './simulator.js';
import { CART, eventually, startForTest, type Reply, type TestClient } from './test-client.js';
import { CHECKOUTS, shop, type Shop, URLS } from './test-shop.js';

const PAGES = '/hpp/v1/sessions';
const HOUR = 3_600;

describe('a hosted page for a checkout', () => {
  let simulator: Simulator;
  let client: TestClient;
  const shops: Server[] = [];
  beforeAll(async () => {
    const accounts = ['simulator', 'other'].map((username) => ({ username, password: username }));
    ({ simulator, client } = await startForTest({ accounts }));
  });
  afterAll(async () => {
    for (const server of shops) server.close();
    await simulator.close();
  });
  beforeEach(async () => void (await client.call('DELETE', '/simulator/state')));

  const its = async (answer?: (response: ServerResponse) => void): Promise<Shop> => {
    const made = await shop(answer && ((_, response) => answer(response)));
    shops.push(made.server);
    return made;
  };
  const open = async (fields: JsonObject = {}): Promise<string> => {
    const reply = await client.call('POST', CHECKOUTS, { ...CART, merchant_urls: URLS, ...fields });
    if (reply.status !== 201) throw new Error(reply.text);
    return reply.json.order_id as string;
  };
  const make = (checkout: string, fields: JsonObject = {}): Promise<Reply> =>
    client.call('POST', PAGES, { payment_session_url: `${client.url}${CHECKOUTS}/${checkout}`, ...fields });
  const page = async (checkout: string, fields: JsonObject = {}): Promise<string> => {
    const reply = await make(checkout, fields);
    if (reply.status !== 201) throw new Error(reply.text);
    return reply.json.session_id as string;
  };
  const read = async (id: string) => (await client.call('GET', `${PAGES}/${id}`)).json;
  const checkoutStatus = async (id: string) => (await client.call('GET', `${CHECKOUTS}/${id}`)).json.status;
  const play = (id: string, action: string, given: JsonObject = {}) =>
    client.call('POST', `/simulator/hosted-pages/${id}/play`, { action, ...given });

  it('ends one hour before the checkout does', async () => {
    const checkout = await open();
    const { json } = await make(checkout.toUpperCase());
    const { last_modified_at: changed } = (await client.call('GET', `${CHECKOUTS}/${checkout}`)).json;
    expect(Date.parse(json.expires_at as string) - Date.parse(changed as string)).toBeGreaterThanOrEqual(47 * HOUR * 1000);
    expect(Date.parse(json.expires_at as string) - Date.parse(changed as string)).toBeLessThan(47 * HOUR * 1000 + 1000);
    expect((await client.call('GET', `/simulator/ledger/hosted-pages/${json.session_id as string}`)).json).toMatchObject({
      payment_session_id: null,
      checkout_order_id: checkout,
      status: 'WAITING',
    });
    await client.advance(47 * HOUR);
    expect((await make(checkout)).status).toBe(404);
  });

  it("is not made for one that is unknown, completed, aborted or another merchant's", async () => {
    const unknown = await make('0b1d9815-165e-42e2-8867-35bc03789e00');
    expect([unknown.status, unknown.json.error_code]).toEqual([404, 'NOT_FOUND']);
    const [completed, aborted, foreign] = [await open(), await open(), await open()];
    await client.call('POST', `/simulator/checkouts/${completed}/complete`);
    await client.call('POST', `${CHECKOUTS}/${aborted}/abort`);
    for (const id of [completed, aborted]) expect((await make(id)).status).toBe(404);
    const body = { payment_session_url: `${client.url}${CHECKOUTS}/${foreign}` };
    expect((await client.as('other:other').call('POST', PAGES, body)).json.error_messages).toEqual(unknown.json.error_messages);
    await client.behave({ foreign_orders: 'forbidden' });
    expect((await client.as('other:other').call('POST', PAGES, body)).status).toBe(403);
  });

  it.each([
    ['shown', true],
    ['left_out', false],
  ])('is paid: the checkout is an order, and the page completed (checkout_page_order: %s)', async (checkout_page_order, tells) => {
    await client.behave({ checkout_page_order });
    const checkout = await open();
    const success = 'https://shop.example/ok?o={{order_id}}';
    const id = await page(checkout, { merchant_urls: { success } });
    const given = { billing_address: { given_name: 'Alva' }, payment_method_category: 'pay_now' };
    const paid = await play(id, 'pay', given);
    expect([paid.status, paid.json]).toEqual([200, { status: 'COMPLETED', redirect_url: `https://shop.example/ok?o=${checkout}` }]);
    const shown = await read(id);
    expect(shown).toMatchObject({ status: 'COMPLETED', customer: { given_name: 'Alva' } });
    expect([shown.order_id, shown.authorization_token]).toEqual([tells ? checkout : undefined, undefined]);
    expect(await checkoutStatus(checkout)).toBe('checkout_complete');
    expect(await client.read(checkout)).toMatchObject({ status: 'AUTHORIZED', initial_payment_method: { type: 'CARD' } });
    expect((await play(id, 'pay')).status).toBe(409);
    expect((await client.call('DELETE', `${PAGES}/${id}`)).status).toBe(400);
  });

  it('captures when the checkout says so, and not because of its own place_order_mode', async () => {
    const [captured, authorized] = [await open({ options: { auto_capture: true } }), await open()];
    for (const checkout of [captured, authorized]) {
      await play(await page(checkout, { options: { place_order_mode: 'CAPTURE_ORDER' } }), 'pay');
    }
    expect([(await client.read(captured)).status, (await client.read(authorized)).status]).toEqual(['CAPTURED', 'AUTHORIZED']);
  });

  it('fails when the shopper is turned down, and can be paid by another try', async () => {
    const checkout = await open();
    const id = await page(checkout);
    expect((await play(id, 'pay', { billing_address: { email: 'a+denied@example.com' } })).json).toMatchObject({ status: 'FAILED' });
    expect(await checkoutStatus(checkout)).toBe('checkout_incomplete');
    expect((await play(id, 'pay', { billing_address: { email: 'a@example.com' } })).json).toMatchObject({ status: 'COMPLETED' });
  });

  it("keeps its shopper when the shop says no, and when something is wrong; nothing of the page's status changes", async () => {
    const { url } = await its((response) => response.writeHead(400).end('{"error_type":"approval_failed","error_text":"Sold out"}'));
    const id = await page(await open({ merchant_urls: { ...URLS, validation: `${url}/validate` } }));
    await play(id, 'open');
    const refused = await play(id, 'pay');
    expect([refused.status, refused.json]).toEqual([403, { error: 'Sold out' }]);
    expect((await play(id, 'pay', { payment_method_category: 'gold' })).status).toBe(400);
    expect((await read(id)).status).toBe('IN_PROGRESS');
  });

  it('is not completed when the shop has disabled it while it was asked, nor is the checkout', async () => {
    const checkout = await open();
    let id = '';
    const { url } = await its((response) => {
      void client.call('DELETE', `${PAGES}/${id}`).then(() => response.end());
    });
    await client.call('POST', `${CHECKOUTS}/${checkout}`, { merchant_urls: { ...URLS, validation: `${url}/validate` } });
    id = await page(checkout);
    expect((await play(id, 'pay')).status).toBe(409);
    expect([(await read(id)).status, await checkoutStatus(checkout)]).toEqual(['DISABLED', 'checkout_incomplete']);
    expect((await client.call('GET', '/simulator/ledger/orders')).json.orders).toEqual([]);
  });

  it("can't be paid once the checkout was completed in the snippet", async () => {
    const checkout = await open();
    const id = await page(checkout);
    await client.call('POST', `/simulator/checkouts/${checkout}/complete`);
    expect((await play(id, 'pay')).status).toBe(409);
    expect((await client.call('GET', '/simulator/ledger/orders')).json.orders).toHaveLength(1);
  });

  it('tells the shop of its status, and the order', async () => {
    const { url, calls } = await its();
    const checkout = await open();
    const id = await page(checkout, { merchant_urls: { status_update: `${url}/hook?o={{order_id}}` } });
    await play(id, 'pay');
    await eventually(() => calls.length === 1);
    expect([calls[0]?.url, JSON.parse(calls[0]?.body ?? '')]).toMatchObject([
      `/hook?o=${checkout}`,
      { session: { session_id: id, status: 'COMPLETED', order_id: checkout } },
    ]);
  });
});
