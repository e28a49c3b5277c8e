import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { type Answer, type Cart, cartOf } from '../support/client.js';
import { testGateway, type TestGateway } from '../support/gateway.js';
import { lastSequence, requests, rowsOf } from '../support/scene.js';
import { HOUR, pass } from '../support/time.js';
import { chargeOf, orderIn, REQUEST, tokenIn, tokenPath, tokensMade } from '../support/tokens.js';

type Members = Record<string, unknown>;

/** What Klarna says to it. */
interface Refused {
  status: number;
  error_code: string;
  error_messages: string[];
}

interface RefusedToken extends Refused {
  why: string;
  /** What the shop opened its session for. */
  intent?: string;
  /** What the shopper chose and entered. */
  shopper?: Members;
  /** What the shop asks for, where it is not what the shopper agreed to. */
  request?: Members;
  /** What happens between the authorization and the token. */
  meanwhile?: (on: { gateway: TestGateway; session: string }) => Promise<unknown>;
}

interface RefusedCharge extends Refused {
  why: string;
  shopper?: Members;
  charge?: Members;
  /** What happens to the token before it is charged. */
  meanwhile?: (on: { gateway: TestGateway; token: string }) => Promise<unknown>;
}

const INVALID = { status: 404, error_code: 'NOT_FOUND', error_messages: ['Invalid authorization token'] };
const COUNTRY = { status: 400, error_code: 'BAD_VALUE', error_messages: ['Bad value: purchase_country'] };

const TOKENS: RefusedToken[] = [
  {
    ...{ why: 'the session was opened for a purchase alone', intent: 'buy' },
    ...{ status: 403, error_code: 'INVALID_OPERATION', error_messages: ['The session was authorized for a purchase only'] },
  },
  { why: 'the shopper is billed in another country', shopper: { billing_address: { country: 'NO' } }, ...COUNTRY },
  { why: 'the shop asks for another country than it sold in', request: { purchase_country: 'NO' }, ...COUNTRY },
  {
    ...{ why: 'the shop asks for another currency than it sold in', request: { purchase_currency: 'NOK' } },
    ...{ status: 409, error_code: 'BAD_VALUE', error_messages: ['Not matching fields: [purchase_currency]'] },
  },
  {
    ...{ why: 'the shopper chose a way to pay that can not be charged again', shopper: { payment_method_category: 'pay_over_time' } },
    ...{ status: 400, error_code: 'BAD_REQUEST', error_messages: ['The payment method can not be tokenized in this country'] },
  },
  { why: 'the shop came an hour late', meanwhile: ({ gateway }) => pass(HOUR, gateway), ...INVALID },
  {
    ...{ why: 'the shopper has authorized again since', ...INVALID },
    meanwhile: ({ gateway, session }) => gateway.simulate('POST', `/simulator/sessions/${session}/authorize`, {}),
  },
];

const CHARGES: RefusedCharge[] = [
  {
    why: 'the shopper is turned down',
    shopper: { billing_address: { country: 'SE', email: 'jane+denied@example.com' } },
    ...{ status: 403, error_code: 'PAYMENT_METHOD_FAILED', error_messages: ['The charge was declined'] },
  },
  {
    ...{ why: 'the method does not pay in that currency', charge: { purchase_currency: 'NOK' } },
    ...{ status: 403, error_code: 'UNAVAILABLE_PAYMENT_METHOD', error_messages: ['The payment method is not available for this purchase'] },
  },
  {
    why: 'the method is gone',
    meanwhile: ({ gateway, token }) => gateway.simulate('POST', `/simulator/customer-tokens/${token}`, { charges: 'unavailable' }),
    ...{ status: 403, error_code: 'UNAVAILABLE_PAYMENT_METHOD', error_messages: ['The payment method is not available for this purchase'] },
  },
  {
    why: 'Klarna has suspended the token',
    meanwhile: ({ gateway, token }) => gateway.simulate('POST', `/simulator/customer-tokens/${token}`, { status: 'SUSPENDED' }),
    ...{ status: 403, error_code: 'TOKEN_SUSPENDED', error_messages: ['Customer token is suspended'] },
  },
  {
    why: 'the shop has cancelled the token',
    meanwhile: ({ gateway, token }) => gateway.call('PATCH', tokenPath(token, '/status'), { body: { status: 'CANCELLED' } }),
    ...{ status: 403, error_code: 'TOKEN_CANCELED', error_messages: ['Customer token is cancelled'] },
  },
  {
    ...{ why: 'the lines do not add up', charge: { order_amount: 9_999 } },
    ...{ status: 400, error_code: 'BAD_VALUE', error_messages: ['Bad value: order_amount'] },
  },
];

/** The rows of the guide's error tables for customer tokens, brought about by what a shopper or a shop does. */
describe('a shop is told in Klarna’s words, and nothing was made', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await testGateway({ env: { CLOCK: 'simulator' } });
  });
  afterAll(() => gateway.close());

  /** @returns the session, and the token with which it was authorized */
  async function authorized(cart: Cart, shopper: Members = {}): Promise<{ session: string; authorization: string }> {
    const { session_id: session } = (await gateway.post('/payments/v1/sessions', cart)).json as { session_id: string };
    await gateway.simulate('POST', `/simulator/sessions/${session}/authorize`, shopper);
    const shown = (await gateway.get(`/payments/v1/sessions/${session}`)).json as { authorization_token: string };
    return { session, authorization: shown.authorization_token };
  }
  const ask = (authorization: string, more: Members = {}) =>
    gateway.post(`/payments/v1/authorizations/${authorization}/customer-token`, { ...REQUEST, ...more });
  const charge = (token: string, more: Members = {}, key: string = randomUUID()) =>
    gateway.post(tokenPath(token, '/order'), chargeOf(10_000, more), key);
  const told = ({ status, json }: Answer) => {
    const { error_code, error_messages } = json as Omit<Refused, 'status'>;
    return { status, error_code, error_messages };
  };
  const said = ({ status, error_code, error_messages }: Refused) => ({ status, error_code, error_messages });
  const orders = async () => (await rowsOf<{ id: string }>(gateway.database, 'SELECT id FROM orders ORDER BY id')).map(({ id }) => id);

  it.each(TOKENS)('no customer token: $why', async ({ intent = 'tokenize', shopper, request, meanwhile, ...refused }) => {
    const { session, authorization } = await authorized(cartOf(10_000, { intent }), shopper);
    await meanwhile?.({ gateway, session });
    const before = await orders();
    const answer = await ask(authorization, request);
    expect(told(answer)).toEqual(said(refused));
    expect((await ask(authorization, request)).status).toBe(refused.status);
    expect((await tokensMade(gateway)).filter((made) => made.authorization_token === authorization)).toEqual([]);
    expect(await orders()).toEqual(before);
  });

  it('no customer token: there never was such an authorization', async () => {
    const before = await tokensMade(gateway);
    expect(told(await ask(randomUUID()))).toEqual(INVALID);
    expect(await tokensMade(gateway)).toEqual(before);
  });

  it.each(CHARGES)('no order of a customer token: $why', async ({ shopper, charge: more, meanwhile, ...refused }) => {
    const { authorization } = await authorized(cartOf(10_000, { intent: 'tokenize' }), shopper);
    const token = tokenIn(await ask(authorization));
    await meanwhile?.({ gateway, token });
    const [before, key] = [await orders(), randomUUID()];
    const answer = await charge(token, more, key);
    expect(told(answer)).toEqual(said(refused));
    // A repeat under its key gets what Klarna said, to the byte.
    expect((await charge(token, more, key)).text).toBe(answer.text);
    expect((await tokensMade(gateway, token))?.order_ids).toEqual([]);
    expect(await orders()).toEqual(before);
  });

  it('no order of a customer token: there is no such token', async () => {
    const before = await orders();
    const answer = await charge(randomUUID());
    expect(told(answer)).toEqual({ status: 404, error_code: 'TOKEN_NOT_FOUND', error_messages: ['Customer token not found'] });
    expect(await orders()).toEqual(before);
  });

  it('no order of a customer token: the body can not be read; and Klarna is not asked', async () => {
    const token = tokenIn(await ask((await authorized(cartOf(10_000, { intent: 'tokenize' }))).authorization));
    const since = await lastSequence(gateway);
    const answer = await gateway.call('POST', tokenPath(token, '/order'), { body: '{"order_amount":10000', key: randomUUID() });
    expect([answer.status, answer.json]).toMatchObject([400, { error_code: 'BAD_REQUEST' }]);
    expect(await requests(gateway, { path: tokenPath(token, '/order') }, since)).toEqual([]);
    // It is charged as soon as the shop sends what can be read.
    const next = await charge(token);
    expect((await tokensMade(gateway, token))?.order_ids).toEqual([orderIn(next)]);
  });
});
