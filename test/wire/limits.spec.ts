import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { call } from './raw-client.js';
import { startWireApp, type WireApp } from './wire-app.js';

const SESSIONS = '/payments/v1/sessions';
const LINE = { name: 'Shoes', quantity: 1, unit_price: 10_000, total_amount: 10_000 };
const CART = { purchase_country: 'SE', purchase_currency: 'SEK', order_amount: 10_000, order_lines: [LINE] };

/** What a merchant may have reported: the rule, a body beyond it, the field. */
const LIMITS: [string, object, string][] = [
  ['a length', { merchant_reference1: 'x'.repeat(256) }, 'merchant_reference1'],
  ['a least length', { order_lines: [{ ...LINE, name: '' }] }, 'order_lines[0].name'],
  ['a length of a list', { order_lines: [] }, 'order_lines'],
  ['a greatest length of a list', { order_lines: Array.from({ length: 1001 }, () => LINE) }, 'order_lines'],
  ['a pattern', { locale: 'swedish' }, 'locale'],
  ['a pattern deep inside', { merchant_urls: { push: 'http://shop.example' } }, 'merchant_urls.push'],
  ['a list of words', { intent: 'BUY' }, 'intent'],
  ['a list of words deep inside', { order_lines: [LINE, { ...LINE, type: 'voucher' }] }, 'order_lines[1].type'],
];

/** What always holds. */
const HARD: [string, object, string][] = [
  ['the type of an amount', { order_tax_amount: '2000' }, 'order_tax_amount'],
  ['the range of an amount', { order_tax_amount: -1 }, 'order_tax_amount'],
  ['the greatest amount', { order_lines: [{ ...LINE, unit_price: 200_000_001 }] }, 'order_lines[0].unit_price'],
  ['the type of a text', { locale: 1 }, 'locale'],
  ['the type of a word', { intent: ['buy'] }, 'intent'],
  ['what no text may hold', { merchant_reference1: 'a\u0000' }, 'merchant_reference1'],
  ['the type of an id', { customer: { customer_token: 7 } }, 'customer.customer_token'],
  ['the type of an object', { customer: 'x' }, 'customer'],
  ['the type of a list', { order_lines: LINE }, 'order_lines'],
  ['the type of an element', { order_lines: [LINE, 1] }, 'order_lines[1]'],
  ['what has to be there', { purchase_country: undefined }, 'purchase_country'],
];

const post = (wire: WireApp, more: object) => call(wire.url, { path: SESSIONS, body: JSON.stringify({ ...CART, ...more }) });

describe('limits of Klarna’s documents, by default', () => {
  let wire: WireApp;
  beforeAll(async () => {
    wire = await startWireApp();
  });
  afterAll(() => wire.close());
  beforeEach(() => void (wire.arrived.length = 0));

  it.each([...LIMITS, ...HARD])('are enforced: %s', async (_, more, path) => {
    const answer = await post(wire, more);
    expect([answer.status, answer.json()]).toMatchObject([400, { error_code: 'BAD_VALUE', error_messages: [`Bad value: ${path}`] }]);
    expect([wire.arrived.length, answer.header('Limits-Reported')]).toEqual([0, undefined]);
  });
});

describe('limits of Klarna’s documents, for a merchant that has them reported', () => {
  let wire: WireApp;
  beforeAll(async () => {
    wire = await startWireApp({ caller: { limits: 'report' } });
  });
  afterAll(() => wire.close());
  beforeEach(() => void (wire.arrived.length = 0));

  it.each(LIMITS)('are named in the answer, and the bytes pass unchanged: %s', async (_, more, path) => {
    const answer = await post(wire, more);
    expect([answer.status, answer.header('Limits-Reported')]).toEqual([200, path]);
    expect(wire.arrived[0]?.body?.toString()).toBe(JSON.stringify({ ...CART, ...more }));
  });

  it.each(HARD)('let nothing pass that always has to hold: %s', async (_, more, path) => {
    const answer = await post(wire, { merchant_reference2: 'x'.repeat(256), ...more });
    expect([answer.status, answer.json()]).toMatchObject([400, { error_code: 'BAD_VALUE', error_messages: [`Bad value: ${path}`] }]);
    expect(wire.arrived).toHaveLength(0);
  });

  it('name each field once, and of many the first twenty', async () => {
    const lines = Array.from({ length: 30 }, () => ({ ...LINE, name: '', quantity_unit: 'much too long' }));
    const answer = await post(wire, { order_lines: lines });
    const named = answer.header('Limits-Reported')?.split(', ') ?? [];
    expect([named.length, named[0], named.at(-1)]).toEqual([21, 'order_lines[0].name', 'and 40 more']);
  });

  it('say nothing where nothing is beyond them', async () => {
    expect((await post(wire, {})).header('Limits-Reported')).toBeUndefined();
  });
});
