import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../json.js';
import type { Simulator } from '../simulator.js';
import { CART, startForTest, type TestClient } from '../test-client.js';
import { pressedForm } from '../test-form.js';
import { CHECKOUTS, URLS } from '../test-shop.js';
import { money } from './words.js';

let simulator: Simulator;
let client: TestClient;
beforeAll(async () => ({ simulator, client } = await startForTest()));
afterAll(() => simulator.close());
beforeEach(async () => void (await client.call('DELETE', '/simulator/state')));

const PAGES = '/hpp/v1/sessions';
const SHOP = 'https://shop.example';
const get = (path: string) => client.call('GET', path);

/** What a browser would send: the form as it stands on the page, with one of its buttons pressed. */
async function press(path: string, words: string, filled: Record<string, string> = {}) {
  const { target, body } = pressedForm((await get(path)).text, words);
  for (const [name, value] of Object.entries(filled)) body.set(name, value);
  return client.call('POST', target, body.toString(), { 'Content-Type': 'application/x-www-form-urlencoded' });
}

const session = () => client.session({ merchant_reference1: 'S-1' });
const checkout = async (fields: JsonObject = {}): Promise<string> => {
  const merchant_urls = { ...URLS, confirmation: `${SHOP}/thanks?o={checkout.order.id}` };
  return (await client.call('POST', CHECKOUTS, { ...CART, merchant_urls, merchant_reference1: 'C-1', ...fields })).json.order_id as string;
};
const hosted = async (url: string, fields: JsonObject = {}): Promise<string> => {
  const merchant_urls = { success: `${SHOP}/paid?o={{order_id}}` };
  const body = { payment_session_url: client.url + url, merchant_urls, options: { place_order_mode: 'PLACE_ORDER' }, ...fields };
  return (await client.call('POST', PAGES, body)).json.session_id as string;
};

describe('the shopper page', () => {
  const WAYS: [string, string, () => Promise<string>][] = [
    ['a payment session', 'Session widget', session],
    ['a checkout', 'Checkout snippet', () => checkout()],
    ['a hosted page', 'Hosted page', async () => hosted(`/payments/v1/sessions/${await session()}`)],
    ['a hosted page of a checkout', 'Hosted page of a checkout', async () => hosted(`${CHECKOUTS}/${await checkout()}`)],
  ];

  it.each(WAYS)('lists %s, and shows it with its way, cart, methods and details', async (_, way, made) => {
    const id = await made();
    expect((await get('/')).text).toContain(`href="/shopper/${id}"`);
    const { status, text } = await get(`/shopper/${id}`);
    expect(status).toBe(200);
    for (const seen of [`<span class="badge">${way}</span>`, 'Shoes', money(10_000, 'SEK', 'sv-SE'), 'Pay later', 'Outcome to simulate']) {
      expect(text).toContain(seen);
    }
  });

  it.each(WAYS)('says what is wrong with what was filled in for %s, and keeps the payment method', async (_, _way, made) => {
    const path = `/shopper/${await made()}`;
    const filled = { country: 'SWEDEN', payment_method_category: 'pay_now' };
    const wrong = await press(path, money(10_000, 'SEK', 'sv-SE'), filled);
    expect([wrong.status, wrong.text]).toEqual([400, expect.stringContaining('Bad value: billing_address.country')]);
    expect(wrong.text).toMatch(/value="pay_now" checked/);
    expect((await client.call('GET', '/simulator/ledger/orders')).json.orders).toEqual([]);
  });

  it('authorizes a session: the shop gets the token, and places the order', async () => {
    const id = await session();
    const reply = await press(`/shopper/${id}`, 'Continue with', { given_name: 'Alva' });
    expect([reply.status, reply.headers.get('location')]).toEqual([303, `/shopper/${id}`]);
    const { authorization_token: token } = (await get(`/payments/v1/sessions/${id}`)).json;
    expect((await get(`/shopper/${id}`)).text).toContain(token);
    const order = await client.placeOrder(token as string, { merchant_reference1: 'S-1' });
    expect(await client.read(order.json.order_id as string)).toMatchObject({ billing_address: { given_name: 'Alva' } });
  });

  it('leaves a session that is declined', async () => {
    const id = await session();
    const reply = await press(`/shopper/${id}`, 'Decline instead');
    expect([reply.status, reply.headers.get('location')]).toEqual([303, `/shopper/${id}?declined`]);
    expect((await get(`/payments/v1/sessions/${id}`)).json).not.toHaveProperty('authorization_token');
  });

  it('completes a checkout in the frame of its snippet, and leads to the shop', async () => {
    const id = await checkout();
    const { html_snippet: snippet } = (await get(`${CHECKOUTS}/${id}`)).json;
    expect(snippet).toContain(`src="${client.url}/shopper/${id}"`);
    expect((await get(`/shopper/${id}`)).headers.get('content-security-policy')).toContain('frame-ancestors *');
    const reply = await press(`/shopper/${id}`, 'Buy', { given_name: 'Alva' });
    expect([reply.status, reply.headers.get('location')]).toEqual([303, `${SHOP}/thanks?o=${id}`]);
    expect(await client.read(id)).toMatchObject({ billing_address: { given_name: 'Alva' } });
    expect((await get(`/shopper/${id}`)).text).toContain('Thank you for your purchase');
  });

  it.each([
    ['a payment session', async () => hosted(`/payments/v1/sessions/${await session()}`)],
    ['a checkout', async () => hosted(`${CHECKOUTS}/${await checkout()}`)],
  ])('pays a hosted page of %s, after a try that was declined, and shows the way to the shop', async (_, made) => {
    const id = await made();
    const path = `/shopper/${id}`;
    const read = async () => (await get(`${PAGES}/${id}`)).json;
    expect((await get(path)).headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
    expect(await read()).toMatchObject({ status: 'IN_PROGRESS' });
    const declined = await press(path, 'Have it declined');
    expect(declined.headers.get('location')).toBe(`${path}?left`);
    expect((await get(`${path}?left`)).text).toContain('Payment declined');
    const denied = await press(path, money(10_000, 'SEK', 'sv-SE'), { outcome: 'denied' });
    expect([denied.status, (await read()).status]).toEqual([303, 'FAILED']);
    await press(path, money(10_000, 'SEK', 'sv-SE'), { given_name: 'Alva', outcome: '' });
    const { status, order_id } = await read();
    expect([status, await client.read(order_id as string)]).toMatchObject(['COMPLETED', { billing_address: { given_name: 'Alva' } }]);
    expect((await get(path)).text).toContain(`${SHOP}/paid?o=${order_id as string}`);
    expect((await press(`/shopper/${await made()}`, 'Cancel the purchase')).status).toBe(303);
  });

  it('asks again before anything is bought at a total that was not seen', async () => {
    const option = (id: string, price: number) => ({ id, name: id, price, tax_amount: price / 5, tax_rate: 2_500 });
    const of = await checkout({ shipping_options: [option('shop', 0), option('home', 5_000)] });
    for (const path of [`/shopper/${of}`, `/shopper/${await hosted(`${CHECKOUTS}/${of}`)}`]) {
      await client.call('POST', `/simulator/checkouts/${of}/change`, { shipping_option: 'shop' });
      const asked = await press(path, 'Buy', { shipping_option: 'home' });
      expect([asked.status, asked.text]).toEqual([200, expect.stringContaining('There is a new total')]);
      expect(asked.text).toContain(`Buy · ${money(15_000, 'SEK', 'sv-SE')}`);
      const updated = await press(path, 'Update the total', { shipping_option: 'shop' });
      expect([updated.status, updated.text]).toEqual([200, expect.stringContaining(`Buy · ${money(10_000, 'SEK', 'sv-SE')}`)]);
    }
    expect((await client.call('GET', '/simulator/ledger/orders')).json.orders).toEqual([]);
  });

  it('offers a recurring purchase only what can be charged again', async () => {
    const id = await checkout({ recurring: true });
    const { text } = await get(`/shopper/${id}`);
    expect([text.includes('Checkout snippet, recurring'), text.includes('pay_now'), text.includes('pay_over_time')]).toEqual([
      true,
      true,
      false,
    ]);
  });

  it('tells that a hosted page is over, and changes nothing of its checkout then', async () => {
    const of = await checkout();
    const id = await hosted(`${CHECKOUTS}/${of}`);
    const { text } = await get(`/shopper/${id}`);
    expect(text).toContain('open until');
    await client.call('DELETE', `${PAGES}/${id}`);
    expect((await get(`/shopper/${id}`)).text).toContain('Disabled by the shop');
    const body = new URLSearchParams({ action: 'pay', given_name: 'Eve' }).toString();
    const late = await client.call('POST', `/shopper/${id}`, body, { 'Content-Type': 'application/x-www-form-urlencoded' });
    expect([late.status, late.text]).toEqual([409, expect.stringContaining('The page is disabled')]);
    expect((await get(`${CHECKOUTS}/${of}`)).json).not.toHaveProperty('billing_address');
    expect((await get('/')).text).toMatch(/Hosted pages that are over[\s\S]*Disabled/);
    const expired = await hosted(`${CHECKOUTS}/${of}`);
    await client.advance(47 * 3_600);
    expect((await get(`/shopper/${expired}`)).text).toContain('This page has expired');
  });

  it('knows no other action, and no other thing', async () => {
    const path = `/shopper/${await hosted(`/payments/v1/sessions/${await session()}`)}`;
    const form = { 'Content-Type': 'application/x-www-form-urlencoded' };
    expect((await client.call('POST', path, 'action=steal', form)).status).toBe(400);
    expect((await client.call('PUT', path, 'action=pay', form)).status).toBe(404);
    for (const nothing of ['/shopper/x', '/shopper/x/qr']) expect((await get(nothing)).status).toBe(404);
    expect((await client.call('POST', '/shopper/x', 'action=pay', form)).status).toBe(404);
  });
});
