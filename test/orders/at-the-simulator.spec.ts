import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { Client } from '../support/client.js';
import { testGateway, type TestGateway } from '../support/gateway.js';
import { until } from '../support/until.js';

let gateway: TestGateway;
/** The merchant at Klarna itself: the portal, or another system. */
let portal: Client;

beforeAll(async () => {
  gateway = await testGateway({ env: { CLOCK: 'simulator' } });
  portal = new Client(gateway.simulatorUrl, gateway.simulatorUrl, 'simulator:simulator');
});
afterAll(() => gateway.close());
afterEach(() =>
  gateway.behave({ stale_read_seconds: 0, read_lag_seconds: 0, status_after_release: 'CAPTURED', status_after_expiry: 'EXPIRED' }),
);

interface Event {
  sequence: number;
  type: string;
  operation_id: string | null;
  data: Record<string, unknown>;
}

const at = (orderId: string, rest = '') => `/ordermanagement/v1/orders/${orderId}${rest}`;
const timeline = async (orderId: string) => ((await gateway.get(`/orders/${orderId}/timeline`)).json as { items: Event[] }).items;
const types = async (orderId: string) => (await timeline(orderId)).map(({ type }) => type);
const storedAs = (orderId: string, wanted: Record<string, unknown>) =>
  until(`the order is ${JSON.stringify(wanted)}`, async () => {
    const order = await gateway.stored(orderId);
    return Object.entries(wanted).every(([name, value]) => order[name] === value) && order;
  });
const read = (orderId: string) => until('the order was read', async () => (await gateway.stored(orderId))['expires_at'] !== null);

async function expectLedger(orderId: string): Promise<void> {
  const [ledger, stored] = [await gateway.ledger(orderId), await gateway.stored(orderId)];
  for (const name of ['status', 'order_amount', 'captured_amount', 'refunded_amount', 'remaining_authorized_amount'] as const) {
    expect([name, stored[name]]).toEqual([name, ledger[name]]);
  }
  const ids = (list: unknown, name: string) => (list as Record<string, unknown>[]).map((one) => one[name]).sort();
  expect(ids(stored['captures'], 'capture_id')).toEqual(ids(ledger.captures, 'capture_id'));
  expect(ids(stored['refunds'], 'refund_id')).toEqual(ids(ledger.refunds, 'refund_id'));
}

describe('an order', () => {
  it.each(['CAPTURED', 'CLOSED'])(
    'equals Klarna at the end of its life, whatever Klarna calls a released one (%s), and its story has each step once',
    async (status) => {
      await gateway.behave({ status_after_release: status });
      const orderId = await gateway.order(10_000);
      await gateway.post(at(orderId, '/captures'), { captured_amount: 4_000, reference: 'first' }, randomUUID());
      await gateway.post(at(orderId, '/captures'), { captured_amount: 1_000 }, randomUUID());
      await gateway.post(at(orderId, '/refunds'), { refunded_amount: 1_500 }, randomUUID());
      expect((await gateway.post(at(orderId, '/release-remaining-authorization'), undefined, randomUUID())).status).toBe(204);
      await storedAs(orderId, { status });
      await expectLedger(orderId);
      const own = (await timeline(orderId)).filter(({ operation_id: id }) => id !== null);
      expect(own.map(({ type, data }) => [type, data['amount']])).toEqual([
        ['order.created', undefined],
        ['order.captured', 4_000],
        ['order.captured', 1_000],
        ['order.refunded', 1_500],
        ['order.released', 5_000],
      ]);
      const [first] = (await gateway.stored(orderId))['captures'] as Record<string, unknown>[];
      expect(first).toMatchObject({
        captured_amount: 4_000,
        reference: 'first',
        captured_at: expect.any(String),
        operation_id: expect.any(String),
      });
    },
  );

  it('that was changed elsewhere is as Klarna shows it after one read, and says what was done elsewhere', async () => {
    const orderId = await gateway.order(10_000);
    await read(orderId);
    await portal.post(at(orderId, '/captures'), { captured_amount: 3_000 });
    await gateway.get(at(orderId));
    await expectLedger(orderId);
    const events = await timeline(orderId);
    expect(events.slice(-2)).toMatchObject([
      { type: 'order.captured', operation_id: null, data: { amount: 3_000, elsewhere: true } },
      { type: 'drift.found', data: { source: 'read' } },
    ]);
    expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, index) => index + 1));
  });

  it('that was cancelled elsewhere is seen when Klarna refuses a capture', async () => {
    const orderId = await gateway.order(10_000);
    await read(orderId);
    await portal.post(at(orderId, '/cancel'));
    expect((await gateway.post(at(orderId, '/captures'), { captured_amount: 1 })).status).toBe(403);
    await storedAs(orderId, { status: 'CANCELLED', remaining_authorized_amount: 0 });
    expect((await timeline(orderId)).at(-1)).toMatchObject({
      type: 'drift.found',
      data: { source: 'refresh', fields: expect.arrayContaining([expect.objectContaining({ ours: 'AUTHORIZED', klarna: 'CANCELLED' })]) },
    });
  });

  it('that this service never saw is adopted by its first capture', async () => {
    const { token, cart } = await gateway.authorized();
    const placed = await portal.post(`/payments/v1/authorizations/${token}/order`, cart);
    const { order_id: orderId } = placed.json as { order_id: string };
    expect((await gateway.post(at(orderId, '/captures'), { captured_amount: 4_000 })).status).toBe(201);
    await storedAs(orderId, { status: 'PART_CAPTURED', order_amount: 10_000 });
    await expectLedger(orderId);
    expect(await types(orderId)).toEqual(['order.adopted', 'order.captured']);
  });

  it('that is unknown to Klarna stays unknown here', async () => {
    const orderId = randomUUID();
    expect((await gateway.post(at(orderId, '/captures'), { captured_amount: 4_000 })).status).toBe(404);
    expect((await gateway.get(at(orderId))).status).toBe(404);
    expect((await gateway.get(`/orders/${orderId}`)).status).toBe(404);
  });

  it('does not lose a capture to reads that lag behind, and is right once they have caught up', async () => {
    const orderId = await gateway.order(10_000);
    await read(orderId);
    await gateway.behave({ stale_read_seconds: 60 });
    await gateway.post(at(orderId, '/captures'), { captured_amount: 4_000 }, randomUUID());
    await gateway.get(at(orderId));
    await gateway.get(at(orderId));
    await expectLedger(orderId);
    await gateway.advance(61);
    await until('the late read was applied', async () => {
      const [capture] = (await gateway.stored(orderId))['captures'] as Record<string, unknown>[];
      return capture?.['captured_at'] !== null;
    });
    await expectLedger(orderId);
    expect(await types(orderId)).toEqual(['order.created', 'order.captured']);
  });

  it('is read as soon as it is readable', async () => {
    await gateway.behave({ read_lag_seconds: 30 });
    const orderId = await gateway.order(10_000);
    expect((await gateway.stored(orderId))['expires_at']).toBeNull();
    await gateway.advance(45);
    await read(orderId);
    await expectLedger(orderId);
  });
});

describe('time that passes', () => {
  it.each(['EXPIRED', 'CLOSED', 'PART_CAPTURED'])('ends an authorization without anyone telling (%s)', async (status) => {
    await gateway.behave({ status_after_expiry: status });
    const orderId = await gateway.order(10_000);
    await gateway.post(at(orderId, '/captures'), { captured_amount: 4_000 }, randomUUID());
    await until('the capture was read', async () => {
      const [capture] = (await gateway.stored(orderId))['captures'] as Record<string, unknown>[];
      return capture?.['captured_at'] !== null;
    });
    await gateway.advance(28 * 24 * 3_600 + 120);
    await storedAs(orderId, { status, remaining_authorized_amount: 0 });
    await expectLedger(orderId);
    expect((await timeline(orderId)).at(-1)).toMatchObject({ type: 'order.changed', data: { remaining_authorized_amount: [6_000, 0] } });
  });
});
