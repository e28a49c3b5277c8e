import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import type { Settings } from '../../src/config/settings.js';
import { ordersQueryIn } from '../../src/orders/list-queries.js';
import { ExpiryRadar } from '../../src/orders/expiry-radar.js';
import type { OwnOperations } from '../../src/operations/own-operations.js';
import { ExtensionPolicy } from '../../src/orders/extension-policy.js';
import type { OrderPage } from '../../src/orders/orders.dto.js';
import { OrdersService } from '../../src/orders/orders.service.js';
import { ExpiryRepository } from '../../src/persistence/repositories/expiry.repository.js';
import { CountingRows } from '../support/counting-rows.js';
import { eventsOfOrder } from '../notifications/told-events.js';
import { aMerchant, type Gateway, klarnaOrder, openGateway, placeOrder, refusal, START, storyOf } from './gateway.js';

const DAY = 86_400_000;
const HOUR = 3_600_000;
/** Of every order here, unless it says otherwise. */
const END = '2026-12-18T00:00:00.000Z';

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
  // Orders of other tests are over.
  await gateway.database.query(`UPDATE orders SET status = 'CANCELLED', remaining_authorized_amount = 0`);
});

function aRadar(given: Partial<Pick<Settings, 'expiryNotice' | 'extendAuthorizations' | 'extendBefore'>> = {}): ExpiryRadar {
  const settings = { ...gateway.settings, expiryNotice: [7 * DAY, DAY], extendAuthorizations: 'off', ...given } as Settings;
  const { expiry, reader, events, timeline, database, clock } = gateway;
  const never = { apply: () => Promise.resolve() } as unknown as ExtensionPolicy;
  return new ExpiryRadar(expiry, reader, never, events, timeline, database, clock, settings);
}

/** An order that was read, with what Klarna shows of it. */
async function anOrder(given: Record<string, unknown> = {}): Promise<string> {
  const orderId = await placeOrder(gateway, gateway.shop);
  await shown(orderId, given);
  return orderId;
}

async function shown(orderId: string, given: Record<string, unknown>, read = true): Promise<void> {
  gateway.klarna.orders.set(orderId, klarnaOrder(orderId, given));
  if (!read) return;
  await gateway.reader.refresh({ providerAccountId: gateway.shop.accounts['order-management'], providerOrderId: orderId });
}

/** What was told of an order: each notice, and of which end. */
async function told(orderId: string): Promise<unknown[]> {
  const events = await eventsOfOrder(gateway.database, orderId);
  return events.filter(({ type }) => type === 'order.expiring').map(({ data }) => [data['notice'], data['expires_at']]);
}

/** Looks until there is nothing to look at. */
async function looks(radar: ExpiryRadar): Promise<void> {
  while (await radar.round());
}

const beforeEnd = (ms: number, end = END) => gateway.clock.set(new Date(Date.parse(end) - ms).toISOString());

describe('the radar', () => {
  it('tells once per notice, from what was read then, and says what is at risk', async () => {
    const [radar, orderId] = [aRadar(), await anOrder()];
    await looks(radar);
    beforeEnd(7 * DAY + 1);
    await looks(radar);
    expect(await told(orderId)).toEqual([]);
    await shown(orderId, { captured_amount: 4_000, remaining_authorized_amount: 6_000, status: 'PART_CAPTURED' }, false);
    beforeEnd(7 * DAY);
    gateway.klarna.reads = 0;
    await looks(radar);
    await looks(radar);
    expect(gateway.klarna.reads).toBe(1);
    const { order, events } = await storyOf(gateway, gateway.shop, orderId);
    const expected = { expires_at: END, remaining_authorized_amount: 6_000, currency: 'SEK', notice: '7d' };
    expect(events.at(-1)).toMatchObject({ type: 'order.expiring', operation_id: null, data: expected });
    expect((await eventsOfOrder(gateway.database, orderId)).at(-1)).toMatchObject({
      ...{ type: 'order.expiring', subject: order.id, order_id: order.id, merchant_id: gateway.shop.merchantId, data: expected },
    });
    beforeEnd(DAY - 1);
    await looks(radar);
    await looks(radar);
    expect(await told(orderId)).toEqual([
      ['7d', END],
      ['1d', END],
    ]);
    beforeEnd(0);
    await looks(radar);
    expect(await told(orderId)).toHaveLength(2);
  });

  it('says the one that counts when several notices were missed, and nothing after the end', async () => {
    const [radar, orderId, late] = [aRadar(), await anOrder(), await anOrder({ expires_at: '2026-12-01T00:00:00Z' })];
    beforeEnd(2 * HOUR);
    await looks(radar);
    expect(await told(orderId)).toEqual([['1d', END]]);
    expect(await told(late)).toEqual([]);
  });

  it('tells anew of another end', async () => {
    const [radar, orderId] = [aRadar(), await anOrder()];
    beforeEnd(7 * DAY);
    await looks(radar);
    const later = '2027-01-09T00:00:00.000Z';
    await shown(orderId, { expires_at: later });
    beforeEnd(7 * DAY, later);
    await looks(radar);
    expect(await told(orderId)).toEqual([
      ['7d', END],
      ['7d', later],
    ]);
  });

  it.each([
    ['captured', { status: 'CAPTURED', captured_amount: 10_000, remaining_authorized_amount: 0 }],
    ['cancelled', { status: 'CANCELLED', remaining_authorized_amount: 0 }],
    ['expired', { status: 'EXPIRED', remaining_authorized_amount: 0 }],
    ['extended', { expires_at: '2027-03-01T00:00:00Z' }],
  ])('tells nothing of an order that turns out to be %s', async (_, given) => {
    const [radar, orderId] = [aRadar(), await anOrder()];
    await shown(orderId, given, false);
    beforeEnd(7 * DAY);
    await looks(radar);
    expect(await told(orderId)).toEqual([]);
  });

  it('does not read what has nothing left to capture', async () => {
    const orderId = await anOrder();
    await shown(orderId, { status: 'CAPTURED', captured_amount: 10_000, remaining_authorized_amount: 0 });
    gateway.klarna.reads = 0;
    beforeEnd(DAY);
    await looks(aRadar());
    expect(gateway.klarna.reads).toBe(0);
  });

  it('tells when the order can be read again, not before', async () => {
    const [radar, orderId] = [aRadar(), await anOrder()];
    beforeEnd(7 * DAY);
    gateway.klarna.fails = refusal(503, 'TEMPORARILY_UNAVAILABLE');
    await looks(radar);
    gateway.klarna.fails = null;
    await looks(radar);
    expect(await told(orderId)).toEqual([]);
    gateway.clock.advance(15 * 60_000);
    await looks(radar);
    expect(await told(orderId)).toEqual([['7d', END]]);
  });

  it('tells nothing of an order that Klarna does not show', async () => {
    const [radar, orderId] = [aRadar(), await anOrder()];
    gateway.klarna.orders.delete(orderId);
    beforeEnd(7 * DAY);
    await looks(radar);
    expect(await told(orderId)).toEqual([]);
  });

  it('looks again when its worker died, and two workers tell once', async () => {
    const orders = [await anOrder(), await anOrder(), await anOrder()];
    await looks(aRadar());
    beforeEnd(7 * DAY);
    await gateway.expiry.claim(gateway.clock.now(), new Date(gateway.clock.nowMs() + 180_000), 16);
    await looks(aRadar());
    for (const orderId of orders) expect(await told(orderId)).toEqual([]);
    gateway.clock.advance(180_000);
    await Promise.all([looks(aRadar()), looks(aRadar())]);
    for (const orderId of orders) expect(await told(orderId)).toEqual([['7d', END]]);
  });

  it('tells once, though two workers read the same order at the same moment', async () => {
    const orderId = await anOrder();
    await looks(aRadar());
    beforeEnd(7 * DAY);
    let slow = true;
    gateway.klarna.gate = async () => {
      if (!slow) return;
      slow = false;
      // The claim of the one that reads has run out.
      gateway.clock.advance(180_000);
      gateway.klarna.gate = null;
      await gateway.database.query('UPDATE orders SET radar_at = $2 WHERE provider_order_id = $1', [orderId, gateway.clock.now()]);
      void looks(aRadar());
    };
    await looks(aRadar());
    await looks(aRadar());
    expect(await told(orderId)).toEqual([['7d', END]]);
  });

  it('is silent when there are no notices', async () => {
    const orderId = await anOrder();
    beforeEnd(HOUR);
    gateway.klarna.reads = 0;
    await looks(aRadar({ expiryNotice: [] }));
    expect([await told(orderId), gateway.klarna.reads]).toEqual([[], 0]);
  });

  it('goes by new rules after a restart, also for orders that were planned by the old ones', async () => {
    const orderId = await anOrder();
    beforeEnd(12 * HOUR);
    await looks(aRadar({ expiryNotice: [7 * DAY] }));
    expect(await told(orderId)).toEqual([['7d', END]]);
    await looks(aRadar({ expiryNotice: [7 * DAY, DAY] }));
    expect(await told(orderId)).toEqual([
      ['7d', END],
      ['1d', END],
    ]);
  });

  it('reads a handful of rows, however many orders end later', async () => {
    const radar = aRadar();
    const read: number[] = [];
    for (const others of [500, 5_000]) {
      const caller = await aMerchant(gateway.database, `radar-${others}`);
      await manyOrders(caller, others, '40 days');
      await looks(radar);
      const due = await anOrder();
      await looks(radar);
      beforeEnd(7 * DAY);
      await gateway.database.query('VACUUM ANALYZE orders');
      const counting = new CountingRows(gateway.database);
      const expiry = new ExpiryRepository(counting.database);
      const claimed = await expiry.claim(gateway.clock.now(), gateway.clock.now(), 16);
      expect(claimed.map(({ providerOrderId }) => providerOrderId)).toEqual([due]);
      await expiry.plan(gateway.clock.now(), 500, { notices: [DAY], extendBeforeMs: null });
      read.push(counting.rows);
      await gateway.database.query(`UPDATE orders SET status = 'CANCELLED' WHERE provider_order_id = $1`, [due]);
      gateway.clock.set(START);
    }
    expect(Math.max(...read)).toBeLessThan(10);
  }, 60_000);
});

describe('the policy that extends', () => {
  it('is not what an order is read for again and again when nothing can be done, and keeps no notice from its time', async () => {
    const given = { expiryNotice: [HOUR], extendAuthorizations: 'on', extendBefore: DAY } as const;
    const [radar, orderId] = [aRadar(given), await anOrder({ fraud_status: 'REJECTED' })];
    beforeEnd(DAY);
    gateway.klarna.reads = 0;
    for (let times = 0; times < 3; times += 1) await radar.round();
    expect(gateway.klarna.reads).toBe(1);
    beforeEnd(HOUR);
    for (let times = 0; times < 3; times += 1) await radar.round();
    expect(gateway.klarna.reads).toBe(2);
    expect(await told(orderId)).toEqual([['1h', END]]);
  });

  it('does not ask for what Klarna never does: an order of 180 days', async () => {
    const asked: string[] = [];
    const own = { start: (_: unknown, { lane }: { lane: string }) => Promise.resolve(asked.push(lane)) } as unknown as OwnOperations;
    const settings = { ...gateway.settings, expiryNotice: [], extendAuthorizations: 'on', extendBefore: DAY } as unknown as Settings;
    const policy = new ExtensionPolicy(gateway.expiry, own, gateway.database, gateway.clock, settings);
    const created = (days: number) => new Date(Date.parse(END) - DAY - days * DAY).toISOString();
    const [young, old] = [await anOrder({ created_at: created(179.9) }), await anOrder({ created_at: created(180) })];
    beforeEnd(DAY);
    for (const orderId of [young, old]) await policy.apply((await gateway.service.read(gateway.shop, orderId)).id);
    expect(asked).toEqual([young]);
    expect((await gateway.service.read(gateway.shop, old)).extension).toEqual({ state: 'refused', code: 'TOO_OLD' });
    expect((await gateway.service.read(gateway.shop, young)).extension).toEqual({ state: 'asked', code: null });
    // Not again for the same end, and not at the last moment.
    const late = await anOrder();
    beforeEnd(9 * 60_000);
    for (const orderId of [young, late]) await policy.apply((await gateway.service.read(gateway.shop, orderId)).id);
    expect(asked).toEqual([young]);
  });
});

/** Orders that end so long after the start, a second after one another. */
async function manyOrders(caller: { merchantId: string; accounts: Record<string, string> }, count: number, in_: string, currency = 'SEK') {
  await gateway.database.query(
    `INSERT INTO orders (id, merchant_id, provider_account_id, provider, provider_order_id, data_subject, status, currency, order_amount,
       remaining_authorized_amount, expires_at, created_at, updated_at)
     SELECT gen_random_uuid(), $1, $2, 'klarna', gen_random_uuid()::text, gen_random_uuid(), 'AUTHORIZED', $5, 100, 100,
       $3::timestamptz + $4::interval + n * interval '1 second', $3, $3
     FROM generate_series(1, $6) n`,
    [caller.merchantId, caller.accounts['order-management'], START, in_, currency, count],
  );
}

describe('the list of orders that end soon', () => {
  const list = (within: string, given: Record<string, string> = {}, service: OrdersService = gateway.service): Promise<OrderPage> =>
    service.list(gateway.shop, ordersQueryIn({ expiring_within: within, ...given }));
  beforeEach(async () => {
    await gateway.database.query('UPDATE orders SET expires_at = NULL WHERE merchant_id = $1', [gateway.shop.merchantId]);
  });

  it('has those with money at risk alone, the soonest first, and what all of them come to by currency', async () => {
    const inDays = (days: number) => new Date(Date.parse(START) + days * DAY).toISOString();
    const sooner = await anOrder({
      expires_at: inDays(2),
      remaining_authorized_amount: 6_000,
      captured_amount: 4_000,
      status: 'PART_CAPTURED',
    });
    const later = await anOrder({ expires_at: inDays(7) });
    const euros = await anOrder({ expires_at: inDays(3) });
    await gateway.database.query(`UPDATE orders SET currency = 'EUR' WHERE provider_order_id = $1`, [euros]);
    await anOrder({ expires_at: inDays(3), status: 'CAPTURED', captured_amount: 10_000, remaining_authorized_amount: 0 });
    await anOrder({ expires_at: inDays(-1) });
    await anOrder({ expires_at: inDays(8) });
    await manyOrders(gateway.rival, 3, '2 days');
    const page = await list('7d');
    expect(page.items.map(({ provider_order_id: id }) => id)).toEqual([sooner, euros, later]);
    expect(page.items[0]).toMatchObject({ expires_at: inDays(2), remaining_authorized_amount: 6_000, extension: null });
    expect(page.at_risk).toEqual([
      { currency: 'EUR', amount: 10_000, orders: 1 },
      { currency: 'SEK', amount: 16_000, orders: 2 },
    ]);
    expect((await list('12h')).items).toEqual([]);
    expect((await list('12h')).at_risk).toEqual([]);
    expect((await list('49h')).items).toHaveLength(1);
  });

  it('comes in pages that belong together, each with the whole sum', async () => {
    await manyOrders(gateway.shop, 25, '2 days');
    const seen: (string | null)[] = [];
    let cursor: string | null = null;
    do {
      const page: OrderPage = await list('7d', { limit: '10', ...(cursor === null ? {} : { cursor }) });
      expect(page.at_risk).toEqual([{ currency: 'SEK', amount: 2_500, orders: 25 }]);
      seen.push(...page.items.map(({ expires_at: at }) => at));
      cursor = page.next_cursor;
      // Later pages are of the first one's time.
      gateway.clock.advance(4 * DAY);
    } while (cursor !== null);
    expect(seen).toHaveLength(25);
    expect(seen).toEqual([...seen].sort());
    expect(new Set(seen).size).toBe(25);
  });

  it.each(['', '7', '0d', '-7d', 'P7D', '7days', '1y', '400d', '7d,1d'])('refuses %j', (within) => {
    expect(() => ordersQueryIn({ expiring_within: within })).toThrow(expect.objectContaining({ code: 'BAD_VALUE' }));
  });

  it('refuses other filters beside it, and cursors of other lists', async () => {
    for (const other of [{ status: 'AUTHORIZED' }, { reference: 'x' }, { created_from: '2026-01-01' }]) {
      expect(() => ordersQueryIn({ expiring_within: '7d', ...other })).toThrow(expect.objectContaining({ code: 'BAD_VALUE' }));
    }
    await manyOrders(gateway.shop, 2, '2 days');
    const { next_cursor: cursor } = await list('7d', { limit: '1' });
    await expect(list('8d', { cursor: cursor ?? '' })).rejects.toMatchObject({ code: 'BAD_VALUE' });
  });

  it('reads as many rows with 1,000 other orders as with 10,000', async () => {
    await manyOrders(gateway.shop, 30, '2 days');
    const read: number[] = [];
    for (const others of [1_000, 9_000]) {
      await manyOrders(gateway.shop, others, '30 days');
      await gateway.database.query('VACUUM ANALYZE orders');
      const counting = new CountingRows(gateway.database);
      const { orders, movements, timeline, cursors, clock } = gateway;
      const service = new OrdersService(orders, movements, timeline, cursors, new ExpiryRepository(counting.database), clock);
      expect((await list('7d', { limit: '5' }, service)).items).toHaveLength(5);
      read.push(counting.rows);
    }
    expect(read[1]).toBe(read[0]);
  }, 60_000);
});
