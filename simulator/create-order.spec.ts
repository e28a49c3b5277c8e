import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { JsonObject } from './json.js';
import type { Simulator } from './simulator.js';
import { CART, startForTest, type Reply, type TestClient } from './test-client.js';

let simulator: Simulator;
let client: TestClient;
beforeAll(async () => ({ simulator, client } = await startForTest()));
afterAll(() => simulator.close());
beforeEach(async () => void (await client.call('DELETE', '/simulator/state')));

const refusal = ({ status, json }: Reply) => [status, json.error_code, json.error_messages];
const ADDRESS = { given_name: 'Alva', family_name: 'Lindström', email: 'alva@example.com', country: 'SE' };
const token = async (fields: JsonObject = {}, given: JsonObject = {}) => client.authorize(await client.session(fields), given);

describe('create order', () => {
  it('answers 200 with the order, its fraud status and how it is paid', async () => {
    const { status, json } = await client.placeOrder(await token());
    expect(status).toBe(200);
    expect(json).toEqual({
      order_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      fraud_status: 'ACCEPTED',
      authorized_payment_method: { type: 'invoice', number_of_days: 30 },
    });
  });

  it('gives a redirect URL when there is a confirmation URL to send the shopper to', async () => {
    const merchant_urls = { confirmation: 'https://shop.example/thanks?o={order.id}&s={session.id}' };
    const sessionId = await client.session({ merchant_urls });
    const { json } = await client.placeOrder(await client.authorize(sessionId));
    const redirect = await client.call('GET', new URL(json.redirect_url as string).pathname);
    expect(redirect.headers.get('location')).toBe(`https://shop.example/thanks?o=${json.order_id as string}&s=${sessionId}`);
  });

  it('captures at once with auto_capture', async () => {
    const orderId = await client.order({ auto_capture: true });
    expect(await client.read(orderId)).toMatchObject({
      status: 'CAPTURED',
      captured_amount: 10_000,
      remaining_authorized_amount: 0,
      captures: [{}],
    });
  });

  it('checks fields and arithmetic before anything else', async () => {
    const good = await token();
    expect(refusal(await client.placeOrder(good, { order_amount: 1 }))).toEqual([400, 'BAD_VALUE', ['Bad value: order_amount']]);
    expect(refusal(await client.placeOrder(good, { auto_capture: 'yes' }))).toEqual([400, 'BAD_VALUE', ['Bad value: auto_capture']]);
    expect((await client.placeOrder(good)).status).toBe(200);
  });

  it('wants a region in the US and Australia', async () => {
    const billing_address = { country: 'US', city: 'New York' };
    expect(refusal(await client.placeOrder(await token(), { billing_address }))).toEqual([
      400,
      'BAD_VALUE',
      ['Bad value: billing_address.region'],
    ]);
  });

  it('places no order on a session that was meant for a customer token only', async () => {
    expect(refusal(await client.placeOrder(await token({ intent: 'tokenize' })))[1]).toBe('INVALID_OPERATION');
  });

  it('reports what the shopper chose to pay with', async () => {
    const overTime = await client.placeOrder(await token({}, { payment_method_category: 'pay_over_time' }));
    expect(overTime.json.authorized_payment_method).toEqual({ type: 'fixed_amount', number_of_installments: 3 });
    await client.behave({ authorized_payment_method: 'string' });
    const now = await client.placeOrder(await token({}, { payment_method_category: 'pay_now' }));
    expect(now.json.authorized_payment_method).toBe('card');
  });
});

describe('what was authorized', () => {
  const twoLines = [
    { name: 'A', quantity: 1, unit_price: 6_000, total_amount: 6_000 },
    { name: 'B', quantity: 1, unit_price: 4_000, total_amount: 4_000 },
  ];

  it.each<[string, JsonObject, JsonObject, string]>([
    ['the order of lines', { order_lines: twoLines, order_tax_amount: null }, { order_lines: [...twoLines].reverse() }, 'order_lines'],
    ['a line', {}, { order_lines: [{ ...CART.order_lines[0]!, name: 'Boots' }] }, 'order_lines'],
    ['the country', {}, { purchase_country: 'NO' }, 'purchase_country'],
    ['the currency', {}, { purchase_currency: 'NOK' }, 'purchase_currency'],
    ['the tax', {}, { order_tax_amount: 2001 }, 'order_tax_amount'],
    ['the billing address', { billing_address: ADDRESS }, { billing_address: { ...ADDRESS, given_name: 'Eva' } }, 'billing_address'],
    ['the shipping address', { shipping_address: ADDRESS }, { shipping_address: { ...ADDRESS, city: 'Lund' } }, 'shipping_address'],
  ])('must match: %s', async (_what, authorized, sent, field) => {
    const reply = await client.placeOrder(await token(authorized), { ...authorized, ...sent });
    expect(refusal(reply)).toEqual([409, 'BAD_VALUE', [`Not matching fields: [${field}]`]]);
  });

  it('names all fields that differ', async () => {
    const reply = await client.placeOrder(await token({ billing_address: ADDRESS }), {
      order_amount: 4_000,
      order_tax_amount: 0,
      order_lines: [twoLines[1]!],
      billing_address: { country: 'NO' },
    });
    expect(reply.json.error_messages).toEqual(['Not matching fields: [order_amount, order_tax_amount, order_lines, billing_address]']);
  });

  it('need not be repeated as far as addresses go, and counts without them', async () => {
    expect((await client.placeOrder(await token({}, { billing_address: ADDRESS }))).status).toBe(200);
    expect((await client.placeOrder(await token(), { billing_address: ADDRESS })).status).toBe(200);
    expect((await client.placeOrder(await token({ billing_address: {} }), { billing_address: ADDRESS })).status).toBe(200);
  });

  it('does not depend on the order of members or on unknown members', async () => {
    const reordered = Object.fromEntries(Object.entries(CART.order_lines[0]!).reverse());
    expect((await client.placeOrder(await token(), { order_lines: [{ ...reordered, extra: 1 }] })).status).toBe(200);
  });

  it('is what the shopper saw, not what the session says since', async () => {
    const sessionId = await client.session();
    const authorized = await client.authorize(sessionId);
    const fields = { order_amount: 6_000, order_tax_amount: 0, order_lines: [twoLines[0]!] };
    await client.call('POST', `/payments/v1/sessions/${sessionId}`, fields);
    expect((await client.placeOrder(authorized, fields)).status).toBe(409);
    expect((await client.placeOrder(authorized)).status).toBe(200);
  });
});

describe('an authorization token', () => {
  const gone = [404, 'NOT_FOUND', ['Invalid authorization token']];

  it('is good for 60 minutes', async () => {
    const [early, late] = [await token(), await token()];
    await client.advance(3_590);
    expect((await client.placeOrder(early)).status).toBe(200);
    await client.advance(11);
    expect(refusal(await client.placeOrder(late))).toEqual(gone);
  });

  it('is worth nothing more after 60 minutes, even when it has placed an order', async () => {
    const used = await token();
    await client.placeOrder(used);
    await client.advance(3_601);
    expect(refusal(await client.placeOrder(used))).toEqual(gone);
  });

  it('is superseded by a newer authorization of its session', async () => {
    const sessionId = await client.session();
    const [older, newer] = [await client.authorize(sessionId), await client.authorize(sessionId)];
    expect(refusal(await client.placeOrder(older))).toEqual(gone);
    expect((await client.placeOrder(newer)).status).toBe(200);
  });

  it('is unknown when it is made up', async () => {
    expect(refusal(await client.placeOrder('made-up'))).toEqual(gone);
  });

  it('places one order: the same bytes get the same answer', async () => {
    const used = await token();
    const first = await client.placeOrder(used);
    const again = await client.placeOrder(used);
    expect([again.status, again.text]).toEqual([200, first.text]);
    expect((await client.call('GET', '/simulator/ledger/summary')).json).toMatchObject({ orders: 1 });
  });

  it.each<[string, number, string, string]>([
    ['consumed', 403, 'INVALID_OPERATION', 'Authorization token already consumed'],
    ['session_completed', 404, 'SESSION_COMPLETED', 'Session has already been completed'],
    ['already_completed', 409, 'BAD_VALUE', 'The order has been already completed with different request body'],
  ])('answers a repeat with %s where the switch says so', async (value, status, code, message) => {
    await client.behave({ repeated_token: value });
    const used = await token();
    await client.placeOrder(used);
    expect(refusal(await client.placeOrder(used))).toEqual([status, code, [message]]);
  });

  it.each(['same_order', 'consumed', 'session_completed'])('answers other bytes with 409, also with %s', async (value) => {
    await client.behave({ repeated_token: value });
    const used = await token();
    await client.placeOrder(used);
    const reply = await client.call('POST', `/payments/v1/authorizations/${used}/order`, JSON.stringify(CART, null, 1));
    expect(refusal(reply)).toEqual([409, 'BAD_VALUE', ['The order has been already completed with different request body']]);
  });

  it('may be tried again after a refusal', async () => {
    const good = await token();
    expect((await client.placeOrder(good, { purchase_country: 'NO' })).status).toBe(409);
    expect((await client.placeOrder(good)).status).toBe(200);
  });

  it('keeps its first refusal where errors are sticky', async () => {
    await client.behave({ sticky_errors: true });
    const spoilt = await token();
    const first = await client.placeOrder(spoilt, { purchase_country: 'NO' });
    const again = await client.placeOrder(spoilt);
    expect([again.status, again.text]).toEqual([409, first.text]);
  });

  it('is not helped by an idempotency key: Payments ignores it', async () => {
    const [one, two] = [await token(), await token()];
    const place = (name: string) =>
      client.call('POST', `/payments/v1/authorizations/${name}/order`, CART, { 'Klarna-Idempotency-Key': 'k' });
    expect((await place(one)).text).not.toBe((await place(two)).text);
    await client.behave({ payments_keys: 'honoured' });
    const [three, four] = [await token(), await token()];
    expect((await place(three)).text).toBe((await place(four)).text);
  });
});

describe('fraud', () => {
  const mail = (marker: string) => ({ billing_address: { ...ADDRESS, email: `alva+${marker}@example.com` } });

  it('refuses the shopper marked +denied when the order is placed', async () => {
    expect(refusal(await client.placeOrder(await token({}, mail('denied'))))).toEqual([403, 'REJECTED', ['The purchase was not approved']]);
  });

  it('leaves +pend-accept pending, not to be captured, until it is accepted', async () => {
    const orderId = await client.order({}, mail('pend-accept'));
    expect(await client.read(orderId)).toMatchObject({ status: 'AUTHORIZED', fraud_status: 'PENDING' });
    expect(refusal(await client.capture(orderId, 1))).toEqual([
      403,
      'CAPTURE_NOT_ALLOWED',
      [`Order ${orderId} is pending. Capture not possible.`],
    ]);
    await client.behave({ capture_while_pending: 'accepted' });
    expect((await client.capture(orderId, 1)).status).toBe(201);
    await client.advance(4 * 3600 + 1);
    expect((await client.read(orderId)).fraud_status).toBe('ACCEPTED');
  });

  it('captures a pending order with auto_capture when it is accepted', async () => {
    const orderId = await client.order({ auto_capture: true, ...mail('pend-accept') });
    expect(await client.read(orderId)).toMatchObject({ status: 'AUTHORIZED', captured_amount: 0 });
    await client.advance(4 * 3600 + 1);
    expect(await client.read(orderId)).toMatchObject({ status: 'CAPTURED', captured_amount: 10_000 });
  });

  it('cancels +pend-reject four hours after the rejection, unless the merchant captured', async () => {
    await client.behave({ pending_decision_seconds: 60 });
    const [idle, taken] = [await client.order(mail('pend-reject')), await client.order(mail('pend-reject'))];
    await client.advance(61);
    expect((await client.read(idle)).fraud_status).toBe('REJECTED');
    expect((await client.capture(taken, 5_000)).status).toBe(201);
    await client.advance(4 * 3600);
    expect((await client.read(idle)).status).toBe('CANCELLED');
    expect((await client.read(taken)).status).toBe('PART_CAPTURED');
  });
});
