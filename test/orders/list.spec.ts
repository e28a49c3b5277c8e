import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes, randomUUID } from 'node:crypto';
import { ordersQueryIn } from '../../src/orders/list-queries.js';
import type { Caller } from '../../src/merchants/caller.js';
import { ExpiryRepository } from '../../src/persistence/repositories/expiry.repository.js';
import { MovementsRepository } from '../../src/persistence/repositories/movements.repository.js';
import { EventsRepository } from '../../src/persistence/repositories/events.repository.js';
import { OrdersRepository } from '../../src/persistence/repositories/orders.repository.js';
import { CountingRows } from '../support/counting-rows.js';
import { aMerchant, type Gateway, openGateway, placeOrder, START } from './gateway.js';

let gateway: Gateway;
beforeAll(async () => {
  gateway = await openGateway();
});
afterAll(() => gateway.close());

const list = (caller: Caller, query: Record<string, string> = {}) => gateway.service.list(caller, ordersQueryIn(query));
const notFound = expect.objectContaining({ code: 'NO_SUCH_ORDER', messages: ['There is no such order'] }) as unknown as Error;
const badCursor = expect.objectContaining({ code: 'BAD_VALUE', messages: ['Bad value: cursor'] }) as unknown as Error;

/** Orders a second apart, two of each second, those of every fifth captured (with a capture row), references numbered and repeated. */
async function store(caller: Caller, orders: number): Promise<void> {
  await gateway.database.query(
    `INSERT INTO orders (id, merchant_id, provider_account_id, provider, provider_order_id, data_subject, status, merchant_reference1,
       merchant_reference2, origin, created_at, updated_at)
     SELECT gen_random_uuid(), $1, $2, 'klarna', gen_random_uuid()::text, gen_random_uuid(),
       CASE WHEN (n / 2) % 5 = 0 THEN 'CAPTURED' ELSE 'AUTHORIZED' END, 'order-' || n, CASE WHEN n % 2 = 0 THEN 'order-' || n / 2 END,
       CASE WHEN n % 10 = 0 THEN 'adopted' ELSE 'created' END,
       $3::timestamptz + (n / 2) * interval '1 second', $3
     FROM generate_series(1, $4::int) n`,
    [caller.merchantId, caller.accounts['order-management'], START, orders],
  );
  await gateway.database.query(
    `INSERT INTO captures (id, order_id, merchant_id, provider_account_id, provider_capture_id, amount, created_at)
     SELECT gen_random_uuid(), id, merchant_id, provider_account_id, 'c-' || id, 1, $2 FROM orders WHERE merchant_id = $1 AND status = 'CAPTURED'`,
    [caller.merchantId, START],
  );
}

async function pagesOf(caller: Caller, query: Record<string, string>, between: () => Promise<void> = () => Promise.resolve()) {
  const pages: string[][] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const page = await list(caller, cursor === '' ? query : { ...query, cursor });
    pages.push(page.items.map(({ id }) => id));
    cursor = page.next_cursor;
    await between();
  }
  return pages;
}

describe('a list of orders', () => {
  let caller: Caller;
  beforeAll(async () => {
    caller = await aMerchant(gateway.database, randomUUID());
    await store(caller, 101);
  });

  it('shows every order once, newest first, whatever the size of a page', async () => {
    const all = (await list(caller, { limit: '200' })).items;
    expect(all).toHaveLength(101);
    expect(all.map((order) => order.created_at)).toEqual(
      all
        .map((order) => order.created_at)
        .toSorted()
        .reverse(),
    );
    for (const limit of ['1', '7', '50', '100', '101']) {
      const pages = await pagesOf(caller, { limit });
      expect(pages.flat()).toEqual(all.map(({ id }) => id));
      expect(pages.every((page) => page.length > 0 && page.length <= Number(limit))).toBe(true);
    }
  });

  it('stays complete while new orders come in between two pages', async () => {
    const before = (await pagesOf(caller, { limit: '200' })).flat();
    const pages = await pagesOf(caller, { limit: '30' }, async () => void (await placeOrder(gateway, caller)));
    expect(pages.flat().filter((id) => before.includes(id))).toEqual(before);
    expect(new Set(pages.flat()).size).toBe(pages.flat().length);
  });

  it('finds an order by either reference, each once', async () => {
    expect((await list(caller, { reference: 'order-7' })).items).toHaveLength(2);
    expect((await list(caller, { reference: 'order-101' })).items).toHaveLength(1);
    expect((await list(caller, { reference: 'order-999' })).items).toEqual([]);
    const [one, ...rest] = await pagesOf(caller, { reference: 'order-7', limit: '1' });
    expect([one?.length, rest.length]).toEqual([1, 1]);
  });

  it('has, and finds, an order whose reference is longer than any index row: Klarna placed it', async () => {
    // Random, so that no compression makes it fit.
    const reference = randomBytes(50_000).toString('base64');
    const id = await placeOrder(gateway, caller, randomUUID(), reference);
    await placeOrder(gateway, caller, randomUUID(), `${reference}x`);
    const { items } = await list(caller, { reference });
    expect(items.map(({ provider_order_id: found }) => found)).toEqual([id]);
  });

  it('filters by status and time, from inclusive, to exclusive', async () => {
    const captured = await list(caller, { status: 'CAPTURED', limit: '200' });
    expect(captured.items).toHaveLength(21);
    expect(captured.items[0]?.captures).toMatchObject([{ captured_amount: 1 }]);
    const [from, to] = ['2026-11-20T10:00:10Z', '2026-11-20T10:00:12Z'];
    expect((await list(caller, { created_from: from, created_to: to })).items.map((order) => order.created_at)).toEqual([
      ...['2026-11-20T10:00:11.000Z', '2026-11-20T10:00:11.000Z', '2026-11-20T10:00:10.000Z', '2026-11-20T10:00:10.000Z'],
    ]);
    expect((await list(caller, { created_from: from, created_to: to, status: 'CAPTURED', reference: 'order-20' })).items).toHaveLength(1);
  });

  it('filters by what was learned later, in pages', async () => {
    const pages = await pagesOf(caller, { learned: 'later', limit: '4' });
    expect(pages.map((page) => page.length)).toEqual([4, 4, 2]);
    const { items } = await list(caller, { learned: 'later' });
    expect([items.map(({ id }) => id), new Set(items.map(({ origin }) => origin))]).toEqual([pages.flat(), new Set(['adopted'])]);
  });

  it('refuses a cursor of another merchant, of other filters, of a timeline, and a changed one', async () => {
    const { next_cursor: cursor } = await list(caller, { limit: '5' });
    if (cursor === null) throw new Error('no cursor');
    await expect(list(gateway.rival, { limit: '5', cursor })).rejects.toThrow(badCursor);
    await expect(list(caller, { status: 'CAPTURED', cursor })).rejects.toThrow(badCursor);
    await expect(list(caller, { cursor: `${cursor}x` })).rejects.toThrow(badCursor);
    const [id = ''] = (await list(caller, { limit: '1' })).items.map((order) => order.id);
    await expect(gateway.service.history(caller, id, { limit: 5, cursor })).rejects.toThrow(badCursor);
    // Only the size of the page may change on the way.
    expect((await list(caller, { limit: '6', cursor })).items).toHaveLength(6);
  });

  it("holds nothing of another merchant's", async () => {
    await placeOrder(gateway, gateway.rival);
    const mine = (await pagesOf(caller, { limit: '200' })).flat();
    const theirs = (await pagesOf(gateway.rival, { limit: '200' })).flat();
    expect(theirs.length).toBeGreaterThan(0);
    expect(mine.filter((id) => theirs.includes(id))).toEqual([]);
  });
});

describe('one order', () => {
  it("is found by our id and by the provider's", async () => {
    const orderId = await placeOrder(gateway, gateway.shop);
    const order = await gateway.service.read(gateway.shop, orderId);
    expect(await gateway.service.read(gateway.shop, order.id)).toEqual(order);
    expect(await gateway.service.read(gateway.shop, order.id.toUpperCase())).toEqual(order);
    expect(await gateway.service.read(gateway.shop, orderId.toUpperCase())).toEqual(order);
  });

  it.each(['unknown', 'another merchant', 'not an id', 'not even text'])('is not there: %s', async (what) => {
    const orderId = await placeOrder(gateway, gateway.rival);
    const ids: Record<string, string> = {
      unknown: randomUUID(),
      'another merchant': orderId,
      'not an id': "'; --",
      'not even text': 'a\u0000',
    };
    const id = ids[what] ?? '';
    await expect(gateway.service.read(gateway.shop, id)).rejects.toThrow(notFound);
    await expect(gateway.service.history(gateway.shop, id, { limit: 5, cursor: null })).rejects.toThrow(notFound);
  });

  it('of another merchant is not there by our id either', async () => {
    const { id } = await gateway.service.read(gateway.rival, await placeOrder(gateway, gateway.rival));
    await expect(gateway.service.read(gateway.shop, id)).rejects.toThrow(notFound);
  });

  it('has a timeline in pages, oldest first', async () => {
    const { id } = await gateway.service.read(gateway.shop, await placeOrder(gateway, gateway.shop));
    const entries = Array.from({ length: 5 }, (_, n) => ({ orderId: id, type: `t${n}`, at: new Date(START), operationId: null, data: {} }));
    await gateway.database.transaction((tx) => gateway.timeline.append(tx, entries));
    const sequences: number[][] = [];
    let cursor: string | null = null;
    do {
      const page = await gateway.service.history(gateway.shop, id, { limit: 2, cursor });
      sequences.push(page.items.map(({ sequence }) => sequence));
      cursor = page.next_cursor;
    } while (cursor !== null);
    expect(sequences).toEqual([
      [1, 2],
      [3, 4],
      [5, 6],
    ]);
  });
});

describe('the rows that Postgres reads for a page', () => {
  // As on any disk without a moving arm; else a thousand rows are read as a whole because that is cheaper there.
  beforeAll(async () => {
    const [name] = await gateway.database.query<{ name: string }>('SELECT current_database() AS name');
    await gateway.database.query(`ALTER DATABASE ${name?.name} SET random_page_cost = 1.1`);
    await gateway.reconnect();
  });

  const queries: [string, Record<string, string>][] = [
    ['the first page', {}],
    ['one status', { status: 'CAPTURED' }],
    ['a time', { created_from: '2026-11-20T10:03:00Z', created_to: '2026-11-20T10:06:00Z' }],
    ['a reference', { reference: 'order-100' }],
    ['what was learned later', { learned: 'later' }],
  ];

  it.each([...queries, ['a later page', { limit: '50', later: 'yes' }] as [string, Record<string, string>]])(
    'are as many with 1,000 orders stored as with 20,000: %s',
    async (_, { later, ...query }) => {
      const read: number[] = [];
      for (const stored of [1_000, 20_000]) {
        const caller = await aMerchant(gateway.database, randomUUID());
        await store(caller, stored);
        await gateway.database.query('VACUUM ANALYZE orders, captures, refunds, timeline');
        const cursor = later === undefined ? null : (await list(caller, query)).next_cursor;
        const counting = new CountingRows(gateway.database);
        const service = new (gateway.service.constructor as typeof import('../../src/orders/orders.service.js').OrdersService)(
          new OrdersRepository(counting.database, new EventsRepository()),
          new MovementsRepository(counting.database),
          gateway.timeline,
          gateway.cursors,
          new ExpiryRepository(counting.database),
          gateway.clock,
        );
        const page = await service.list(caller, ordersQueryIn(cursor === null ? query : { ...query, cursor }));
        expect(page.items.length).toBeGreaterThan(0);
        read.push(counting.rows);
        await gateway.database.query('DELETE FROM captures WHERE merchant_id = $1', [caller.merchantId]);
        await gateway.database.query('DELETE FROM orders WHERE merchant_id = $1', [caller.merchantId]);
      }
      expect(read[1]).toBe(read[0]);
    },
    60_000,
  );
});
