import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { JsonObject } from './json.js';
import type { Simulator } from './simulator.js';
import { ORDERS, startForTest, type Reply, type TestClient } from './test-client.js';

let simulator: Simulator;
let client: TestClient;
beforeAll(async () => ({ simulator, client } = await startForTest()));
afterAll(() => simulator.close());
beforeEach(async () => void (await client.call('DELETE', '/simulator/state')));

const DAYS = 24 * 3_600;
const refusal = ({ status, json }: Reply) => [status, json.error_code, json.error_messages];
const done = ({ status, text }: Reply) => [status, text];
const change = (method: 'POST' | 'PATCH') => (orderId: string, suffix: string, body?: unknown, key?: string) =>
  client.call(method, `${ORDERS}/${orderId}/${suffix}`, body, key === undefined ? {} : { 'Klarna-Idempotency-Key': key });
const post = change('POST');
const patch = change('PATCH');
const captured = async (orderId: string, amount = 4_000) => (await client.capture(orderId, amount)).headers.get('Capture-Id') ?? '';
const expiresAt = async (orderId: string) => Date.parse((await client.read(orderId)).expires_at as string);
const PARCEL = { shipping_company: 'dhl-express', shipping_method: 'Home', tracking_number: '1' };

describe('extending an authorization', () => {
  const refused = (state: string) => [403, 'NOT_ALLOWED', [`Order ${state}. Authorization time cannot be extended.`]];
  const extend = (orderId: string) => post(orderId, 'extend-authorization-time');

  it('moves the end to the same moment for all extensions of a day, and further on a later day', async () => {
    const orderId = await client.order();
    const before = await expiresAt(orderId);
    expect(done(await extend(orderId))).toEqual([204, '']);
    const first = await expiresAt(orderId);
    expect(first).toBeGreaterThan(before);
    expect(first % 86_400_000).toBe(0);
    await extend(orderId);
    expect(await expiresAt(orderId)).toBe(first);
    await client.advance(DAYS);
    await extend(orderId);
    expect(await expiresAt(orderId)).toBe(first + 86_400_000);
    await client.advance(28 * DAYS - 60);
    expect((await client.capture(orderId, 1)).status).toBe(201);
  });

  it('is possible while a part is captured, and not when it is over', async () => {
    const part = await client.order();
    await captured(part);
    expect((await extend(part)).status).toBe(204);
    const [whole, cancelled, expired] = [await client.order(), await client.order(), await client.order()];
    await captured(whole, 10_000);
    await client.cancel(cancelled);
    expect(refusal(await extend(whole))).toEqual(refused('has no remaining authorization'));
    expect(refusal(await extend(cancelled))).toEqual(refused('is cancelled'));
    await client.advance(28 * DAYS + 1);
    expect(refusal(await extend(expired))).toEqual(refused('is expired'));
  });

  it('ends with the 180th day', async () => {
    const orderId = await client.order();
    for (let day = 20; day < 180; day += 20) {
      await client.advance(20 * DAYS);
      expect((await extend(orderId)).status).toBe(204);
    }
    await client.advance(20 * DAYS);
    expect(refusal(await extend(orderId))).toEqual(refused('is older than 180 days'));
  });

  it('is not for cards', async () => {
    const card = await client.order({}, { payment_method_category: 'pay_now' });
    expect(refusal(await extend(card))).toEqual(refused('was paid for in a way that is not extended'));
  });
});

describe('merchant references', () => {
  it('are replaced one by one; an empty text clears one', async () => {
    const orderId = await client.order({ merchant_reference1: 'A', merchant_reference2: 'B' });
    expect(done(await patch(orderId, 'merchant-references', { merchant_reference1: 'C' }))).toEqual([204, '']);
    expect(await client.read(orderId)).toMatchObject({ merchant_reference1: 'C', merchant_reference2: 'B' });
    await patch(orderId, 'merchant-references', { merchant_reference2: '' });
    expect((await client.read(orderId)).merchant_reference2).toBeUndefined();
  });

  it('stay as they are when an order is cancelled; Klarna may forbid them for expired ones', async () => {
    const [cancelled, expired, long] = [await client.order(), await client.order(), await client.order()];
    await client.cancel(cancelled);
    const change = { merchant_reference1: 'C' };
    expect(refusal(await patch(cancelled, 'merchant-references', change))).toEqual([
      403,
      'NOT_ALLOWED',
      ['Can not update a cancelled order'],
    ]);
    expect((await patch(long, 'merchant-references', { merchant_reference1: 'x'.repeat(256) })).status).toBe(422);
    await client.advance(29 * DAYS);
    expect((await patch(expired, 'merchant-references', change)).status).toBe(204);
    await client.behave({ references_on_expired: 'forbidden' });
    expect((await patch(expired, 'merchant-references', change)).status).toBe(403);
  });
});

describe('customer details', () => {
  const address = (fields: JsonObject = {}) => ({ shipping_address: { given_name: 'Alva', country: 'SE', ...fields } });

  it('change where the goods go, and nothing else', async () => {
    const orderId = await client.order({ billing_address: { country: 'SE', email: 'a@example.com' } });
    expect(done(await patch(orderId, 'customer-details', address()))).toEqual([204, '']);
    expect(await client.read(orderId)).toMatchObject({ ...address(), billing_address: { email: 'a@example.com' } });
    expect(refusal(await patch(orderId, 'customer-details', { billing_address: { country: 'SE' } }))).toEqual([
      ...[403, 'NOT_ALLOWED', ['Billing address cannot be updated.']],
    ]);
  });

  it('are assessed, and stay once there is a capture or the order is over', async () => {
    const [denied, part, cancelled] = [await client.order(), await client.order(), await client.order()];
    expect((await patch(denied, 'customer-details', address({ email: 'alva+denied@example.com' }))).json.error_code).toBe('NOT_ALLOWED');
    await captured(part);
    expect(refusal(await patch(part, 'customer-details', address()))).toEqual([403, 'NOT_ALLOWED', ['Update not allowed.']]);
    await client.behave({ address_when_captured: 'no_content' });
    expect((await patch(part, 'customer-details', address())).status).toBe(204);
    await client.cancel(cancelled);
    expect((await patch(cancelled, 'customer-details', address())).status).toBe(403);
  });
});

describe('shipping info', () => {
  it('of an order is added to what is listed; the key alone tells a repeat from another parcel', async () => {
    const orderId = await client.order();
    const body = { shipping_info: [PARCEL] };
    expect(done(await post(orderId, 'shipping-info', body, 'key-1'))).toEqual([204, '']);
    await post(orderId, 'shipping-info', body, 'key-1');
    expect((await client.read(orderId)).shipping_info).toEqual([PARCEL]);
    await post(orderId, 'shipping-info', body);
    expect((await client.read(orderId)).shipping_info).toEqual([PARCEL, PARCEL]);
  });

  it('of a capture needs one', async () => {
    const orderId = await client.order();
    const unknown = '00000000-0000-4000-8000-000000000000';
    const body = { shipping_info: [PARCEL] };
    expect(refusal(await post(orderId, `captures/${unknown}/shipping-info`, body))).toEqual([
      403,
      'NOT_ALLOWED',
      ['Order has no captures.'],
    ]);
    const captureId = await captured(orderId);
    expect(refusal(await post(orderId, `captures/${unknown}/shipping-info`, body)).slice(0, 2)).toEqual([404, 'NO_SUCH_CAPTURE']);
    expect((await post(orderId, `captures/${captureId}/shipping-info`, body)).status).toBe(204);
    expect((await client.read(orderId)).captures).toMatchObject([{ shipping_info: [PARCEL] }]);
  });

  it.each([{}, { shipping_info: [] }, { shipping_info: [{ shipping_method: 'Pigeon' }] }])('is refused when it is %j', async (body) => {
    expect((await post(await client.order(), 'shipping-info', body)).status).toBe(400);
  });
});

describe('a due date', () => {
  it('is put off by what the options list, for payments that have one', async () => {
    const orderId = await client.order();
    const captureId = await captured(orderId);
    const { json } = await client.call('GET', `${ORDERS}/${orderId}/captures/${captureId}/extend-due-date-options`);
    expect(json).toMatchObject({ currency: 'SEK', options: [{ number_of_days: 14, amount: 495 }, {}, {}] });
    const extend = (days: number) => patch(orderId, `captures/${captureId}/extend-due-date`, { number_of_days: days });
    expect(refusal(await extend(13))).toEqual([403, 'NOT_ALLOWED', ['Due date cannot be extended by 13 days.']]);
    expect([(await extend(14)).status, (await extend(30)).status]).toEqual([204, 204]);
    expect((await client.ledger(orderId)).captures).toMatchObject([{ due_date_extensions: [14, 30] }]);
    await client.behave({ due_date_again: 'refused' });
    expect((await extend(14)).status).toBe(403);

    const card = await client.order({}, { payment_method_category: 'pay_now' });
    const paid = await captured(card);
    expect((await client.call('GET', `${ORDERS}/${card}/captures/${paid}/extend-due-date-options`)).json.options).toEqual([]);
    expect((await patch(card, `captures/${paid}/extend-due-date`, { number_of_days: 14 })).status).toBe(403);
  });
});

it('the message about a capture is sent again as often as it is asked for', async () => {
  const orderId = await client.order();
  expect(refusal(await post(orderId, 'captures/x/trigger-send-out'))).toEqual([403, 'NOT_ALLOWED', ['Order has no captures.']]);
  const captureId = await captured(orderId);
  expect((await post(orderId, `captures/${captureId}/trigger-send-out`)).status).toBe(204);
  expect((await post(orderId, `captures/${captureId}/trigger-send-out`)).status).toBe(204);
  expect((await client.ledger(orderId)).captures).toMatchObject([{ send_outs: 2 }]);
});
