import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import type { Settings } from '../../src/config/settings.js';
import { OrderRefresher } from '../../src/orders/order-refresher.js';
import type { Database } from '../../src/persistence/database.js';
import { EventsRepository } from '../../src/persistence/repositories/events.repository.js';
import { OrdersRepository } from '../../src/persistence/repositories/orders.repository.js';
import { type Gateway, klarnaOrder, openGateway, placeOrder, refusal, START } from './gateway.js';
import { until } from '../support/until.js';

let gateway: Gateway;

beforeAll(async () => {
  Logger.overrideLogger(false);
  gateway = await openGateway();
});
afterAll(() => gateway.close());
beforeEach(async () => {
  gateway.clock.set(START);
  gateway.klarna.fails = null;
  gateway.klarna.gate = null;
  gateway.klarna.reads = 0;
  await gateway.database.query('UPDATE orders SET refresh_at = NULL, compare_at = NULL');
});

const aRefresher = (role = 'worker') =>
  new OrderRefresher(gateway.orders, gateway.reader, gateway.clock, { ...gateway.settings, role } as Settings);
const refreshAt = async (orderId: string) => {
  const [row] = await gateway.database.query<{ at: Date | null }>('SELECT refresh_at AS at FROM orders WHERE provider_order_id = $1', [
    orderId,
  ]);
  return row?.at ?? null;
};
const inMs = (ms: number) => new Date(gateway.clock.nowMs() + ms);

describe('the refresher', () => {
  it('reads what is due and nothing else', async () => {
    const due = await placeOrder(gateway, gateway.shop);
    const later = await placeOrder(gateway, gateway.shop);
    await gateway.database.query('UPDATE orders SET refresh_at = $2 WHERE provider_order_id = $1', [later, inMs(1)]);
    expect(await aRefresher().refreshDue()).toBe(1);
    expect(gateway.klarna.reads).toBe(1);
    expect(await refreshAt(due)).toEqual(new Date('2026-12-18T00:01:00.000Z'));
    expect(await refreshAt(later)).toEqual(inMs(1));
  });

  it('sees an order expire without anyone telling', async () => {
    const orderId = await placeOrder(gateway, gateway.shop);
    await aRefresher().refreshDue();
    gateway.clock.set('2026-12-18T00:01:00.000Z');
    gateway.klarna.orders.set(orderId, klarnaOrder(orderId, { status: 'EXPIRED', remaining_authorized_amount: 0 }));
    expect(await aRefresher().refreshDue()).toBe(1);
    expect(await gateway.service.read(gateway.shop, orderId)).toMatchObject({ status: 'EXPIRED', remaining_authorized_amount: 0 });
    expect(await refreshAt(orderId)).toBeNull();
  });

  it('passes over orders that another worker is claiming at this moment', async () => {
    for (let n = 0; n < 20; n++) await placeOrder(gateway, gateway.shop);
    await gateway.database.transaction(async (tx) => {
      const claim = (orders: OrdersRepository) => orders.claimDue(gateway.clock.now(), inMs(180_000), 16, []);
      const theirs = await claim(new OrdersRepository(tx as Database, new EventsRepository()));
      const ours = await claim(gateway.orders);
      expect([theirs.length, ours.length]).toEqual([16, 4]);
      expect(new Set([...theirs, ...ours].map(({ id }) => id)).size).toBe(20);
    });
  });

  it('gives an order back when its reader has died', async () => {
    await placeOrder(gateway, gateway.shop);
    expect(await gateway.orders.claimDue(gateway.clock.now(), inMs(180_000), 16, [])).toHaveLength(1);
    expect(await aRefresher().refreshDue()).toBe(0);
    gateway.clock.advance(180_000);
    expect(await aRefresher().refreshDue()).toBe(1);
  });

  it('lets an account rest that can not be read, longer each time, without keeping others waiting', async () => {
    const refresher = aRefresher();
    const orderId = await placeOrder(gateway, gateway.shop);
    gateway.klarna.fails = refusal(503, 'TEMPORARILY_UNAVAILABLE');
    await refresher.refreshDue();
    const first = ((await refreshAt(orderId))?.getTime() ?? 0) - gateway.clock.nowMs();
    expect(first).toBeGreaterThanOrEqual(2_500);
    expect(first).toBeLessThanOrEqual(5_000);

    gateway.klarna.fails = null;
    const resting = await placeOrder(gateway, gateway.shop);
    const other = await placeOrder(gateway, gateway.rival);
    expect(await refresher.refreshDue()).toBe(1);
    expect(await refreshAt(resting)).toEqual(gateway.clock.now());
    expect((await refreshAt(other))?.getTime()).toBeGreaterThan(gateway.clock.nowMs());

    gateway.clock.advance(5_000);
    gateway.klarna.fails = refusal(401, 'UNAUTHORIZED');
    await refresher.refreshDue();
    expect(((await refreshAt(orderId))?.getTime() ?? 0) - gateway.clock.nowMs()).toBeGreaterThanOrEqual(5_000);
  });

  it('asks again soon for a very young order that is not readable yet, and flags an old one that is gone', async () => {
    const orderId = await placeOrder(gateway, gateway.shop);
    gateway.klarna.orders.delete(orderId);
    await aRefresher().refreshDue();
    expect(await refreshAt(orderId)).toEqual(inMs(10_000));
    gateway.clock.advance(120_000);
    await aRefresher().refreshDue();
    // Nothing but the daily comparison looks for it again.
    expect(await refreshAt(orderId)).toBeNull();
    expect(await gateway.database.query('SELECT anomaly, status FROM orders WHERE provider_order_id = $1', [orderId])).toEqual([
      { anomaly: 'NO_SUCH_ORDER_AT_PROVIDER', status: 'AUTHORIZED' },
    ]);
  });

  it('keeps a wish that came while it read', async () => {
    const orderId = await placeOrder(gateway, gateway.shop);
    gateway.klarna.gate = async () => {
      gateway.klarna.gate = null;
      gateway.clock.advance(5);
      await gateway.database.transaction((tx) =>
        gateway.orders.readSoon(tx, gateway.shop.accounts['order-management'], orderId, gateway.clock.now()),
      );
    };
    await aRefresher().refreshDue();
    expect(await refreshAt(orderId)).toEqual(gateway.clock.now());
  });

  it('runs in workers, does not run in the api, and stops', async () => {
    const orderId = await placeOrder(gateway, gateway.shop);
    const api = aRefresher('api');
    api.onApplicationBootstrap();
    await api.onModuleDestroy();
    expect(gateway.klarna.reads).toBe(0);
    const worker = aRefresher('worker');
    worker.onApplicationBootstrap();
    await until(
      'the order was read',
      async () => (await refreshAt(orderId))?.getTime() !== gateway.clock.nowMs() && gateway.klarna.reads > 0,
    );
    await worker.onModuleDestroy();
  });
});
