import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { type Answer, type Cart, cartOf } from '../support/client.js';
import { testGateway, type TestGateway } from '../support/gateway.js';
import { expectRowsLikeLedger, ordersPath } from '../support/scene.js';
import { pass } from '../support/time.js';
import { chargeOf, orderIn, REQUEST, tokenIn, tokenPath, tokensMade } from '../support/tokens.js';
import { until } from '../support/until.js';

/** What of a session's cart create order takes. */
function without(cart: Cart, ...members: string[]): Cart {
  return { ...Object.fromEntries(Object.entries(cart).filter(([name]) => !members.includes(name))), order_amount: cart.order_amount };
}

/** The flows of Klarna's guide to placing orders, as a shop goes through them. */
describe('a shop', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await testGateway({ env: { CLOCK: 'simulator' } });
  });
  afterAll(() => gateway.close());
  beforeEach(() => gateway.simulate('DELETE', '/simulator/behaviour'));

  /** A session, what the shopper does in the browser, and the token that the session shows to its shop. */
  async function authorization(cart: Cart, shopper: Record<string, unknown> = {}): Promise<string> {
    const opened = await gateway.post('/payments/v1/sessions', cart);
    expect([opened.status, opened.json]).toMatchObject([200, { client_token: expect.any(String) }]);
    const { session_id: id } = opened.json as { session_id: string };
    await gateway.simulate('POST', `/simulator/sessions/${id}/authorize`, shopper);
    const shown = (await gateway.get(`/payments/v1/sessions/${id}`)).json as { authorization_token: string };
    return shown.authorization_token;
  }
  const place = (token: string, cart: Cart) => gateway.post(`/payments/v1/authorizations/${token}/order`, cart);
  const tokenize = (token: string) => gateway.post(`/payments/v1/authorizations/${token}/customer-token`, REQUEST);
  const charge = (token: string, body: Cart = chargeOf(10_000)) => gateway.post(tokenPath(token, '/order'), body, randomUUID());
  const capture = (orderId: string, amount: number) =>
    gateway.post(ordersPath(orderId, '/captures'), { captured_amount: amount }, randomUUID());
  const email = (marker: string) => ({ country: 'SE', email: `jane+${marker}@example.com` });

  it('sells once: session, authorization, order, capture', async () => {
    const cart = cartOf(10_000, { intent: 'buy', merchant_urls: { confirmation: 'https://shop.example/thanks' } });
    const placed = await place(await authorization(cart), without(cart, 'intent'));
    expect([placed.status, placed.json]).toMatchObject([200, { fraud_status: 'ACCEPTED', redirect_url: expect.any(String) }]);
    expect((await capture(orderIn(placed), 10_000)).status).toBe(201);
    const ledger = await expectRowsLikeLedger(gateway, orderIn(placed));
    expect(ledger).toMatchObject({ status: 'CAPTURED', captured_amount: 10_000 });
  });

  it.each([
    { marker: 'pend-accept', decision: 'ACCEPTED', status: 'AUTHORIZED' },
    { marker: 'pend-reject', decision: 'REJECTED', status: 'CANCELLED' },
  ])('waits while Klarna assesses the order, and learns the decision: $decision', async ({ marker, decision, status }) => {
    const cart = cartOf(12_000);
    const placed = await place(await authorization(cart, { billing_address: email(marker) }), cart);
    expect([placed.status, placed.json]).toMatchObject([200, { fraud_status: 'PENDING' }]);
    const id = orderIn(placed);
    expect(await gateway.stored(id)).toMatchObject({ fraud_status: 'PENDING' });
    const early = await capture(id, 12_000);
    expect([early.status, early.json]).toMatchObject([403, { error_code: 'CAPTURE_NOT_ALLOWED' }]);
    await pass(4 * 3_600, gateway);
    expect((await gateway.get(ordersPath(id))).json).toMatchObject({ fraud_status: decision });
    expect(await gateway.stored(id)).toMatchObject({ fraud_status: decision });
    // Four hours after a rejection Klarna cancels what nobody captured.
    if (decision === 'REJECTED') await pass(4 * 3_600 + 1, gateway);
    else expect((await capture(id, 5_000)).status).toBe(201);
    expect((await gateway.get(ordersPath(id))).json).toMatchObject({ status: decision === 'REJECTED' ? status : 'PART_CAPTURED' });
    await expectRowsLikeLedger(gateway, id);
  });

  it('has an order captured at once, and gives part of it back', async () => {
    const cart = cartOf(8_000);
    const placed = await place(await authorization(cart), { ...cart, auto_capture: true });
    expect(placed.status).toBe(200);
    const id = orderIn(placed);
    expect((await gateway.get(ordersPath(id))).json).toMatchObject({ status: 'CAPTURED', captured_amount: 8_000 });
    expect((await gateway.post(ordersPath(id, '/refunds'), { refunded_amount: 3_000 }, randomUUID())).status).toBe(201);
    await until('the rows show both', async () => (await gateway.stored(id))['refunded_amount'] === 3_000);
    await expectRowsLikeLedger(gateway, id);
  });

  describe.each([{ first: 'order' }, { first: 'token' }])('buys and tokenizes, the $first first', ({ first }) => {
    const cart = cartOf(10_000, { intent: 'buy_and_tokenize' });
    const uses = (token: string): Record<string, () => Promise<Answer>> => {
      return { order: () => place(token, without(cart, 'intent')), token: () => tokenize(token) };
    };
    const second = first === 'order' ? 'token' : 'order';

    it.each(['both', `${first}_first`])('gets both from one authorization (token_and_order: %s)', async (token_and_order) => {
      await gateway.behave({ token_and_order });
      const use = uses(await authorization(cart));
      const answers = { [first]: await use[first]!(), [second]: await use[second]!() };
      expect([answers['order']?.status, answers['token']?.status]).toEqual([200, 200]);
      const next = await charge(tokenIn(answers['token']!));
      expect(next.status).toBe(200);
      await expectRowsLikeLedger(gateway, orderIn(answers['order']!));
      await expectRowsLikeLedger(gateway, orderIn(next));
    });

    it.each(['either', `${second}_first`])(
      'is told in Klarna’s words when the other is refused, and keeps what it got (%s)',
      async (token_and_order) => {
        await gateway.behave({ token_and_order });
        const use = uses(await authorization(cart));
        const got = await use[first]!();
        expect(got.status).toBe(200);
        const refused = await use[second]!();
        expect([refused.status, refused.json]).toMatchObject([
          403,
          { error_code: 'INVALID_OPERATION', error_messages: ['Authorization token already consumed'] },
        ]);
        // An equal repeat still gets what it made.
        expect((await use[first]!()).text).toBe(got.text);
      },
    );
  });

  it('tokenizes alone, then charges every month, each line a subscription, until the shopper ends it', async () => {
    const authorized = await authorization(cartOf(10_000, { intent: 'tokenize' }));
    const made = await tokenize(authorized);
    expect([made.status, made.json]).toMatchObject([200, { token_id: expect.any(String), redirect_url: expect.any(String) }]);
    const token = tokenIn(made);
    // It was authorized for the token, and for nothing else.
    const order = await place(authorized, cartOf(10_000));
    expect([order.status, order.json]).toMatchObject([403, { error_code: 'INVALID_OPERATION' }]);

    const months: Answer[] = [];
    for (const month of ['2026-11', '2026-12', '2027-01']) {
      const answer = await charge(token, chargeOf(10_000, { merchant_reference1: `SUB-1-${month}`, auto_capture: true }));
      expect(answer.status).toBe(200);
      months.push(answer);
      await pass(30 * 86_400, gateway);
    }
    expect((await tokensMade(gateway, token))?.order_ids).toEqual(months.map(orderIn));
    for (const answer of months) {
      const shown = (await gateway.get(ordersPath(orderIn(answer)))).json as { order_lines: { subscription: unknown }[]; status: string };
      expect(shown.status).toBe('CAPTURED');
      expect(shown.order_lines[0]?.subscription).toEqual({ name: 'Shoes every month', interval: 'MONTH', interval_count: 1 });
      await expectRowsLikeLedger(gateway, orderIn(answer));
    }
    expect((await gateway.call('PATCH', tokenPath(token, '/status'), { body: { status: 'CANCELLED' } })).status).toBe(202);
    expect((await gateway.get(tokenPath(token))).json).toMatchObject({ status: 'CANCELLED' });
    expect((await charge(token)).status).toBe(403);
  });

  it.each(['tokenize', 'buy_and_tokenize'])(
    'has the shopper repair a declined charge: step-up, an authorization with the same intent (%s), and the token charges again',
    async (intent) => {
      const token = tokenIn(await tokenize(await authorization(cartOf(10_000, { intent }))));
      expect((await gateway.get(tokenPath(token))).json).toMatchObject({ payment_method_type: 'INVOICE' });
      await gateway.simulate('POST', `/simulator/customer-tokens/${token}`, { charges: 'declined' });
      const declined = await charge(token, chargeOf(10_000, { step_up: 'SUPPORTED' }));
      expect([declined.status, declined.json]).toMatchObject([
        403,
        { error_code: 'PAYMENT_METHOD_FAILED', fraud_status: 'REJECTED', step_up_id: expect.any(String) },
      ]);
      const { step_up_id } = declined.json as { step_up_id: string };
      const open = (more: Record<string, unknown>) =>
        gateway.post('/payments/v1/sessions', cartOf(10_000, { intent, step_up_id, ...more }));

      // Another shopper's token is not what this step-up is for, and the shopper agreed to another intent.
      expect((await open({ customer: { customer_token: randomUUID() } })).status).toBe(400);
      const customer = { customer_token: token };
      const other = await open({ customer, intent: intent === 'tokenize' ? 'buy_and_tokenize' : 'tokenize' });
      expect([other.status, other.json]).toMatchObject([400, { error_code: 'BAD_VALUE', error_messages: ['Bad value: intent'] }]);

      const cart = cartOf(10_000, { intent, step_up_id, customer });
      const authorized = await authorization(cart, { payment_method_category: 'pay_now' });
      const repaired = await place(authorized, without(cart, 'step_up_id', 'intent'));
      expect(repaired.status).toBe(200);
      expect((await gateway.get(tokenPath(token))).json).toMatchObject({
        ...{ status: 'ACTIVE', payment_method_type: 'CARD', card: { brand: 'VISA' } },
      });
      const next = await charge(token);
      expect(next.status).toBe(200);
      await expectRowsLikeLedger(gateway, orderIn(repaired));
      await expectRowsLikeLedger(gateway, orderIn(next));
      // It was used: another session can't be opened with it.
      expect((await open({ customer })).status).toBe(400);
    },
  );

  it.each([
    { form: 'object', method: { type: 'invoice', number_of_days: 30 } },
    { form: 'string', method: 'invoice' },
  ])('is told how the shopper pays as Klarna says it: $form', async ({ form, method }) => {
    await gateway.behave({ authorized_payment_method: form });
    const cart = cartOf(10_000, { intent: 'buy_and_tokenize' });
    const authorized = await authorization(cart);
    expect((await place(authorized, without(cart, 'intent'))).json).toMatchObject({ authorized_payment_method: method });
    const token = tokenIn(await tokenize(authorized));
    expect((await charge(token)).json).toMatchObject({ authorized_payment_method: method });
    await gateway.simulate('POST', `/simulator/customer-tokens/${token}`, { charges: 'declined' });
    expect((await charge(token)).json).toMatchObject({ error_code: 'PAYMENT_METHOD_FAILED', authorized_payment_method: method });
  });
});
