import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Server, ServerResponse } from 'node:http';
import type { JsonObject } from './json.js';
import type { Simulator } from './simulator.js';
import { CART, eventually, ORDERS, startForTest, type Reply, type TestClient } from './test-client.js';
import { CHECKOUTS, shop, URLS } from './test-shop.js';

const HOUR = 3_600;

describe('Checkout of the simulator', () => {
  let simulator: Simulator;
  let client: TestClient;
  let shops: Server[];
  beforeEach(async () => {
    shops = [];
    ({ simulator, client } = await startForTest({
      accounts: [
        { username: 'simulator', password: 'simulator' },
        { username: 'other', password: 'other' },
      ],
    }));
  });
  afterEach(async () => {
    for (const server of shops) server.close();
    await simulator.close();
  });

  const create = (fields: JsonObject = {}) => client.call('POST', CHECKOUTS, { ...CART, merchant_urls: URLS, ...fields });
  const open = async (fields: JsonObject = {}): Promise<string> => {
    const reply = await create(fields);
    if (reply.status !== 201) throw new Error(reply.text);
    return reply.json.order_id as string;
  };
  const complete = (id: string, given: JsonObject = {}) => client.call('POST', `/simulator/checkouts/${id}/complete`, given);
  const read = (id: string) => client.call('GET', `${CHECKOUTS}/${id}`);
  const refusal = ({ status, json }: Reply) => [status, json.error_code, json.error_messages];

  it('opens a checkout with an address, a snippet and its times', async () => {
    const reply = await create({ merchant_reference1: 'A-1' });
    expect(reply.status).toBe(201);
    const id = reply.json.order_id as string;
    expect(reply.headers.get('location')).toBe(`${simulator.url}${CHECKOUTS}/${id}`);
    expect(reply.json).toMatchObject({ status: 'checkout_incomplete', order_amount: 10_000, merchant_reference1: 'A-1' });
    expect(reply.json.started_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    expect(reply.json.html_snippet).toContain(`${simulator.url}/shopper/${id}`);
    expect(reply.text).toContain('<\\/div>');
    expect((await read(id)).text).toBe(reply.text);
  });

  it.each<[string, JsonObject, string[]]>([
    ['no locale', { locale: null }, ['locale']],
    ['no tax', { order_tax_amount: null }, ['order_tax_amount']],
    ['a line without a rate', { order_lines: [{ ...CART.order_lines[0], tax_rate: null }] }, ['order_lines[0].tax_rate']],
    ['a line above the maximum', { order_lines: [{ ...CART.order_lines[0], unit_price: 100_000_001 }] }, ['order_lines[0].unit_price']],
    [
      'a tax that is not the rate',
      { order_lines: [{ ...CART.order_lines[0], total_tax_amount: 2_500 }] },
      ['order_lines[0].total_tax_amount', 'order_tax_amount'],
    ],
    ['a sum that is not the lines', { order_amount: 9_000 }, ['order_amount']],
    ['URLs without a push', { merchant_urls: { ...URLS, push: null } }, ['merchant_urls.push']],
    ['a validation by http', { merchant_urls: { ...URLS, validation: 'http://shop.example/v' } }, ['merchant_urls.validation']],
    [
      'another checkout without its picture',
      { external_checkouts: [{ name: 'x', redirect_url: 'https://x.example' }] },
      ['external_checkouts[0].image_url'],
    ],
    [
      'another way to pay by http',
      { external_payment_methods: [{ name: 'x', redirect_url: 'http://x.example' }] },
      ['external_payment_methods[0].redirect_url'],
    ],
    ['a country that is none', { purchase_country: 'XX' }, ['purchase_country']],
    ['1,001 lines', { order_lines: Array.from({ length: 1_001 }, () => ({ ...CART.order_lines[0]! })) }, ['order_lines']],
  ])('refuses %s', async (_, fields, paths) => {
    expect(refusal(await create(fields))).toEqual([400, 'BAD_VALUE', paths.map((path) => `Bad value: ${path}`)]);
  });

  it('changes what is given and keeps the rest, and adds it all up again', async () => {
    const id = await open({ merchant_reference1: 'A-1', options: { auto_capture: true } });
    const changed = await client.call('POST', `${CHECKOUTS}/${id}`, { merchant_reference2: 'B' });
    expect([changed.status, changed.json]).toMatchObject([
      200,
      { merchant_reference1: 'A-1', merchant_reference2: 'B', order_amount: 10_000 },
    ]);
    expect(refusal(await client.call('POST', `${CHECKOUTS}/${id}`, { order_amount: 20_000 }))[2]).toEqual(['Bad value: order_amount']);
    expect((await read(id)).json).toMatchObject({ order_amount: 10_000, merchant_reference2: 'B' });
  });

  it('becomes an order of the same id when the shopper completes it, and is read-only then', async () => {
    const id = await open({ recurring: true, merchant_reference1: 'A-1' });
    expect((await complete(id, { payment_method_category: 'pay_now', billing_address: { given_name: 'Alva' } })).status).toBe(200);
    expect((await read(id)).json).toMatchObject({
      status: 'checkout_complete',
      recurring_token: expect.any(String),
      completed_at: expect.any(String),
    });
    const order = await client.read(id);
    expect(order).toMatchObject({ order_id: id, status: 'AUTHORIZED', fraud_status: 'ACCEPTED', merchant_reference1: 'A-1' });
    expect(order).toMatchObject({ billing_address: { given_name: 'Alva', country: 'SE' }, initial_payment_method: { type: 'CARD' } });
    expect((await client.capture(id, 10_000)).status).toBe(201);
    for (const path of [`${CHECKOUTS}/${id}`, `${CHECKOUTS}/${id}/abort`]) {
      expect(refusal(await client.call('POST', path, {}))).toEqual([403, 'READ_ONLY_ORDER', ['Resource is read-only']]);
    }
    expect((await complete(id)).status).toBe(409);
  });

  it('gives a recurring purchase a customer token, which is charged again', async () => {
    const id = await open({ recurring: true });
    expect((await complete(id, { payment_method_category: 'pay_over_time' })).status).toBe(400);
    await complete(id, { payment_method_category: 'pay_now', billing_address: { given_name: 'Alva' } });
    const token = (await read(id)).json.recurring_token as string;
    const path = `/customer-token/v1/tokens/${token}`;
    expect((await client.call('GET', path)).json).toMatchObject({ status: 'ACTIVE', payment_method_type: 'CARD' });
    const { purchase_currency, order_amount, order_tax_amount, order_lines } = CART;
    const charged = await client.call('POST', `${path}/order`, { purchase_currency, order_amount, order_tax_amount, order_lines });
    expect([charged.status, await client.read(charged.json.order_id as string)]).toMatchObject([
      200,
      { status: 'AUTHORIZED', purchase_country: 'SE', billing_address: { given_name: 'Alva' } },
    ]);
    const { customer_tokens } = (await client.call('GET', '/simulator/ledger/customer-tokens')).json;
    expect(customer_tokens).toMatchObject([{ token_id: token, authorization_token: null, order_ids: [charged.json.order_id] }]);
    expect((await client.as('other:other').call('GET', path)).status).toBe(404);
    expect((await client.call('PATCH', `${path}/status`, { status: 'CANCELLED' })).status).toBe(202);
    expect((await client.call('POST', `${path}/order`, CART)).json.error_code).toBe('TOKEN_CANCELED');
    // A purchase that is not recurring leaves no token.
    const once = await open();
    await complete(once);
    expect((await read(once)).json).not.toHaveProperty('recurring_token');
  });

  it('is captured at once when the shop has asked for it', async () => {
    const id = await open({ options: { auto_capture: true } });
    await complete(id);
    expect(await client.read(id)).toMatchObject({ status: 'CAPTURED', captured_amount: 10_000 });
  });

  it('adds what the shopper chose of shipping, once', async () => {
    const option = (id: string, price: number, preselected = false) => ({
      id,
      name: id,
      price,
      tax_amount: price / 5,
      tax_rate: 2_500,
      preselected,
    });
    const id = await open({ shipping_options: [option('home', 5_000), option('shop', 0, true)] });
    expect((await complete(id, { shipping_option: 'boat' })).status).toBe(400);
    await complete(id, { shipping_option: 'home' });
    expect(await client.read(id)).toMatchObject({ order_amount: 15_000, order_lines: [{}, { type: 'shipping_fee', reference: 'home' }] });
    expect((await read(id)).json).toMatchObject({ order_tax_amount: 3_000, selected_shipping_option: { id: 'home' } });
  });

  it('is assessed as every order is', async () => {
    const denied = await open();
    expect((await complete(denied, { billing_address: { email: 'a+denied@example.com' } })).status).toBe(403);
    expect((await read(denied)).json.status).toBe('checkout_incomplete');
    const pending = await open();
    await complete(pending, { billing_address: { email: 'a+pend-accept@example.com' } });
    expect(await client.read(pending)).toMatchObject({ fraud_status: 'PENDING' });
    await client.advance(4 * HOUR);
    expect(await client.read(pending)).toMatchObject({ fraud_status: 'ACCEPTED' });
  });

  it('lapses 48 hours after the last change, with a bare 404', async () => {
    const id = await open();
    await client.advance(47 * HOUR);
    expect((await client.call('POST', `${CHECKOUTS}/${id}`, { merchant_reference1: 'x' })).status).toBe(200);
    await client.advance(47 * HOUR);
    expect((await read(id)).status).toBe(200);
    await client.advance(HOUR);
    for (const reply of [
      await read(id),
      await client.call('POST', `${CHECKOUTS}/${id}`, {}),
      await client.call('POST', `${CHECKOUTS}/${id}/abort`),
    ]) {
      expect([reply.status, reply.text]).toEqual([404, '']);
    }
    expect((await complete(id)).status).toBe(404);
  });

  it('of another merchant is as unknown as none, or forbidden', async () => {
    const id = await open();
    const reply = await client.as('other:other').call('GET', `${CHECKOUTS}/${id}`);
    expect([reply.status, reply.text]).toEqual([404, '']);
    await client.behave({ foreign_orders: 'forbidden' });
    expect((await client.as('other:other').call('GET', `${CHECKOUTS}/${id}`)).status).toBe(403);
  });

  it.each([
    ['marked', 200, 'checkout_aborted', 403],
    ['unmarked', 200, 'checkout_incomplete', 403],
    ['gone', 404, undefined, 404],
  ])('once aborted, is %s', async (how, status, shown, again) => {
    await client.behave({ aborted_checkout: how });
    const id = await open();
    expect((await client.call('POST', `${CHECKOUTS}/${id}/abort`)).status).toBe(200);
    const reply = await read(id);
    expect([reply.status, reply.json.status]).toEqual([status, shown]);
    expect((await client.call('POST', `${CHECKOUTS}/${id}/abort`)).status).toBe(again);
    expect((await complete(id)).status).toBe(how === 'gone' ? 404 : 409);
    expect((await client.call('GET', `${ORDERS}/${id}`)).status).toBe(404);
  });

  it('shows its statuses in capitals, or no completed checkout at all, as the switches say', async () => {
    await client.behave({ checkout_status_case: 'upper', completed_checkout: 'gone' });
    const id = await open();
    expect((await read(id)).json.status).toBe('CHECKOUT_INCOMPLETE');
    await complete(id);
    expect((await read(id)).status).toBe(404);
    expect((await client.read(id)).order_id).toBe(id);
  });

  it.each([
    ['forbidden', 403],
    ['not_found', 404],
  ])(
    'has moved to another host (%s): no checkout is answered for, nor its order or page; everything else is',
    async (moved_checkout, status) => {
      const [id, left] = [await open(), await open()];
      await complete(id);
      const order = await client.order();
      await client.behave({ moved_checkout });
      const replies = [
        await create(),
        await read(id),
        await client.call('POST', `${CHECKOUTS}/${left}`, {}),
        await client.call('GET', `${ORDERS}/${id}`),
        await client.capture(id, 1),
      ];
      expect(replies.map((reply) => reply.status)).toEqual(replies.map(() => status));
      const page = { payment_session_url: `${simulator.url}${CHECKOUTS}/${left}` };
      expect((await client.call('POST', '/hpp/v1/sessions', page)).status).toBe(404);
      expect((await client.capture(order, 1)).status).toBe(201);
      await client.behave({ moved_checkout: 'answered' });
      expect([(await read(id)).status, (await client.ledger(id)).captures]).toEqual([200, []]);
    },
  );

  describe('tells the shop of an order', () => {
    it('2 minutes later, then 5, 15, 30 and 60 minutes after that, then every 4 hours, whatever it answers, until it is acknowledged', async () => {
      const { url, calls, server } = await shop();
      shops.push(server);
      const id = await open({ merchant_urls: { ...URLS, push: `${url}/push?order={checkout.order.id}` } });
      await complete(id);
      const pushed = (count: number) => eventually(() => calls.length === count && calls);
      await client.advance(119);
      expect(calls).toEqual([]);
      await client.advance(1);
      expect(await pushed(1)).toEqual([{ url: `/push?order=${id}`, body: '' }]);
      const attempted = (count: number) =>
        eventually(async () => {
          const { callbacks } = (await client.call('GET', '/simulator/callbacks')).json as unknown as {
            callbacks: { attempts: unknown[] }[];
          };
          return callbacks[0]?.attempts.length === count;
        });
      let count = 1;
      for (const minutes of [5, 10, 15, 30, 240, 240]) {
        await attempted(count);
        await client.advance(minutes * 60 - 1);
        expect(calls).toHaveLength(count);
        await client.advance(1);
        await pushed((count += 1));
      }
      await attempted(count);
      expect((await client.call('POST', `${ORDERS}/${id}/acknowledge`)).status).toBe(204);
      await client.advance(240 * 60);
      expect(calls).toHaveLength(count);
    });

    // macOS has no second address of its own.
    const sources = process.platform === 'linux' ? ['127.0.0.1', '127.0.0.2'] : ['127.0.0.1'];
    it.each(sources)('from the address that the switch says, like the questions before (%s)', async (checkout_callbacks_from) => {
      const seen: (string | undefined)[] = [];
      const its = await shop((request, response) => {
        seen.push(request.socket.remoteAddress);
        response.end();
      });
      shops.push(its.server);
      await client.behave({ checkout_callbacks_from });
      const id = await open({ merchant_urls: { ...URLS, validation: `${its.url}/validate`, push: `${its.url}/push` } });
      await complete(id);
      await client.advance(121);
      await eventually(() => seen.length === 2);
      expect(seen).toEqual([checkout_callbacks_from, checkout_callbacks_from]);
    });

    it('not at all when it was acknowledged before', async () => {
      const { url, calls, server } = await shop();
      shops.push(server);
      const id = await open({ merchant_urls: { ...URLS, push: `${url}/push` } });
      await complete(id);
      await client.call('POST', `${ORDERS}/${id}/acknowledge`);
      await client.advance(48 * HOUR);
      const { callbacks } = (await client.call('GET', '/simulator/callbacks')).json as unknown as { callbacks: { next_at: unknown }[] };
      expect([calls, callbacks.map(({ next_at }) => next_at)]).toEqual([[], [null]]);
    });
  });

  describe('asks the shop before the purchase', () => {
    const asking = async (answer: (response: ServerResponse) => void, options: JsonObject = {}) => {
      const its = await shop((_, response) => answer(response));
      shops.push(its.server);
      const id = await open({ options, merchant_urls: { ...URLS, validation: `${its.url}/validate/{checkout.order.id}` } });
      return { id, calls: its.calls, reply: await complete(id) };
    };

    it('with the whole order, and goes on at its yes', async () => {
      const { id, calls, reply } = await asking((response) => response.end());
      expect(reply.status).toBe(200);
      expect(calls).toMatchObject([{ url: `/validate/${id}` }]);
      expect(JSON.parse(calls[0]?.body ?? '')).toMatchObject({ order_id: id, order_amount: 10_000, billing_address: { country: 'SE' } });
    });

    it('and stops at its no', async () => {
      const refused = await asking((response) => response.writeHead(400).end('{"error_type":"approval_failed","error_text":"Sold out"}'));
      expect([refused.reply.status, refused.reply.json]).toEqual([403, { error: 'Sold out' }]);
      expect((await read(refused.id)).json.status).toBe('checkout_incomplete');
      const sent = await asking((response) => response.writeHead(303, { Location: '/sold-out' }).end());
      expect(sent.reply.status).toBe(403);
    });

    it('and takes trouble for a yes, unless it must have one', async () => {
      expect((await asking((response) => response.writeHead(500).end())).reply.status).toBe(200);
      const must = await asking((response) => response.writeHead(500).end(), { require_validate_callback_success: true });
      expect(must.reply.status).toBe(403);
    });
  });

  describe('has a page for the shopper', () => {
    const page = (path: string, form?: Record<string, string>) =>
      fetch(simulator.url + path, { redirect: 'manual', ...(form && { method: 'POST', body: new URLSearchParams(form) }) });

    it('that may stand in the frame of the snippet, and leads to the shop after the purchase', async () => {
      const id = await open({
        merchant_reference1: 'A-1',
        merchant_urls: { ...URLS, confirmation: 'https://shop.example/ok?o={checkout.order.id}' },
      });
      const shown = await page(`/shopper/${id}`);
      expect([shown.status, shown.headers.get('content-security-policy')]).toEqual([200, expect.stringContaining('frame-ancestors *')]);
      expect(await shown.text()).toContain('Order A-1');
      expect(await (await page('/')).text()).toContain(`/shopper/${id}`);
      const bought = await page(`/shopper/${id}`, {
        given_name: 'Alva',
        email: 'alva@example.com',
        payment_method_category: 'pay_later',
      });
      expect([bought.status, bought.headers.get('location')]).toEqual([303, `https://shop.example/ok?o=${id}`]);
      expect(await (await page(`/shopper/${id}`)).text()).toContain('Thank you for your purchase');
      expect(await client.read(id)).toMatchObject({ billing_address: { given_name: 'Alva', email: 'alva@example.com' } });
    });

    it('that says what went wrong', async () => {
      const id = await open();
      const denied = await page(`/shopper/${id}`, { email: 'a@example.com', outcome: 'denied' });
      expect([denied.status, await denied.text()]).toEqual([403, expect.stringContaining('The purchase was not approved')]);
      await client.call('POST', `${CHECKOUTS}/${id}/abort`);
      expect(await (await page(`/shopper/${id}`)).text()).toContain('This checkout was aborted');
      expect((await page('/shopper/unknown')).status).toBe(404);
    });

    it('that shows nothing of a shop as markup', async () => {
      const evil = '<script>alert(1)</script>';
      const id = await open({
        merchant_reference1: evil,
        merchant_urls: { ...URLS, terms: 'javascript:alert(1)', confirmation: 'javascript:alert(1)' },
      });
      const text = await (await page(`/shopper/${id}`)).text();
      expect(text).not.toContain(evil);
      expect(text).not.toContain('javascript:');
      const bought = await page(`/shopper/${id}`, { email: 'a@example.com' });
      expect(bought.headers.get('location')).toBe(`/shopper/${id}`);
    });
  });
});
