import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Refusal } from '../../src/operations/errors.js';
import { OperationReply } from '../../src/operations/request.js';
import { call } from './raw-client.js';
import { startWireApp, type WireApp } from './wire-app.js';

const TOKEN = '/customer-token/v1/tokens/t-1';
const AUTHORIZATION = '/payments/v1/authorizations/a-1/customer-token';
const LINE = '{"name":"Shoes","quantity":1,"unit_price":10000,"total_amount":10000}';
const charge = (rest = '', line = LINE) =>
  `{"purchase_currency":"SEK","order_amount":10000,"order_lines":[${line}]${rest === '' ? '' : `,${rest}`}}`;
const request = (more: Record<string, unknown> = {}) =>
  JSON.stringify({
    ...{ purchase_country: 'SE', purchase_currency: 'SEK', locale: 'sv-SE', description: 'Shoes', intended_use: 'SUBSCRIPTION' },
    ...more,
  });

describe('customer tokens on the wire', () => {
  let wire: WireApp;
  beforeAll(async () => {
    wire = await startWireApp();
  });
  afterAll(() => wire.close());
  beforeEach(() => {
    wire.arrived.length = 0;
    wire.answers.length = 0;
  });

  it.each([
    { action: 'create-customer-token', method: 'POST', path: AUTHORIZATION, id: 'a-1', body: request() },
    { action: 'read-token', method: 'GET', path: TOKEN, id: 't-1', body: undefined },
    { action: 'charge-token', method: 'POST', path: `${TOKEN}/order`, id: 't-1', body: charge() },
    { action: 'update-token-status', method: 'PATCH', path: `${TOKEN}/status`, id: 't-1', body: '{"status":"CANCELLED"}' },
  ])('$action arrives with its bytes, with a slash at the end and a charset', async ({ action, method, path, id, body }) => {
    for (const address of [path, `${path}/`]) {
      const sent = body === undefined ? {} : { body, headers: { 'Content-Type': 'application/json; charset=UTF-8' } };
      const answer = await call(wire.url, { method, path: address, ...sent });
      expect([answer.status, wire.arrived.at(-1)?.action, wire.arrived.at(-1)?.id]).toEqual([200, action, id]);
      expect(wire.arrived.at(-1)?.body?.toString()).toBe(body);
    }
  });

  it("passes on what Klarna needs of the caller's headers, and the key of an order alone", async () => {
    const headers = {
      'User-Agent': 'shop/1',
      'Accept-Language': 'sv',
      'Klarna-Integrator': 'I',
      'X-Secret': 's',
      'Klarna-Idempotency-Key': 'k-1',
    };
    await call(wire.url, { path: `${TOKEN}/order`, headers, body: charge() });
    expect(wire.arrived[0]).toMatchObject({ key: 'k-1' });
    expect(wire.arrived[0]?.headers).toEqual({ 'User-Agent': 'shop/1', 'Accept-Language': 'sv', 'Klarna-Integrator': 'I' });
    await call(wire.url, { path: AUTHORIZATION, headers, body: request() });
    await call(wire.url, { method: 'PATCH', path: `${TOKEN}/status`, headers, body: '{"status":"CANCELLED"}' });
    expect(wire.arrived.slice(1).map(({ key }) => key)).toEqual([undefined, undefined]);
  });

  it('writes the 202 of a cancel bare, without an operation to look at', async () => {
    wire.answers.push(new OperationReply(202, { 'Klarna-Correlation-Id': 'k-2' }, undefined));
    const answer = await call(wire.url, { method: 'PATCH', path: `${TOKEN}/status`, body: '{"status":"CANCELLED"}' });
    expect([answer.status, answer.body.length, answer.header('Location'), answer.header('Content-Type')]).toEqual([
      202,
      0,
      undefined,
      undefined,
    ]);
    expect(answer.headers).toEqual(expect.arrayContaining([['Klarna-Correlation-Id', 'k-2']]));
  });

  it('passes a declined charge on to the byte, with all that it says', async () => {
    const body = Buffer.from(
      '{ "error_code":"PAYMENT_METHOD_FAILED","step_up_id":"s\\u002d1","fraud_status":"REJECTED","reason":"x","new":1.0 }',
    );
    wire.answers.push(new OperationReply(403, { 'Content-Type': 'application/json' }, body));
    const answer = await call(wire.url, { path: `${TOKEN}/order`, body: charge() });
    expect([answer.status, answer.body.equals(body)]).toEqual([403, true]);
  });

  it('refuses an unknown token in the shape of Klarna', async () => {
    wire.answers.push(new Refusal('TOKEN_NOT_FOUND', ['Customer token not found']));
    const answer = await call(wire.url, { method: 'GET', path: TOKEN });
    expect([answer.status, answer.json()]).toMatchObject([404, { error_code: 'TOKEN_NOT_FOUND', correlation_id: expect.any(String) }]);
  });

  it.each([
    ['order_amount', '{"purchase_currency":"SEK","order_amount":0,"order_lines":[{}]}'],
    ['order_lines[0].unit_price', charge('', '{"name":"Shoes","quantity":1,"unit_price":100000001,"total_amount":1}')],
    [
      'order_lines[0].merchant_data',
      charge('', `{"name":"a","quantity":1,"unit_price":1,"total_amount":1,"merchant_data":"${'x'.repeat(256)}"}`),
    ],
    ['order_lines[0].reference', charge('', `{"name":"a","quantity":1,"unit_price":1,"total_amount":1,"reference":"${'x'.repeat(257)}"}`)],
    [
      'order_lines[0].subscription.interval',
      charge('', `${LINE.slice(0, -1)},"subscription":{"name":"a","interval":"DECADE","interval_count":1}}`),
    ],
    ['shipping_address.phone', charge('"shipping_address":{"phone":"1234"}')],
    ['merchant_urls.confirmation', charge('"merchant_urls":{"push":"https://shop.example"}')],
    ['step_up', charge('"step_up":"MAYBE"')],
  ])('refuses an order by its field %s, with the limits of Customer Token', async (field, body) => {
    const answer = await call(wire.url, { path: `${TOKEN}/order`, body });
    expect([answer.status, (answer.json() as { error_messages: string[] }).error_messages]).toEqual([
      400,
      expect.arrayContaining([`Bad value: ${field}`]),
    ]);
    expect(wire.arrived).toHaveLength(0);
  });

  it.each([
    ['intended_use', request({ intended_use: 'subscription' })],
    ['description', request({ description: '' })],
    ['description', request({ description: 'x'.repeat(256) })],
    ['locale', request({ locale: 'sv_SE' })],
    ['billing_address.country', request({ billing_address: { country: 'SWE' } })],
  ])('refuses a request for a token by its field %s', async (field, body) => {
    const answer = await call(wire.url, { path: AUTHORIZATION, body });
    expect([answer.status, answer.json()]).toMatchObject([400, { error_code: 'BAD_VALUE', error_messages: [`Bad value: ${field}`] }]);
    expect(wire.arrived).toHaveLength(0);
  });

  it.each(['{"status":"ACTIVE"}', '{"status":"cancelled"}', '{}', '[]', undefined])('refuses a status %s', async (body) => {
    const answer = await call(wire.url, { method: 'PATCH', path: `${TOKEN}/status`, ...(body === undefined ? {} : { body }) });
    expect(answer.status).toBe(400);
    expect(wire.arrived).toHaveLength(0);
  });

  it('lets fields pass that it does not know, null ones, and 1,000 lines', async () => {
    const lines = Array.from({ length: 999 }, () => LINE).join(',');
    const body = charge('"locale":"sv-SE","usage":"x","attachment":null,"merchant_data":"å😀"', `${LINE},${lines}`);
    expect((await call(wire.url, { path: `${TOKEN}/order`, body })).status).toBe(200);
    expect(wire.arrived[0]?.body?.equals(Buffer.from(body))).toBe(true);
    expect((await call(wire.url, { path: `${TOKEN}/order`, body: charge('', `${LINE},${LINE},${lines}`) })).status).toBe(400);
  });
});
