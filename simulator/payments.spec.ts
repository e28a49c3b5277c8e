import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { JsonObject } from './json.js';
import type { Simulator } from './simulator.js';
import { CART, startForTest, type TestClient } from './test-client.js';

let simulator: Simulator;
let client: TestClient;
beforeAll(
  async () =>
    ({ simulator, client } = await startForTest({
      accounts: [
        { username: 'simulator', password: 'simulator' },
        { username: 'other', password: 'p:w' },
      ],
    })),
);
afterAll(() => simulator.close());
beforeEach(async () => void (await client.call('DELETE', '/simulator/state')));

const line = CART.order_lines[0]!;
const create = (fields: JsonObject) => client.call('POST', '/payments/v1/sessions', { ...CART, ...fields });

describe('credentials', () => {
  it.each([['simulator:wrong'], ['nobody:simulator'], [':'], ['simulator']])('are refused when they are %s', async (credentials) => {
    const reply = await client.as(credentials).call('GET', '/payments/v1/sessions/x');
    expect(reply.status).toBe(401);
    expect(reply.json.error_code).toBe('UNAUTHORIZED');
    expect(reply.headers.get('klarna-correlation-id')).toBe(reply.json.correlation_id);
  });

  it('may have a colon in the password', async () => {
    expect((await client.as('other:p:w').call('GET', '/payments/v1/sessions/x')).status).toBe(404);
  });
});

describe('the surface', () => {
  it('answers an unknown path with 404 and a wrong method with 405', async () => {
    expect((await client.call('GET', '/settlements/v1/payouts')).json.error_code).toBe('NOT_FOUND');
    expect((await client.call('PUT', '/payments/v1/sessions')).status).toBe(405);
  });

  it('has a correlation id and rate limits on every answer', async () => {
    const reply = await create({});
    expect(reply.headers.get('klarna-correlation-id')).toMatch(/^[0-9a-f-]{36}$/);
    expect(reply.headers.get('x-ratelimit-limit')).toBe('40, 40;w=1');
    expect(reply.headers.get('x-ratelimit-remaining')).toBe('39');
    expect(reply.headers.get('x-ratelimit-reset')).toBe('1');
  });

  it.each([['{"order_amount":'], ['[]'], ['null'], ['"text"'], ['']])('calls %j unreadable', async (body) => {
    const reply = await client.call('POST', '/payments/v1/sessions', body);
    expect([reply.status, reply.json.error_code]).toEqual([400, 'BAD_REQUEST']);
  });

  it('reads bytes that are no UTF-8 as unreadable', async () => {
    const body = new Uint8Array([0x7b, 0xff, 0x7d]);
    const response = await fetch(`${client.url}/payments/v1/sessions`, {
      method: 'POST',
      headers: { Authorization: `Basic ${btoa('simulator:simulator')}`, 'Content-Type': 'application/json' },
      body,
    });
    expect(response.status).toBe(400);
  });

  it('takes JSON only', async () => {
    const reply = await client.call('POST', '/payments/v1/sessions', CART, { 'Content-Type': 'text/plain' });
    expect([reply.status, reply.json.error_code]).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE']);
  });

  it('refuses a body above 1 MB and takes one of exactly 1 MB', async () => {
    const filler = (bytes: number) => {
      const bare = JSON.stringify({ ...CART, unknown: '' });
      return JSON.stringify({ ...CART, unknown: 'x'.repeat(bytes - bare.length) });
    };
    const reply = await client.call('POST', '/payments/v1/sessions', filler(1_048_577));
    expect([reply.status, reply.json.error_code]).toEqual([413, 'REQUEST_TOO_LARGE']);
    expect((await client.call('POST', '/payments/v1/sessions', filler(1_048_576))).status).toBe(200);
  });
});

describe('creating a session', () => {
  it('answers 200 with a session, a client token and the payment method categories', async () => {
    const { status, json } = await create({});
    expect(status).toBe(200);
    expect(Object.keys(json)).toEqual(['session_id', 'client_token', 'payment_method_categories']);
  });

  it('accepts and ignores members it does not know, and nulls', async () => {
    const sessionId = await client.session({ brand_new: { a: 1 }, merchant_data: null });
    expect((await client.call('GET', `/payments/v1/sessions/${sessionId}`)).json).not.toHaveProperty('brand_new');
  });

  it.each<[string, JsonObject, string]>([
    ['a missing country', { purchase_country: null }, 'purchase_country'],
    ['a country of three letters', { purchase_country: 'SWE' }, 'purchase_country'],
    ['a country that does not exist', { purchase_country: 'QX' }, 'purchase_country'],
    ['a currency that does not exist', { purchase_currency: 'QQQ' }, 'purchase_currency'],
    ['a strange locale', { locale: 'sv_SE' }, 'locale'],
    ['an amount as text', { order_amount: '10000' }, 'order_amount'],
    ['a negative amount', { order_amount: -1 }, 'order_amount'],
    ['a fraction', { order_amount: 10000.5 }, 'order_amount'],
    ['an amount above 2^53 - 1', { order_amount: 9007199254740992 }, 'order_amount'],
    ['an amount that misses the lines', { order_amount: 9999 }, 'order_amount'],
    ['a tax that misses the lines', { order_tax_amount: 2100 }, 'order_tax_amount'],
    ['no lines', { order_lines: [] }, 'order_lines'],
    ['lines that are an object', { order_lines: {} }, 'order_lines'],
    ['a line without a name', { order_lines: [{ ...line, name: '' }] }, 'order_lines[0].name'],
    ['a line type that does not exist', { order_lines: [{ ...line, type: 'return_fee' }] }, 'order_lines[0].type'],
    ['a unit longer than 8', { order_lines: [{ ...line, quantity_unit: 'kilograms' }] }, 'order_lines[0].quantity_unit'],
    ['a tax rate above 100 %', { order_lines: [{ ...line, tax_rate: 10001 }] }, 'order_lines[0].tax_rate'],
    ['a price above the limit', { order_lines: [{ ...line, unit_price: 200_000_001 }] }, 'order_lines[0].unit_price'],
    ['a wrong line total', { order_lines: [{ ...line, quantity: 2 }] }, 'order_lines[0].total_amount'],
    ['a wrong line tax', { order_lines: [{ ...line, total_tax_amount: 2500 }] }, 'order_lines[0].total_tax_amount'],
    ['a reference above 255', { merchant_reference1: 'x'.repeat(256) }, 'merchant_reference1'],
    ['a reference above 255 emoji', { merchant_reference1: '😀'.repeat(256) }, 'merchant_reference1'],
    ['data above 6000', { merchant_data: 'x'.repeat(6001) }, 'merchant_data'],
    ['a plain http callback', { merchant_urls: { push: 'http://shop.example/push' } }, 'merchant_urls.push'],
    ['an app URL that is a web URL', { merchant_urls: { app_return_url: 'https://shop.example' } }, 'merchant_urls.app_return_url'],
    ['a postal code above 10', { billing_address: { postal_code: '12345678901' } }, 'billing_address.postal_code'],
    ['an intent that does not exist', { intent: 'rent' }, 'intent'],
    ['a birth date in another form', { customer: { date_of_birth: '31.12.1978' } }, 'customer.date_of_birth'],
    ['a social security number of five digits', { customer: { last_four_ssn: '12345' } }, 'customer.last_four_ssn'],
    ['a colour by name', { options: { color_text: 'red' } }, 'options.color_text'],
    ['half an attachment', { attachment: { body: '{}' } }, 'attachment.content_type'],
  ])('refuses %s by name', async (_what, fields, path) => {
    const { status, json } = await create(fields);
    expect(status).toBe(400);
    expect(json.error_code).toBe('BAD_VALUE');
    expect(json.error_messages).toContain(`Bad value: ${path}`);
  });

  it('counts characters, not their halves', async () => {
    expect((await create({ merchant_reference1: '😀'.repeat(255) })).status).toBe(200);
  });

  it('names every broken field', async () => {
    const { json } = await create({ locale: 'x', purchase_country: 'x', merchant_reference2: 5 });
    expect(json.error_messages).toEqual(['Bad value: purchase_country', 'Bad value: locale', 'Bad value: merchant_reference2']);
  });
});

describe('a session', () => {
  it('shows what was sent, and customer details only once it is authorized', async () => {
    const sessionId = await client.session({
      merchant_reference1: 'ON-1',
      billing_address: { given_name: 'Alva', country: 'SE' },
      customer: { date_of_birth: '1978-12-31', national_identification_number: '1234' },
    });
    const before = (await client.call('GET', `/payments/v1/sessions/${sessionId}`)).json;
    expect(before).toMatchObject({ ...CART, merchant_reference1: 'ON-1', status: 'incomplete' });
    expect(before).not.toHaveProperty('billing_address');
    expect(before).not.toHaveProperty('authorization_token');
    const token = await client.authorize(sessionId);
    const after = (await client.call('GET', `/payments/v1/sessions/${sessionId}`)).json;
    expect(after).toMatchObject({
      authorization_token: token,
      billing_address: { given_name: 'Alva' },
      customer: { date_of_birth: '1978-12-31' },
    });
    expect(after.customer).not.toHaveProperty('national_identification_number');
  });

  it('keeps what an update leaves out and judges the whole', async () => {
    const sessionId = await client.session();
    const update = (fields: JsonObject) => client.call('POST', `/payments/v1/sessions/${sessionId}`, fields);
    const reply = await update({ merchant_reference1: 'later' });
    expect([reply.status, reply.text, reply.headers.get('content-type')]).toEqual([204, '', null]);
    expect((await update({ order_amount: 5000 })).json.error_messages).toEqual(['Bad value: order_amount']);
    expect((await client.call('GET', `/payments/v1/sessions/${sessionId}`)).json).toMatchObject({ ...CART, merchant_reference1: 'later' });
  });

  it('ends after 48 hours', async () => {
    const sessionId = await client.session();
    await client.advance(48 * 3600 - 60);
    expect((await client.call('GET', `/payments/v1/sessions/${sessionId}`)).status).toBe(200);
    await client.advance(61);
    for (const [method, path, body] of [
      ['GET', `/payments/v1/sessions/${sessionId}`],
      ['POST', `/payments/v1/sessions/${sessionId}`, {}],
    ] as const) {
      const { status, json } = await client.call(method, path, body);
      expect([status, json.error_code, json.error_messages]).toEqual([404, 'NOT_FOUND', ['Invalid session id']]);
    }
    expect((await client.call('POST', `/simulator/sessions/${sessionId}/authorize`)).status).toBe(404);
  });

  it('is complete once an order exists: it can be read, not updated, not authorized', async () => {
    const sessionId = await client.session();
    await client.placeOrder(await client.authorize(sessionId));
    expect((await client.call('GET', `/payments/v1/sessions/${sessionId}`)).json.status).toBe('complete');
    const update = await client.call('POST', `/payments/v1/sessions/${sessionId}`, { locale: 'en-SE' });
    expect([update.status, update.json.error_code, update.json.error_messages]).toEqual([
      404,
      'SESSION_COMPLETED',
      ['Session has already been completed'],
    ]);
    expect((await client.call('POST', `/simulator/sessions/${sessionId}/authorize`)).status).toBe(409);
  });

  it('belongs to its merchant', async () => {
    const sessionId = await client.session();
    const other = client.as('other:p:w');
    expect((await other.call('GET', `/payments/v1/sessions/${sessionId}`)).json.error_messages).toEqual(['Invalid session id']);
    await client.behave({ foreign_orders: 'forbidden' });
    expect((await other.call('GET', `/payments/v1/sessions/${sessionId}`)).status).toBe(403);
  });
});

describe('authorizing', () => {
  it('takes what the shopper gives, in its documented form', async () => {
    const sessionId = await client.session();
    const refused = await client.call('POST', `/simulator/sessions/${sessionId}/authorize`, { billing_address: { country: 'SWE' } });
    expect([refused.status, refused.json.error]).toEqual([400, 'Bad value: billing_address.country']);
    expect((await client.call('POST', `/simulator/sessions/${sessionId}/authorize`, { payment_method_category: 'cash' })).status).toBe(400);
    expect((await client.call('POST', `/simulator/sessions/${sessionId}/authorize`)).status).toBe(200);
  });

  it('is undone by the merchant once; then the token is gone', async () => {
    const sessionId = await client.session();
    const token = await client.authorize(sessionId);
    expect((await client.call('DELETE', `/payments/v1/authorizations/${token}`)).status).toBe(204);
    const again = await client.call('DELETE', `/payments/v1/authorizations/${token}`);
    expect([again.status, again.json.error_code, again.json.error_messages]).toEqual([404, 'NOT_FOUND', ['Invalid authorization token']]);
    expect((await client.placeOrder(token)).status).toBe(404);
    expect((await client.call('GET', `/payments/v1/sessions/${sessionId}`)).json).not.toHaveProperty('authorization_token');
  });

  it('cannot be undone once it has placed an order', async () => {
    const token = await client.authorize(await client.session());
    await client.placeOrder(token);
    const reply = await client.call('DELETE', `/payments/v1/authorizations/${token}`);
    expect([reply.status, reply.json.error_messages]).toEqual([404, ['Authorization cannot be deleted']]);
  });
});
