import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { CHECKOUTS, checkoutOf, completed, opened } from '../support/checkouts.js';
import { cartOf } from '../support/client.js';
import { testGateway, type TestGateway } from '../support/gateway.js';
import { expectRowsLikeLedger, ordersPath, requests, rowsOf } from '../support/scene.js';
import { HOUR, pass } from '../support/time.js';
import { chargeOf, customerToken, tokenPath } from '../support/tokens.js';

const PAGES = '/hpp/v1/sessions';

/** The switches of what comes before an order: the money is what Klarna's books say, on each value. */
let gateway: TestGateway;
beforeAll(async () => {
  gateway = await testGateway({ env: { CLOCK: 'simulator' } });
});
afterAll(() => gateway.close());
beforeEach(async () => {
  await gateway.simulate('DELETE', '/simulator/behaviour');
  await gateway.simulate('DELETE', '/simulator/faults');
});

const isKnown = async (orderId: string) => (await gateway.get(`/orders/${orderId}`)).status === 200;
const capture = (orderId: string, amount: number) =>
  gateway.post(ordersPath(orderId, '/captures'), { captured_amount: amount }, randomUUID());

it.each(['TOKEN_NOT_FOUND', 'NOT_FOUND'])(
  "unknown_token_code %s: a charge of a token that nobody has is refused in Klarna's words, and charges nothing",
  async (unknown_token_code) => {
    await gateway.behave({ unknown_token_code });
    const token = randomUUID();
    const charge = { body: chargeOf(5_000), key: randomUUID() };
    const first = await gateway.call('POST', tokenPath(token, '/order'), charge);
    expect([first.status, first.json]).toMatchObject([404, { error_code: unknown_token_code }]);
    expect((await gateway.call('POST', tokenPath(token, '/order'), charge)).text).toBe(first.text);
    const sent = await requests(gateway, { path: tokenPath(token, '/order') });
    expect(sent.map(({ executed }) => executed)).toEqual([false]);
    expect((await gateway.get(tokenPath(token))).json).toMatchObject({ error_code: unknown_token_code });
    // It has become nobody's.
    expect(await rowsOf(gateway.database, 'SELECT FROM customer_tokens')).toEqual([]);
  },
);

it.each([
  ['ignored', 200],
  ['refused', 400],
])('unknown_step_up %s: the session is what Klarna says, and no token charges anything else by it', async (unknown_step_up, status) => {
  await gateway.behave({ unknown_step_up });
  const token = await customerToken(gateway);
  const cart = cartOf(10_000, { step_up_id: randomUUID(), customer: { customer_token: token } });
  const made = await gateway.post('/payments/v1/sessions', cart);
  expect(made.status).toBe(status);
  if (status === 400) return expect(made.json).toMatchObject({ error_code: 'BAD_VALUE', error_messages: ['Bad value: step_up_id'] });
  const { session_id: session } = made.json as { session_id: string };
  const { authorization_token: authorization } = (await gateway.simulate('POST', `/simulator/sessions/${session}/authorize`, {})) as {
    authorization_token: string;
  };
  const placed = await gateway.post(`/payments/v1/authorizations/${authorization}/order`, cart);
  expect(placed.status).toBe(200);
  const { order_id: id } = placed.json as { order_id: string };
  expect((await capture(id, 10_000)).status).toBe(201);
  await expectRowsLikeLedger(gateway, id);
});

describe.each(['blocks', 'goes_on'])('silent_cart_callback %s', (silent_cart_callback) => {
  it('an order is placed, and known, when the shopper may go on, and only then', async () => {
    await gateway.behave({ silent_cart_callback, cart_callback_ms: 200 });
    const urls = checkoutOf(10_000)['merchant_urls'] as Record<string, string>;
    // Nobody listens there.
    const merchant_urls = { ...urls, address_update: 'http://127.0.0.1:1/address' };
    const { id } = await opened(gateway, checkoutOf(10_000, { merchant_urls }));
    const buying = completed(gateway, id, { billing_address: { city: 'Visby' } });
    const bought = await buying.then(
      () => true,
      () => false,
    );
    expect(bought).toBe(silent_cart_callback === 'goes_on');
    const shown = (await gateway.get(`${CHECKOUTS}/${id}`)).json;
    expect(shown).toMatchObject({ order_amount: 10_000, status: bought ? 'checkout_complete' : 'checkout_incomplete' });
    expect(await isKnown(id)).toBe(bought);
    if (!bought) return;
    await gateway.get(ordersPath(id));
    expect((await capture(id, 10_000)).status).toBe(201);
    await expectRowsLikeLedger(gateway, id);
  });
});

it.each([
  ['forbidden', 403],
  ['not_found', 404],
])(
  "moved_checkout %s: nothing happens to a checkout's order at the host that it has left, and all of it once that answers again",
  async (moved_checkout, status) => {
    const [{ id }, { id: open }] = [await opened(gateway), await opened(gateway)];
    await completed(gateway, id);
    expect((await gateway.get(`${CHECKOUTS}/${id}`)).status).toBe(200);
    const order = await gateway.order();
    // A 404 of an order that was just made is no refusal.
    await pass(130, gateway);
    await gateway.behave({ moved_checkout });
    for (const answer of [await capture(id, 4_000), await gateway.get(ordersPath(id)), await gateway.get(`${CHECKOUTS}/${open}`)]) {
      expect(answer.status).toBe(status);
    }
    expect((await capture(order, 4_000)).status).toBe(201);
    expect(await isKnown(id)).toBe(true);
    await gateway.behave({ moved_checkout: 'answered' });
    expect(await gateway.ledger(id)).toMatchObject({ captures: [] });
    expect((await capture(id, 4_000)).status).toBe(201);
    expect(await gateway.ledger(id)).toMatchObject({ captured_amount: 4_000 });
    await expectRowsLikeLedger(gateway, order);
  },
);

describe.each(['not_found', 'timeout'])('expired_page %s', (expired_page) => {
  /** A page on which Klarna places the order itself. */
  const page = async (): Promise<string> => {
    const { session_id: session } = (await gateway.post('/payments/v1/sessions', cartOf(10_000))).json as { session_id: string };
    const body = { payment_session_url: `${gateway.url}/payments/v1/sessions/${session}`, options: { place_order_mode: 'PLACE_ORDER' } };
    const made = await gateway.post(PAGES, body);
    expect(made.status).toBe(201);
    return (made.json as { session_id: string }).session_id;
  };

  it('a page that was paid in time tells its order afterwards, too; one that was not has none', async () => {
    await gateway.behave({ expired_page });
    const [paid, left] = [await page(), await page()];
    await gateway.simulate('POST', `/simulator/hosted-pages/${paid}/play`, { action: 'pay' });
    await pass(47 * HOUR, gateway);
    const over = await gateway.get(`${PAGES}/${left}`);
    if (expired_page === 'not_found') expect([over.status, over.json]).toMatchObject([404, { error_code: 'NOT_FOUND' }]);
    else expect([over.status, over.json]).toMatchObject([200, { status: 'TIMEOUT' }]);
    const rows = await rowsOf(gateway.database, 'SELECT status, provider_order_id FROM hosted_pages WHERE provider_session_id = $1', [
      left,
    ]);
    expect(rows).toEqual([{ status: expired_page === 'timeout' ? 'TIMEOUT' : 'WAITING', provider_order_id: null }]);
    expect((await gateway.call('DELETE', `${PAGES}/${left}`)).status).toBe(404);

    const { order_id: id = '' } = (await gateway.get(`${PAGES}/${paid}`)).json as { order_id?: string };
    expect(await isKnown(id)).toBe(true);
    await gateway.get(ordersPath(id));
    expect((await capture(id, 10_000)).status).toBe(201);
    await expectRowsLikeLedger(gateway, id);
  });
});
