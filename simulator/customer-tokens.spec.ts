import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { JsonObject } from './json.js';
import type { Simulator } from './simulator.js';
import { CART, startForTest, type Reply, type TestClient } from './test-client.js';

const REQUEST = {
  purchase_country: 'SE',
  purchase_currency: 'SEK',
  locale: 'sv-SE',
  description: 'Shoes every month',
  intended_use: 'SUBSCRIPTION',
};
const CHARGE = {
  purchase_currency: CART.purchase_currency,
  order_amount: CART.order_amount,
  order_tax_amount: CART.order_tax_amount,
  order_lines: CART.order_lines,
};
const NOBODY = '00000000-0000-4000-8000-000000000000';

describe('customer tokens', () => {
  let simulator: Simulator;
  let client: TestClient;
  beforeAll(async () => {
    ({ simulator, client } = await startForTest({
      accounts: [
        { username: 'simulator', password: 'simulator' },
        { username: 'other', password: 'other' },
      ],
    }));
  });
  afterAll(() => simulator.close());
  beforeEach(async () => {
    await client.call('DELETE', '/simulator/behaviour');
  });

  const authorized = async (fields: JsonObject = {}, given: JsonObject = {}) => client.authorize(await client.session(fields), given);
  const tokenize = (token: string, fields: JsonObject = {}) =>
    client.call('POST', `/payments/v1/authorizations/${token}/customer-token`, { ...REQUEST, ...fields });
  const made = async (given: JsonObject = {}, fields: JsonObject = {}): Promise<string> => {
    const reply = await tokenize(await authorized({ intent: 'tokenize' }, given), fields);
    if (reply.status !== 200) throw new Error(reply.text);
    return reply.json.token_id as string;
  };
  const at = (token: string, suffix = '') => `/customer-token/v1/tokens/${token}${suffix}`;
  const charge = (token: string, fields: JsonObject = {}, key?: string) =>
    client.call('POST', at(token, '/order'), { ...CHARGE, ...fields }, key === undefined ? {} : { 'Klarna-Idempotency-Key': key });
  const cancel = (token: string) => client.call('PATCH', at(token, '/status'), { status: 'CANCELLED' });
  const order = (token: string, what: JsonObject) => client.call('POST', `/simulator/customer-tokens/${token}`, what);
  const said = ({ status, json }: Reply) => [status, json.error_code, json.error_messages];

  it('come from an authorization, with the shopper’s address', async () => {
    const billing_address = { country: 'SE', email: 'jane@example.com' };
    const reply = await tokenize(await authorized({ intent: 'tokenize' }, { billing_address }));
    expect([reply.status, reply.json]).toMatchObject([
      200,
      { token_id: expect.any(String), redirect_url: expect.any(String), billing_address },
    ]);
  });

  it.each<[string, JsonObject, JsonObject, JsonObject, unknown[]]>([
    ['for a purchase only', { intent: 'buy' }, {}, {}, [403, 'INVALID_OPERATION', ['The session was authorized for a purchase only']]],
    ['of another country', { intent: 'tokenize' }, {}, { purchase_country: 'NO' }, [400, 'BAD_VALUE', ['Bad value: purchase_country']]],
    [
      ...(['of another country than the bill', { intent: 'tokenize' }, { billing_address: { country: 'NO' } }, {}] as const),
      [400, 'BAD_VALUE', ['Bad value: purchase_country']],
    ],
    [
      'in another currency',
      { intent: 'tokenize' },
      {},
      { purchase_currency: 'NOK' },
      [409, 'BAD_VALUE', ['Not matching fields: [purchase_currency]']],
    ],
    [
      ...(['by a method without tokens', { intent: 'tokenize' }, { payment_method_category: 'pay_over_time' }, {}] as const),
      [400, 'BAD_REQUEST', ['The payment method can not be tokenized in this country']],
    ],
    ['for another use', { intent: 'tokenize' }, {}, { intended_use: 'subscription' }, [400, 'BAD_VALUE', ['Bad value: intended_use']]],
  ])('are refused %s', async (_, session, given, request, refusal) => {
    expect(said(await tokenize(await authorized(session, given), request))).toEqual(refusal);
  });

  it.each([
    ['same_token', 200],
    ['consumed', 403],
  ])('are made once of one authorization (%s)', async (repeated_customer_token, status) => {
    await client.behave({ repeated_customer_token });
    const token = await authorized({ intent: 'tokenize' });
    const first = await tokenize(token);
    const again = await tokenize(token);
    expect([again.status, again.text === first.text]).toEqual([status, status === 200]);
    expect((await tokenize(token, { description: 'Other' })).status).toBe(403);
    const { customer_tokens: tokens } = (await client.call('GET', '/simulator/ledger/customer-tokens')).json as {
      customer_tokens: JsonObject[];
    };
    expect(tokens.filter((each) => each.authorization_token === token)).toHaveLength(1);
  });

  it.each([
    ['both', 200, 200],
    ['either', 403, 403],
    ['order_first', 200, 403],
    ['token_first', 403, 200],
  ])('and an order of one authorization, in either order (%s)', async (token_and_order, tokenAfter, orderAfter) => {
    await client.behave({ token_and_order });
    const [first, second] = [await authorized({ intent: 'buy_and_tokenize' }), await authorized({ intent: 'buy_and_tokenize' })];
    expect([(await client.placeOrder(first)).status, (await tokenize(first)).status]).toEqual([200, tokenAfter]);
    expect([(await tokenize(second)).status, (await client.placeOrder(second)).status]).toEqual([200, orderAfter]);
  });

  it('make no order of an authorization for tokens alone, which can no longer be deleted either', async () => {
    const token = await authorized({ intent: 'tokenize' });
    expect((await client.placeOrder(token)).status).toBe(403);
    expect((await tokenize(token)).status).toBe(200);
    expect((await client.call('DELETE', `/payments/v1/authorizations/${token}`)).status).toBe(404);
  });

  it('are charged once per key, by what the token was made with', async () => {
    const token = await made();
    const first = await charge(token, {}, 'key-1');
    expect([first.status, first.json]).toMatchObject([200, { fraud_status: 'ACCEPTED', authorized_payment_method: { type: 'invoice' } }]);
    expect((await charge(token, { merchant_reference1: 'other' }, 'key-1')).text).toBe(first.text);
    const shown = await client.read(first.json.order_id as string);
    expect(shown).toMatchObject({ status: 'AUTHORIZED', order_amount: 10_000, purchase_country: 'SE', locale: 'sv-SE' });
    expect((await client.capture(first.json.order_id as string, 10_000)).status).toBe(201);
    expect((await charge(token)).json.order_id).not.toBe(first.json.order_id);
  });

  it.each<[string, JsonObject, string]>([
    [
      'an amount of nothing',
      { order_amount: 0, order_lines: [{ ...CART.order_lines[0], quantity: 0, total_amount: 0, total_tax_amount: 0 }] },
      'order_amount',
    ],
    ['lines that do not add up', { order_amount: 9_999 }, 'order_amount'],
    ['a line above the limit', { order_lines: [{ ...CART.order_lines[0], unit_price: 100_000_001 }] }, 'order_lines[0].unit_price'],
    ['a phone of four digits', { shipping_address: { phone: '1234' } }, 'shipping_address.phone'],
    ['addresses without a confirmation', { merchant_urls: { push: 'https://shop.example' } }, 'merchant_urls.confirmation'],
    ['a step-up of its own words', { step_up: 'yes' }, 'step_up'],
  ])('refuse %s', async (_, fields, field) => {
    const reply = await charge(await made(), fields);
    expect([reply.status, reply.json.error_code]).toEqual([400, 'BAD_VALUE']);
    expect(reply.json.error_messages).toContain(`Bad value: ${field}`);
  });

  it.each<[string, JsonObject, JsonObject, string]>([
    ['declined on command', { charges: 'declined' }, {}, 'PAYMENT_METHOD_FAILED'],
    ['unavailable on command', { charges: 'unavailable' }, {}, 'UNAVAILABLE_PAYMENT_METHOD'],
    ['in another currency', {}, { purchase_currency: 'NOK' }, 'UNAVAILABLE_PAYMENT_METHOD'],
    ['of a suspended token', { status: 'SUSPENDED' }, {}, 'TOKEN_SUSPENDED'],
  ])('refuse a charge %s, and remember it under its key', async (_, what, fields, code) => {
    const token = await made();
    expect((await order(token, what)).status).toBe(200);
    const refused = await charge(token, { ...fields, step_up: 'SUPPORTED' }, `key-${code}-${token}`);
    expect([refused.status, refused.json.error_code]).toEqual([403, code]);
    const repairable = code === 'PAYMENT_METHOD_FAILED' || code === 'UNAVAILABLE_PAYMENT_METHOD';
    expect([refused.json.fraud_status, typeof refused.json.step_up_id]).toEqual(
      repairable ? ['REJECTED', 'string'] : [undefined, 'undefined'],
    );
    await order(token, { status: 'ACTIVE', charges: 'accepted' });
    expect((await charge(token, { ...fields, step_up: 'SUPPORTED' }, `key-${code}-${token}`)).text).toBe(refused.text);
  });

  it('follow the marker in the shopper’s e-mail address', async () => {
    const email = (marker: string) => ({ billing_address: { country: 'SE', email: `jane+${marker}@example.com` } });
    expect((await charge(await made(email('pend-accept')))).json.fraud_status).toBe('PENDING');
    expect((await charge(await made(email('denied')))).json.error_code).toBe('PAYMENT_METHOD_FAILED');
  });

  it('are repaired by the order of a session that names the step-up and the token', async () => {
    const token = await made();
    await order(token, { charges: 'declined' });
    const { step_up_id } = (await charge(token, { step_up: 'SUPPORTED' })).json as { step_up_id: string };
    const session = (fields: JsonObject) => client.call('POST', '/payments/v1/sessions', { ...CART, ...fields });
    const [customer, intent] = [{ customer_token: token }, 'tokenize'];
    expect(said(await session({ step_up_id }))).toEqual([400, 'BAD_VALUE', ['Bad value: customer.customer_token']]);
    const authorization = await client.authorize(await client.session({ step_up_id, customer, intent }), {
      payment_method_category: 'pay_now',
    });
    expect((await charge(token)).status).toBe(403);
    expect((await client.placeOrder(authorization)).status).toBe(200);
    expect((await client.call('GET', at(token))).json).toMatchObject({ payment_method_type: 'CARD', card: { brand: 'VISA' } });
    expect((await charge(token)).status).toBe(200);
    expect(said(await session({ step_up_id, customer, intent }))).toEqual([400, 'BAD_VALUE', ['Bad value: step_up_id']]);
  });

  it.each([
    ['same', 'tokenize', 'tokenize', 200],
    ['same', 'tokenize', 'buy_and_tokenize', 400],
    ['same', 'tokenize', undefined, 400],
    ['same', 'buy_and_tokenize', 'buy_and_tokenize', 200],
    ['same', 'buy_and_tokenize', 'tokenize', 400],
    ['any', 'tokenize', 'buy_and_tokenize', 200],
    ['any', 'buy_and_tokenize', undefined, 200],
  ])('are repaired with the intent that they were made with (%s): %s, %s', async (step_up_intent, original, intent, status) => {
    await client.behave({ step_up_intent });
    const { token_id: token } = (await tokenize(await authorized({ intent: original }))).json as { token_id: string };
    await order(token, { charges: 'declined' });
    const { step_up_id } = (await charge(token, { step_up: 'SUPPORTED' })).json;
    const customer = { customer_token: token };
    const session = await client.call('POST', '/payments/v1/sessions', { ...CART, step_up_id, customer, ...(intent && { intent }) });
    expect(session.status).toBe(status);
    if (status === 400) return expect(said(session)).toEqual([400, 'BAD_VALUE', ['Bad value: intent']]);
    expect((await client.placeOrder(await client.authorize(session.json.session_id as string))).status).toBe(200);
    expect((await charge(token)).status).toBe(200);
  });

  it.each([
    ['ignored', 200],
    ['refused', 400],
  ])('are not touched by a step-up that nobody was offered: %s', async (unknown_step_up, status) => {
    await client.behave({ unknown_step_up });
    const token = await made();
    await order(token, { charges: 'declined' });
    const session = await client.call('POST', '/payments/v1/sessions', {
      ...CART,
      step_up_id: NOBODY,
      customer: { customer_token: token },
    });
    expect(session.status).toBe(status);
    if (status === 400) return expect(said(session)).toEqual([400, 'BAD_VALUE', ['Bad value: step_up_id']]);
    expect((await client.placeOrder(await client.authorize(session.json.session_id as string))).status).toBe(200);
    expect((await charge(token)).status).toBe(403);
  });

  it.each([
    ['accepted', 202],
    ['forbidden', 403],
  ])('are cancelled for good; a second cancel is %s', async (repeated_token_cancel, status) => {
    await client.behave({ repeated_token_cancel });
    const token = await made();
    const first = await cancel(token);
    expect([first.status, first.text, first.headers.get('content-type')]).toEqual([202, '', null]);
    expect((await client.call('GET', at(token))).json.status).toBe('CANCELLED');
    expect((await charge(token)).json.error_code).toBe('TOKEN_CANCELED');
    expect((await cancel(token)).status).toBe(status);
    expect((await order(token, { status: 'ACTIVE' })).status).toBe(409);
  });

  it('may stay as they were for a while after the cancel was accepted', async () => {
    await client.behave({ token_cancel_seconds: 60 });
    const token = await made();
    await cancel(token);
    expect((await client.call('GET', at(token))).json.status).toBe('ACTIVE');
    await client.advance(61);
    expect((await client.call('GET', at(token))).json.status).toBe('CANCELLED');
  });

  it.each(['TOKEN_NOT_FOUND', 'NOT_FOUND'])('are unknown to other merchants: 404 %s', async (unknown_token_code) => {
    await client.behave({ unknown_token_code });
    const token = await made();
    for (const [who, id] of [
      [client, NOBODY],
      [client.as('other:other'), token],
    ] as const) {
      expect(said(await who.call('GET', at(id)))).toEqual([404, unknown_token_code, ['Customer token not found']]);
    }
    await client.behave({ foreign_orders: 'forbidden' });
    expect((await client.as('other:other').call('GET', at(token))).status).toBe(403);
  });

  it.each<[JsonObject]>([[{ status: 'CANCELLED' }], [{ charges: 'sometimes' }], [{ token_id: 'x' }]])('take no order %j', async (what) => {
    expect((await order(await made(), what)).status).toBe(400);
    expect((await order(NOBODY, {})).status).toBe(404);
  });
});
