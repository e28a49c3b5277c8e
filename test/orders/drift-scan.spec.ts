import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { OrderComparisons } from '../../src/orders/order-comparisons.js';
import { OrderRefresher } from '../../src/orders/order-refresher.js';
import type { Database } from '../../src/persistence/database.js';
import { CompareOrders1795000000004 } from '../../src/persistence/migrations/1795000000004-CompareOrders.js';
import { EventsRepository } from '../../src/persistence/repositories/events.repository.js';
import { OrdersRepository } from '../../src/persistence/repositories/orders.repository.js';
import { until } from '../support/until.js';
import { anOperation, aMerchant, type Gateway, klarnaOrder, openGateway, placeOrder, refusal, START, storyOf } from './gateway.js';

const HOUR = 3_600_000;
let gateway: Gateway;
let account: string;

beforeAll(async () => {
  Logger.overrideLogger(false);
  gateway = await openGateway();
  account = gateway.shop.accounts['order-management'];
});
afterAll(() => gateway.close());
beforeEach(async () => {
  gateway.clock.set(START);
  gateway.klarna.fails = null;
  gateway.klarna.gate = null;
  gateway.klarna.calls.length = 0;
  gateway.klarna.reads = 0;
  await gateway.database.query('UPDATE orders SET refresh_at = NULL, compare_at = NULL');
  await gateway.database.query('UPDATE provider_accounts SET paused_at = NULL');
  await nextSecond();
});

const aRefresher = () => new OrderRefresher(gateway.orders, gateway.reader, gateway.clock, gateway.settings);
/** As if a second had passed on Postgres' clock. */
const nextSecond = () => gateway.database.query('UPDATE comparison_turns SET until = now()');
const rowOf = async (orderId: string) => {
  const [row] = await gateway.database.query<{ compare: Date | null; refresh: Date | null }>(
    'SELECT compare_at AS compare, refresh_at AS refresh FROM orders WHERE provider_order_id = $1',
    [orderId],
  );
  return row;
};
/** Orders that were read once, and nobody has asked for since. */
async function storedOrders(count: number, caller = gateway.shop): Promise<string[]> {
  const ids: string[] = [];
  for (let n = 0; n < count; n++) {
    const orderId = await placeOrder(gateway, caller);
    await gateway.reader.refresh({ providerAccountId: caller.accounts['order-management'], providerOrderId: orderId });
    ids.push(orderId);
  }
  gateway.klarna.calls.length = 0;
  gateway.klarna.reads = 0;
  return ids;
}
const readPaths = () => gateway.klarna.calls.map(({ path }) => path);

describe('the drift scan', () => {
  it('compares an order within a day, and sets out from any read of it', async () => {
    const [orderId = ''] = await storedOrders(1);
    const first = (await rowOf(orderId))?.compare?.getTime() ?? 0;
    expect(first - gateway.clock.nowMs()).toBeGreaterThanOrEqual(18 * HOUR);
    expect(first - gateway.clock.nowMs()).toBeLessThanOrEqual(24 * HOUR);
    gateway.clock.advance(10 * HOUR);
    await gateway.reader.read({ providerAccountId: account, providerOrderId: orderId }, gateway.shop.merchantId);
    gateway.clock.advance(17 * HOUR);
    expect(await aRefresher().compareDue()).toBe(0);
    gateway.clock.advance(7 * HOUR);
    expect(await aRefresher().compareDue()).toBe(1);
    expect((await rowOf(orderId))?.compare?.getTime()).toBeGreaterThan(gateway.clock.nowMs() + 17 * HOUR);
    expect(await aRefresher().compareDue()).toBe(0);
  });

  it('tells what it finds as found by the scan', async () => {
    const [orderId = ''] = await storedOrders(1);
    gateway.clock.advance(24 * HOUR);
    gateway.klarna.orders.set(orderId, klarnaOrder(orderId, { merchant_reference1: 'other' }));
    await aRefresher().compareDue();
    expect((await storyOf(gateway, gateway.shop, orderId)).events.at(-1)).toMatchObject({
      type: 'drift.found',
      data: { source: 'scan', fields: [{ field: 'merchant_reference1', ours: '10001', klarna: 'other', resolution: 'adopted' }] },
    });
  });

  it('is shared by two workers within one quota: no order twice, no second turn in the same second', async () => {
    const ids = await storedOrders(12);
    gateway.clock.advance(24 * HOUR);
    const workers = [aRefresher(), aRefresher()];
    const taken: number[] = [];
    for (let second = 0; second < 3; second++) {
      const both = await Promise.all(workers.map((worker) => worker.compareDue()));
      expect(await workers[0]?.compareDue()).toBe(0);
      taken.push(both.reduce((sum, count) => sum + count));
      await nextSecond();
    }
    expect(taken).toEqual([5, 5, 2]);
    expect(readPaths().toSorted()).toEqual(ids.toSorted());
  });

  it('gives each account its own quota', async () => {
    const other = await aMerchant(gateway.database, randomUUID());
    await storedOrders(7, other);
    await storedOrders(7);
    gateway.clock.advance(24 * HOUR);
    expect(await aRefresher().compareDue()).toBe(10);
  });

  it('leaves an order to the read that is due for another reason', async () => {
    const [orderId = ''] = await storedOrders(1);
    gateway.clock.advance(24 * HOUR);
    await gateway.database.transaction((tx) => gateway.orders.readSoon(tx, account, orderId, gateway.clock.now()));
    const worker = aRefresher();
    expect(await worker.compareDue()).toBe(0);
    expect(await worker.refreshDue()).toBe(1);
    await nextSecond();
    expect(await worker.compareDue()).toBe(0);
    expect(gateway.klarna.reads).toBe(1);
  });

  it('passes over an account that is paused, and rests when one can not be read', async () => {
    const [orderId = ''] = await storedOrders(1);
    gateway.clock.advance(24 * HOUR);
    await gateway.database.query('UPDATE provider_accounts SET paused_at = $2 WHERE id = $1', [account, START]);
    expect(await aRefresher().compareDue()).toBe(0);
    await gateway.database.query('UPDATE provider_accounts SET paused_at = NULL');

    const worker = aRefresher();
    gateway.klarna.fails = refusal(503, 'TEMPORARILY_UNAVAILABLE');
    expect(await worker.compareDue()).toBe(1);
    gateway.klarna.fails = null;
    await gateway.database.query('UPDATE orders SET compare_at = $2 WHERE provider_order_id = $1', [orderId, START]);
    await nextSecond();
    expect(await worker.compareDue()).toBe(0);
    gateway.clock.advance(5_000);
    await nextSecond();
    expect(await worker.compareDue()).toBe(1);
    expect((await storyOf(gateway, gateway.shop, orderId)).types).toEqual(['order.created']);
  });

  it('takes an order again when its reader has died', async () => {
    await storedOrders(1);
    gateway.clock.advance(24 * HOUR);
    expect(await gateway.orders.claimComparisons(gateway.clock.now(), new Date(gateway.clock.nowMs() + 180_000), 5, [])).toHaveLength(1);
    await nextSecond();
    expect(await aRefresher().compareDue()).toBe(0);
    gateway.clock.advance(180_000);
    expect(await aRefresher().compareDue()).toBe(1);
  });

  it('flags an order that is gone once, raises an alert, and looks again the next day', async () => {
    const [orderId = ''] = await storedOrders(1);
    gateway.klarna.orders.delete(orderId);
    const before = gateway.alerts.count('order.drift');
    for (let day = 0; day < 3; day++) {
      gateway.clock.advance(24 * HOUR);
      await nextSecond();
      expect(await aRefresher().compareDue()).toBe(1);
    }
    const { types, order } = await storyOf(gateway, gateway.shop, orderId);
    expect([types, order.status]).toEqual([['order.created', 'drift.found', 'order.anomaly'], 'AUTHORIZED']);
    expect(gateway.alerts.count('order.drift') - before).toBe(1);
  });

  it('reads as many rows with 20,000 orders stored as with 1,000', async () => {
    const read: number[] = [];
    for (const stored of [1_000, 20_000]) {
      const caller = await aMerchant(gateway.database, randomUUID());
      await gateway.database.query(
        `INSERT INTO orders (id, merchant_id, provider_account_id, provider, provider_order_id, data_subject, created_at, updated_at, compare_at)
         SELECT gen_random_uuid(), $1, $2, 'klarna', gen_random_uuid()::text, gen_random_uuid(), $3, $3,
           $3::timestamptz + (n - 20) * interval '1 minute'
         FROM generate_series(1, $4::int) n`,
        [caller.merchantId, caller.accounts['order-management'], START, stored],
      );
      await gateway.database.query('VACUUM ANALYZE orders');
      const rows = { count: 0 };
      const counting = { query: (sql: string, params: unknown[]) => explained(sql, params, rows) } as unknown as Database;
      await nextSecond();
      await new OrdersRepository(counting, new EventsRepository()).claimComparisons(
        gateway.clock.now(),
        new Date(gateway.clock.nowMs() + 180_000),
        5,
        [],
      );
      read.push(rows.count);
      await gateway.database.query('DELETE FROM orders WHERE merchant_id = $1', [caller.merchantId]);
    }
    expect(read[1]).toBe(read[0]);
    expect(read[0]).toBeGreaterThan(5);
    expect(read[0]).toBeLessThan(100);
  });
});

/** Rows of orders that the plan of a statement has touched. */
async function explained(sql: string, params: unknown[], rows: { count: number }): Promise<object[]> {
  interface Node {
    'Relation Name'?: string;
    'Actual Rows': number;
    'Actual Loops': number;
    'Rows Removed by Filter'?: number;
    Plans?: Node[];
  }
  const [plan] = await gateway.database.query<{ 'QUERY PLAN': [{ Plan: Node }] }>(`EXPLAIN (ANALYZE, FORMAT JSON) ${sql}`, params);
  const count = (node: Node): void => {
    node.Plans?.forEach(count);
    if (node['Relation Name'] === 'orders')
      rows.count += (node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0)) * node['Actual Loops'];
  };
  if (plan !== undefined) count(plan['QUERY PLAN'][0].Plan);
  return [];
}

describe('reconcile', () => {
  it('costs one call however many ask for it at once', async () => {
    const [orderId = ''] = await storedOrders(1);
    const comparisons = new OrderComparisons(gateway.service, gateway.reader);
    const joined = jest.spyOn(gateway.reader, 'compare');
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    gateway.klarna.gate = () => held;
    const all = Promise.all(Array.from({ length: 8 }, () => comparisons.reconcile(gateway.shop, orderId)));
    await until('all of them wait', () => joined.mock.calls.length === 8);
    release();
    const answers = await all;
    joined.mockRestore();
    expect(gateway.klarna.reads).toBe(1);
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(answers[0]).toMatchObject({ outcome: 'equal', differences: [], checked_at: START });
  });

  it('judges nothing of an order that is too young to be readable', async () => {
    const orderId = await placeOrder(gateway, gateway.shop);
    gateway.klarna.orders.delete(orderId);
    const answer = await new OrderComparisons(gateway.service, gateway.reader).reconcile(gateway.shop, orderId);
    expect(answer).toMatchObject({ outcome: 'unsettled', differences: [] });
    expect((await storyOf(gateway, gateway.shop, orderId)).types).toEqual(['order.created']);
  });
});

describe('how an order became known', () => {
  const placed = (orderId: string, late: boolean) =>
    gateway.database.transaction((tx) =>
      gateway.lifecycle.placed(tx, anOperation(gateway.shop, orderId, { kind: 'payments.create-order', lane: null }), {
        ...{ providerOrderId: orderId, fraudStatus: 'ACCEPTED', currency: 'SEK', orderAmount: 10_000, autoCapture: false },
        ...{ merchantReference1: null, merchantReference2: null, at: gateway.clock.now(), late },
      }),
    );
  const originOf = async (orderId: string) => (await gateway.service.read(gateway.shop, orderId)).origin;

  it('is kept: created, late, adopted; and corrected when an adopted order turns out to be ours', async () => {
    const [created, late, adopted] = [randomUUID(), randomUUID(), randomUUID()];
    await placed(created, false);
    await placed(late, true);
    gateway.klarna.orders.set(adopted, klarnaOrder(adopted));
    await gateway.reader.read({ providerAccountId: account, providerOrderId: adopted }, gateway.shop.merchantId);
    expect(await Promise.all([created, late, adopted].map(originOf))).toEqual(['created', 'late', 'adopted']);
    await placed(adopted, true);
    expect(await originOf(adopted)).toBe('late');
  });

  it('is filled in by the migration for what was stored before', async () => {
    const fresh = await openGateway();
    try {
      const [created, late, adopted] = [randomUUID(), randomUUID(), randomUUID()];
      for (const orderId of [created, late, adopted]) await placeOrder(fresh, fresh.shop, orderId);
      const change = (orderId: string, type: string, data: string) =>
        fresh.database.query(
          `UPDATE timeline t SET type = $2, data = $3 FROM orders o WHERE o.id = t.order_id AND o.provider_order_id = $1`,
          [orderId, type, data],
        );
      await change(late, 'order.created', '{"late":true}');
      await change(adopted, 'order.adopted', '{}');
      const runner = fresh.dataSource.createQueryRunner();
      await new CompareOrders1795000000004().down(runner);
      await new CompareOrders1795000000004().up(runner);
      await runner.release();
      const rows = await fresh.database.query<{ id: string; origin: string; learned: Date; compare: Date }>(
        'SELECT provider_order_id AS id, origin, learned_at AS learned, compare_at AS compare FROM orders',
      );
      expect(Object.fromEntries(rows.map(({ id, origin }) => [id, origin]))).toEqual({
        ...{ [created]: 'created', [late]: 'late', [adopted]: 'adopted' },
      });
      for (const { learned, compare } of rows) {
        expect(learned).toEqual(new Date(START));
        expect(compare.getTime() - learned.getTime()).toBeLessThanOrEqual(24 * HOUR);
      }
    } finally {
      await fresh.close();
    }
  });
});
