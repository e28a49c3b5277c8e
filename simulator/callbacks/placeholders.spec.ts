import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../json.js';
import type { Simulator } from '../simulator.js';
import { CART, eventually, startForTest, type TestClient } from '../test-client.js';
import { CHECKOUTS, shop, URLS, type Shop } from '../test-shop.js';

let simulator: Simulator;
let client: TestClient;
let its: Shop;
beforeAll(async () => void ({ simulator, client } = await startForTest()));
afterAll(() => simulator.close());
beforeEach(async () => {
  await client.call('DELETE', '/simulator/state');
  its = await shop();
});
afterEach(async () => {
  its.server.closeAllConnections();
  await new Promise((resolve) => its.server.close(resolve));
});

const PENDING = { email: 'a+pend-accept@example.com', country: 'SE' };
const QUERY = '/webhooks/klarna/ID/SECRET?order_id={checkout.order.id}&session_id={session.id}&again={order.id}';
const seen = (count: number) => eventually(() => its.calls.length === count && its.calls.map(({ url }) => url));

describe('placeholders in the query of a URL', () => {
  const placed = async (merchant_urls: JsonObject) => {
    const sessionId = await client.session({ merchant_urls, billing_address: PENDING });
    const token = await client.authorize(sessionId);
    return { sessionId, orderId: (await client.placeOrder(token)).json.order_id as string };
  };

  it('of a push and a notification are filled in', async () => {
    const { sessionId, orderId } = await placed({ push: its.url + QUERY, notification: its.url + QUERY });
    await seen(1);
    await client.advance(4 * 3600);
    // The push was taken; what comes four hours later is the notification.
    const filled = `/webhooks/klarna/ID/SECRET?order_id=${orderId}&session_id=${sessionId}&again=${orderId}`;
    expect(await seen(2)).toEqual([filled, filled]);
  });

  it('of the other API are left as they are where the switch says so, like what is not known', async () => {
    await client.behave({ other_placeholders: 'left' });
    const { sessionId, orderId } = await placed({ push: its.url + QUERY });
    expect(await seen(1)).toEqual([`/webhooks/klarna/ID/SECRET?order_id={checkout.order.id}&session_id=${sessionId}&again=${orderId}`]);
  });

  it.each(['filled', 'left'])('of a checkout are filled in for its push and its notification (%s)', async (other_placeholders) => {
    await client.behave({ other_placeholders });
    const url = `${its.url}/k?order_id={checkout.order.id}`;
    const given = { ...CART, merchant_urls: { ...URLS, push: url, notification: url } };
    const id = (await client.call('POST', CHECKOUTS, given)).json.order_id as string;
    await client.call('POST', `/simulator/checkouts/${id}/complete`, { billing_address: PENDING });
    await client.advance(120);
    await seen(1);
    await client.call('POST', `/ordermanagement/v1/orders/${id}/acknowledge`);
    await client.advance(4 * 3600);
    expect(await seen(2)).toEqual([`/k?order_id=${id}`, `/k?order_id=${id}`]);
    expect(its.calls.map(({ body }) => body)).toEqual(['', JSON.stringify({ order_id: id, event_type: 'FRAUD_RISK_ACCEPTED' })]);
  });

  it.each(['filled', 'left'])('of a hosted page have double braces (%s)', async (other_placeholders) => {
    await client.behave({ other_placeholders });
    const made = await client.call('POST', '/hpp/v1/sessions', {
      payment_session_url: `${client.url}/payments/v1/sessions/${await client.session()}`,
      merchant_urls: { status_update: `${its.url}/p?s={{session_id}}&o={{order_id}}&t={{authorization_token}}&x={session.id}` },
      options: { place_order_mode: 'PLACE_ORDER' },
    });
    const id = made.json.session_id as string;
    await client.call('POST', `/simulator/hosted-pages/${id}/play`, { action: 'pay' });
    const { order_id } = (await client.call('GET', `/hpp/v1/sessions/${id}`)).json;
    expect(await seen(1)).toEqual([`/p?s=${id}&o=${order_id as string}&t={{authorization_token}}&x={session.id}`]);
  });

  it('leave what is percent-encoded beside them as it is', async () => {
    const { orderId } = await placed({
      push: `${its.url}/a%2Fb%20c/{order.id}?back=https%3A%2F%2Fx%2F%3Fa%3D1%26b&plus=+&o={order.id}&%C3%A5`,
    });
    expect(await seen(1)).toEqual([`/a%2Fb%20c/${orderId}?back=https%3A%2F%2Fx%2F%3Fa%3D1%26b&plus=+&o=${orderId}&%C3%A5`]);
  });
});

describe('merchant URLs that are given again', () => {
  it.each([
    ['replaced', []],
    ['merged', ['/push']],
  ])('at create order are %s', async (merchant_urls_again, expected) => {
    await client.behave({ merchant_urls_again });
    const token = await client.authorize(await client.session({ merchant_urls: { push: `${its.url}/push` } }));
    const placed = await client.placeOrder(token, { merchant_urls: { confirmation: 'https://shop.example/thanks' } });
    expect(placed.status).toBe(200);
    expect((await client.callbacks()).map(({ url }) => (url as string).slice(its.url.length))).toEqual(expected);
  });

  it.each([
    ['replaced', undefined],
    ['merged', 'https://shop.example/push'],
  ])('in the update of a session are %s', async (merchant_urls_again, push) => {
    await client.behave({ merchant_urls_again });
    const id = await client.session({ merchant_urls: { push: 'https://shop.example/push' } });
    const authorization = 'https://shop.example/auth';
    await client.call('POST', `/payments/v1/sessions/${id}`, { merchant_urls: { authorization } });
    expect((await client.call('GET', `/payments/v1/sessions/${id}`)).json.merchant_urls).toEqual({ authorization, ...(push && { push }) });
  });

  it.each([
    ['replaced', undefined],
    ['merged', 'https://shop.example/notify'],
  ])('in the update of a checkout are %s', async (merchant_urls_again, notification) => {
    await client.behave({ merchant_urls_again });
    const given = { ...CART, merchant_urls: { ...URLS, notification: 'https://shop.example/notify' } };
    const id = (await client.call('POST', CHECKOUTS, given)).json.order_id as string;
    const updated = await client.call('POST', `${CHECKOUTS}/${id}`, { merchant_urls: URLS });
    expect(updated.json.merchant_urls).toEqual({ ...URLS, ...(notification && { notification }) });
  });
});
