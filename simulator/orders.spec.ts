import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Simulator } from './simulator.js';
import { CART, ORDERS, startForTest, type Reply, type TestClient } from './test-client.js';

let simulator: Simulator;
let client: TestClient;
beforeAll(
  async () =>
    ({ simulator, client } = await startForTest({
      accounts: [
        { username: 'simulator', password: 'simulator' },
        { username: 'other', password: 'other' },
      ],
    })),
);
afterAll(() => simulator.close());
beforeEach(async () => void (await client.call('DELETE', '/simulator/state')));

const refusal = ({ status, json }: Reply) => [status, json.error_code, json.error_messages];
const amounts = async (orderId: string) => {
  const order = await client.read(orderId);
  return [order.captured_amount, order.refunded_amount, order.remaining_authorized_amount];
};
const DAYS = 24 * 3600;

const TOO_MUCH = [403, 'CAPTURE_NOT_ALLOWED', ['Captured amount is higher than the remaining authorized amount. Capture not possible.']];

describe('an order', () => {
  it('shows what Klarna shows', async () => {
    const orderId = await client.order({
      merchant_reference1: 'ON-1',
      merchant_data: '{}',
      billing_address: { country: 'SE', email: 'a@example.com' },
    });
    const order = await client.read(orderId);
    expect(order).toMatchObject({
      order_id: orderId,
      status: 'AUTHORIZED',
      fraud_status: 'ACCEPTED',
      order_amount: 10_000,
      original_order_amount: 10_000,
      captured_amount: 0,
      refunded_amount: 0,
      remaining_authorized_amount: 10_000,
      purchase_country: 'SE',
      purchase_currency: 'SEK',
      locale: 'sv-SE',
      merchant_reference1: 'ON-1',
      merchant_data: '{}',
      order_lines: CART.order_lines,
      captures: [],
      refunds: [],
      initial_payment_method: { type: 'INVOICE' },
    });
    expect(order.klarna_reference).toMatch(/^K[0-9A-F]{7}$/);
    expect(Date.parse(order.expires_at as string) - Date.parse(order.created_at as string)).toBe(28 * DAYS * 1000);
  });

  it('is unknown under another id, and no id at all when it is no UUID', async () => {
    const unknown = '00000000-0000-4000-8000-000000000000';
    expect(refusal(await client.capture(unknown, 1)).slice(0, 2)).toEqual([404, 'NO_SUCH_ORDER']);
    expect((await client.call('GET', `${ORDERS}/${unknown}`)).json.error_code).toBe('NO_SUCH_ORDER');
    expect(refusal(await client.cancel('12345'))).toEqual([400, 'INVALID_ORDER_ID', ['Order ID must be a valid UUID.']]);
    await client.behave({ invalid_order_id_status: 404 });
    expect(refusal(await client.cancel('12345'))[0]).toBe(404);
  });

  it('belongs to its merchant', async () => {
    const orderId = await client.order();
    const other = client.as('other:other');
    expect(refusal(await other.capture(orderId, 1)).slice(0, 2)).toEqual([404, 'NO_SUCH_ORDER']);
    await client.behave({ foreign_orders: 'forbidden' });
    expect((await other.capture(orderId, 1)).status).toBe(403);
    expect(await amounts(orderId)).toEqual([0, 0, 10_000]);
  });

  it('is unknown to Order Management for as long as the read lag', async () => {
    await client.behave({ read_lag_seconds: 30 });
    const orderId = await client.order();
    expect((await client.call('GET', `${ORDERS}/${orderId}`)).json.error_code).toBe('NO_SUCH_ORDER');
    expect((await client.capture(orderId, 1)).status).toBe(404);
    await client.advance(30);
    expect((await client.capture(orderId, 1)).status).toBe(201);
  });

  it('is read behind the truth where reads are stale, and acted on as it is', async () => {
    const orderId = await client.order();
    await client.behave({ stale_read_seconds: 60 });
    await client.advance(120);
    await client.capture(orderId, 4_000);
    expect(await amounts(orderId)).toEqual([0, 0, 10_000]);
    expect((await client.call('GET', `${ORDERS}/${orderId}/captures`)).json).toEqual([]);
    expect(refusal(await client.capture(orderId, 6_001))).toEqual(TOO_MUCH);
    await client.advance(60);
    expect(await amounts(orderId)).toEqual([4_000, 0, 6_000]);
  });
});

describe('updating an authorization', () => {
  it('replaces amount and lines; lines left out are gone', async () => {
    const orderId = await client.order();
    expect((await client.updateAuthorization(orderId, 8_000)).status).toBe(204);
    expect(await client.read(orderId)).toMatchObject({
      order_amount: 8_000,
      original_order_amount: 10_000,
      remaining_authorized_amount: 8_000,
      order_lines: [],
    });
  });

  it('raises only payment methods that can be raised, for shoppers that pass the assessment', async () => {
    const [invoice, card, instalments, distrusted] = [
      await client.order(),
      await client.order({}, { payment_method_category: 'pay_now' }),
      await client.order({}, { payment_method_category: 'pay_over_time' }),
      await client.order({ billing_address: { email: 'alva+no-raise@example.com', country: 'SE' } }),
    ];
    expect((await client.updateAuthorization(invoice, 12_000)).status).toBe(204);
    expect((await client.capture(invoice, 12_000)).status).toBe(201);
    expect(refusal(await client.updateAuthorization(card, 12_000))).toEqual([403, 'NOT_ALLOWED', ['Update not allowed.']]);
    expect((await client.updateAuthorization(instalments, 12_000)).status).toBe(204);
    expect(refusal(await client.updateAuthorization(distrusted, 12_000))).toEqual([403, 'NOT_ALLOWED', ['Update not allowed.']]);
  });
});

describe('acknowledging', () => {
  it('answers 204, any number of times', async () => {
    const orderId = await client.order();
    expect((await client.call('POST', `${ORDERS}/${orderId}/acknowledge`)).status).toBe(204);
    expect((await client.call('POST', `${ORDERS}/${orderId}/acknowledge`)).status).toBe(204);
    expect((await client.ledger(orderId)).acknowledged).toBe(true);
  });
});
