import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { JsonObject } from './json.js';
import type { Simulator } from './simulator.js';
import { CART, startForTest, type TestClient } from './test-client.js';
import { CHECKOUTS, shop, type Shop, URLS } from './test-shop.js';

const option = (id: string, price: number, preselected = false) => {
  return { id, name: id, price, tax_amount: price / 5, tax_rate: 2_500, preselected };
};

/** A cart of one line, as a shop answers it. @param amount minor units, including 25 % tax */
const cartOf = (amount: number): JsonObject => ({
  purchase_currency: 'SEK',
  order_amount: amount,
  order_tax_amount: amount / 5,
  order_lines: [{ ...CART.order_lines[0]!, unit_price: amount, total_amount: amount, total_tax_amount: amount / 5 }],
});

const NORWAY = { country: 'NO', city: 'Oslo' };

describe('a shopper who changes a checkout of the simulator', () => {
  let simulator: Simulator;
  let client: TestClient;
  let asked: Shop;
  /** Undefined: nothing. */
  let says: { status: number; headers?: Record<string, string>; body?: unknown } | undefined;
  beforeEach(async () => {
    says = { status: 200, body: cartOf(12_000) };
    ({ simulator, client } = await startForTest());
    asked = await shop((_, response) => {
      if (says === undefined) return;
      response.writeHead(says.status, says.headers).end(typeof says.body === 'string' ? says.body : JSON.stringify(says.body));
    });
  });
  afterEach(async () => {
    asked.server.closeAllConnections();
    asked.server.close();
    await simulator.close();
  });

  /** Opens a checkout whose shop is asked for carts at `names`. */
  const open = async (names: string[], fields: JsonObject = {}): Promise<string> => {
    const asks = Object.fromEntries(names.map((name) => [name, `${asked.url}/${name}/{checkout.order.id}`]));
    const reply = await client.call('POST', CHECKOUTS, { ...CART, merchant_urls: { ...URLS, ...asks }, ...fields });
    if (reply.status !== 201) throw new Error(reply.text);
    return reply.json.order_id as string;
  };
  const change = (id: string, given: JsonObject) => client.call('POST', `/simulator/checkouts/${id}/change`, given);
  const read = async (id: string) => (await client.call('GET', `${CHECKOUTS}/${id}`)).json;
  const places = (id: string) => asked.calls.map(({ url }) => url.replace(`/${id}`, ''));

  it('by an address gets the cart that the shop answers, once per change', async () => {
    const id = await open(['address_update', 'country_change'], { merchant_data: 'x' });
    const address = { given_name: 'Alva', country: 'SE', postal_code: '111 51' };
    for (let time = 0; time < 2; time += 1) expect((await change(id, { billing_address: address })).status).toBe(200);
    expect(places(id)).toEqual(['/address_update']);
    expect(JSON.parse(asked.calls[0]?.body ?? '')).toMatchObject({
      ...{ order_amount: 10_000, purchase_currency: 'SEK', locale: 'sv-SE', merchant_data: 'x' },
      ...{ billing_address: address, shipping_address: address },
    });
    expect(await read(id)).toMatchObject({ order_amount: 12_000, order_tax_amount: 2_400, billing_address: address, merchant_data: 'x' });
  });

  it('by the country asks at country_change alone, which may bring another currency', async () => {
    says = { status: 200, body: { ...cartOf(11_000), purchase_currency: 'NOK', locale: 'nb-NO' } };
    const id = await open(['address_update', 'country_change']);
    await change(id, { billing_address: NORWAY });
    expect(places(id)).toEqual(['/country_change']);
    expect(await read(id)).toMatchObject({ purchase_country: 'NO', purchase_currency: 'NOK', locale: 'nb-NO', order_amount: 11_000 });
  });

  it('by the country asks at address_update when that is all there is', async () => {
    const id = await open(['address_update']);
    await change(id, { billing_address: NORWAY });
    expect(places(id)).toEqual(['/address_update']);
  });

  it('by the shipping tells the shop what was chosen, and may change it again', async () => {
    const options = [option('home', 5_000), option('box', 0, true)];
    says = { status: 200, body: { ...cartOf(10_000), shipping_options: options } };
    const id = await open(['shipping_option_update'], { shipping_options: options });
    for (const shipping_option of ['home', 'home', 'box', 'home']) await change(id, { shipping_option });
    expect(
      asked.calls.map(({ body }) => (JSON.parse(body) as { selected_shipping_option: unknown }).selected_shipping_option),
    ).toMatchObject([{ id: 'home' }, { id: 'box' }, { id: 'home' }]);
    expect(await read(id)).toMatchObject({ selected_shipping_option: { id: 'home' }, order_amount: 10_000 });
    expect((await client.call('POST', `/simulator/checkouts/${id}/complete`)).status).toBe(200);
    expect(await client.read(id)).toMatchObject({ order_amount: 15_000 });
    expect((await change(id, { shipping_option: 'box' })).status).toBe(409);
  });

  it('and buys in one go asks for the carts first', async () => {
    const id = await open(['address_update', 'shipping_option_update', 'validation'], { shipping_options: [option('home', 0)] });
    await client.call('POST', `/simulator/checkouts/${id}/complete`, { billing_address: { city: 'Lund' }, shipping_option: 'home' });
    expect(places(id)).toEqual(['/address_update', '/shipping_option_update', '/validation']);
    expect(JSON.parse(asked.calls.at(-1)?.body ?? '')).toMatchObject({ order_amount: 12_000, billing_address: { city: 'Lund' } });
    expect(await client.read(id)).toMatchObject({ order_amount: 12_000 });
  });

  it.each<[string, typeof says, number, string]>([
    ['says no in its words', { status: 400, body: { error_type: 'address_error', error_text: 'Not to islands' } }, 403, 'Not to islands'],
    [
      'says no by its kind',
      { status: 400, body: { error_type: 'unsupported_shipping_address' } },
      403,
      'The shop does not ship to this address.',
    ],
    ['sends the shopper away', { status: 303, headers: { Location: '/elsewhere' } }, 403, 'The shop sends the shopper elsewhere'],
    ['breaks', { status: 500 }, 403, 'The shop did not answer.'],
    ['answers no cart', { status: 200, body: 'OK' }, 400, 'Bad value: address_update'],
    [
      'forgets the tax',
      { status: 200, body: { ...cartOf(10_000), order_tax_amount: null } },
      400,
      'Bad value: address_update.order_tax_amount',
    ],
    ['adds up wrongly', { status: 200, body: { ...cartOf(10_000), order_amount: 1 } }, 400, 'Bad value: address_update.order_amount'],
    [
      'writes too much',
      { status: 200, body: { ...cartOf(10_000), merchant_data: 'x'.repeat(1_025) } },
      400,
      'Bad value: address_update.merchant_data',
    ],
  ])('gets no further, and nothing is changed, when the shop %s', async (_, said, status, error) => {
    says = said;
    const id = await open(['address_update']);
    const before = await read(id);
    const reply = await change(id, { billing_address: { city: 'Visby' } });
    expect([reply.status, reply.json]).toEqual([status, { error }]);
    expect(await read(id)).toEqual(before);
  });

  it('goes on without a word of the shop, as the switch says', async () => {
    await client.behave({ silent_cart_callback: 'goes_on' });
    says = { status: 500 };
    const id = await open(['address_update']);
    expect((await change(id, { billing_address: { city: 'Lund' } })).status).toBe(200);
    expect(await read(id)).toMatchObject({ order_amount: 10_000, billing_address: { city: 'Lund' } });
  });

  it('keeps the checkout alive by it', async () => {
    const id = await open([]);
    await client.advance(47 * 3_600);
    await change(id, { billing_address: { city: 'Lund' } });
    await client.advance(47 * 3_600);
    expect((await read(id)).status).toBe('checkout_incomplete');
  });

  it.each([
    [{ billing_address: 'Lund' }, 'Bad value: billing_address'],
    [{ billing_address: { city: 1 } }, 'Bad value: billing_address.city'],
    [{ shipping_option: 'boat' }, 'Bad value: shipping_option'],
  ])('can not do so by %j', async (given, error) => {
    const reply = await change(await open([]), given);
    expect([reply.status, reply.json]).toEqual([400, { error }]);
  });

  it('waits for the shop as long as the switch says', async () => {
    await client.behave({ cart_callback_ms: 30 });
    says = undefined;
    const reply = await change(await open(['address_update']), { billing_address: { city: 'Visby' } });
    expect([reply.status, reply.json]).toEqual([403, { error: 'The shop did not answer.' }]);
  });

  describe('on the page', () => {
    const post = async (id: string, form: Record<string, string>) => {
      const reply = await fetch(`${simulator.url}/shopper/${id}`, {
        method: 'POST',
        redirect: 'manual',
        body: new URLSearchParams(form),
      });
      return { status: reply.status, text: await reply.text() };
    };
    const seenIn = (text: string) => /name="seen_total" value="([^"]+)"/.exec(text)?.[1];

    it('sees the new total, and buys at no other than was seen', async () => {
      const id = await open([], { shipping_options: [option('home', 5_000), option('box', 0, true)] });
      const form = { seen_total: '10000 SEK', shipping_option: 'home', email: 'a@example.com', payment_method_category: 'pay_now' };
      const stopped = await post(id, { ...form, action: 'pay' });
      expect([stopped.status, stopped.text]).toEqual([200, expect.stringContaining('There is a new total')]);
      expect(seenIn(stopped.text)).toBe('15000 SEK');
      expect(stopped.text).toMatch(/value="pay_now" checked/);
      expect((await read(id)).status).toBe('checkout_incomplete');
      expect((await post(id, { ...form, seen_total: '15000 SEK', action: 'pay' })).status).toBe(303);
      expect(await client.read(id)).toMatchObject({ order_amount: 15_000, initial_payment_method: { type: 'CARD' } });
    });

    it('can have the total brought up to date first', async () => {
      const id = await open(['country_change'], { billing_countries: ['SE', 'NO'] });
      expect(await (await fetch(`${simulator.url}/shopper/${id}`)).text()).toMatch(/<option value="NO">/);
      const updated = await post(id, { action: 'update', country: 'NO', email: 'a@example.com', outcome: 'denied' });
      expect([updated.status, seenIn(updated.text)]).toEqual([200, '12000 SEK']);
      // The outcome travels in the e-mail address, and is not shown as a part of it.
      expect(updated.text).toContain('value="a@example.com"');
      expect(updated.text).toMatch(/<option value="denied" selected>/);
      expect(await read(id)).toMatchObject({ purchase_country: 'NO', status: 'checkout_incomplete' });
    });

    it("is told the shop's no, or sent where the shop wants", async () => {
      says = { status: 400, body: { error_type: 'address_error', error_text: 'Not to islands' } };
      const id = await open(['address_update']);
      expect(await post(id, { city: 'Visby' })).toMatchObject({ status: 403, text: expect.stringContaining('Not to islands') });
      says = { status: 302, headers: { Location: 'https://shop.example/islands' } };
      expect((await post(id, { city: 'Visby' })).status).toBe(303);
    });
  });
});
