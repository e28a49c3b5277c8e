import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Clock } from '../../src/clock/clock.js';
import { Cursors } from '../../src/http/cursors.js';
import { OperationList } from '../../src/operations/operation-list.service.js';
import { operationsQueryIn } from '../../src/operations/operations-query.js';
import { Database } from '../../src/persistence/database.js';
import { OperationListRepository } from '../../src/persistence/repositories/operation-list.repository.js';
import { CountingRows } from '../support/counting-rows.js';
import { testGateway, type TestGateway } from '../support/gateway.js';
import { addMerchant } from '../support/merchants.js';
import { lasting, operationIn, ordersPath, rowsOf, settled } from '../support/scene.js';
import { storeOperations } from '../support/stored-operations.js';
import { until } from '../support/until.js';

interface Listed {
  id: string;
  state: string;
  kind: string;
  created_at: string;
}
interface Page {
  items: Listed[];
  next_cursor: string | null;
}
interface Summary {
  finished_since: string;
  states: {
    state: string;
    count: number;
    oldest_created_at: string | null;
    kinds: { kind: string; count: number; capped: boolean; amounts: { currency: string | null; amount: number; operations: number }[] }[];
  }[];
}

const HOUR_MS = 3_600_000;
const CAPTURE = 'order-management.capture';
const REFUND = 'order-management.refund';

describe('the list of operations', () => {
  let gateway: TestGateway;
  let as: string;
  const now = Date.now();
  const ago = (hours: number) => new Date(now - hours * HOUR_MS);
  /** What is stored, oldest first. */
  let all: Record<string, string[]>;

  beforeAll(async () => {
    gateway = await testGateway({ env: { RETRY_DELAYS_MS: '600000' } });
    as = await addMerchant(gateway, 'lister');
    all = {
      manual: await storeOperations(gateway, 'lister', { state: 'manual', at: ago(48), count: 3, amount: 100, lane: 'unknown-order' }),
      done: await storeOperations(gateway, 'lister', { state: 'succeeded', at: ago(5), count: 40, amount: 10 }),
      unknown: await storeOperations(gateway, 'lister', { state: 'unknown', kind: REFUND, at: ago(2), count: 7, amount: 7 }),
      waiting: await storeOperations(gateway, 'lister', { state: 'waiting', at: ago(1), count: 11 }),
      rejected: await storeOperations(gateway, 'lister', { state: 'rejected', kind: REFUND, at: ago(0.5), count: 5 }),
    };
  });
  afterAll(() => gateway.close());

  const ask = (query: string, who = as) => gateway.call('GET', `/operations${query}`, { as: who });
  const page = async (query: string): Promise<Page> => {
    const answer = await ask(query);
    expect([answer.status, answer.text.slice(0, 200)]).toEqual([200, expect.any(String)]);
    return answer.json as Page;
  };
  async function pages(query: string): Promise<string[][]> {
    const found: string[][] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const { items, next_cursor: next } = await page(`${query}${cursor === '' ? '' : `&cursor=${cursor}`}`);
      found.push(items.map(({ id }) => id));
      cursor = next;
    }
    return found;
  }
  const newestFirst = (...groups: string[]) =>
    groups
      .flatMap((group) => all[group] ?? [])
      .sort()
      .reverse();

  it('shows every operation once, newest first, whatever the size of a page', async () => {
    const expected = newestFirst('manual', 'done', 'unknown', 'waiting', 'rejected');
    for (const limit of [1, 7, 50, 66, 200]) {
      const found = await pages(`?limit=${limit}`);
      expect(found.flat()).toEqual(expected);
      expect(found.every((each) => each.length > 0 && each.length <= limit)).toBe(true);
    }
  });

  it.each<[string, string[]]>([
    ['state=manual', ['manual']],
    ['state=open', ['manual', 'unknown', 'waiting']],
    ['state=unknown&state=waiting', ['unknown', 'waiting']],
    ['state=unknown,rejected', ['unknown', 'rejected']],
    ['state=open,rejected', ['manual', 'unknown', 'waiting', 'rejected']],
    [`kind=${REFUND}`, ['unknown', 'rejected']],
    [`kind=${REFUND}&state=open`, ['unknown']],
    [`kind=${CAPTURE}&state=rejected`, []],
    ['older_than=90m', ['manual', 'done', 'unknown']],
    ['older_than=1d&state=open', ['manual']],
    [`older_than=${encodeURIComponent(new Date(now - 3 * HOUR_MS).toISOString())}`, ['manual', 'done']],
    ['older_than=0s&state=waiting', ['waiting']],
  ])('finds ?%s, in pages too', async (query, groups) => {
    expect((await pages(`?${query}&limit=4`)).flat()).toEqual(newestFirst(...groups));
  });

  it('shows of each what a person wants to know first', async () => {
    const id = await gateway.order();
    const path = ordersPath(id, '/captures');
    const broken = await lasting(gateway, 'status', { method: 'POST', path }, { code: 429 });
    const answer = await gateway.call('POST', path, {
      body: { captured_amount: 2_500, reference: 'parcel 9' },
      headers: { Prefer: 'wait=0' },
    });
    const listed = async () => ((await gateway.get('/operations?state=waiting')).json as Page).items;
    const [shown] = await until('it waits', async () => {
      const found = await listed();
      return found.length === 1 && found;
    });
    await broken.end();
    expect(shown).toEqual({
      id: operationIn(answer),
      kind: CAPTURE,
      class: 'durable',
      state: 'waiting',
      order_id: id,
      reference: 'parcel 9',
      amount: 2_500,
      currency: 'SEK',
      attempts: expect.any(Number),
      last_code: expect.any(String),
      next_attempt_at: expect.any(String),
      created_at: expect.any(String),
      finished_at: null,
      reason: null,
    });
    const summary = (await gateway.get('/operations/summary')).json as Summary;
    expect(summary.states.find(({ state }) => state === 'waiting')).toMatchObject({
      count: 1,
      kinds: [{ kind: CAPTURE, count: 1, capped: false, amounts: [{ currency: 'SEK', amount: 2_500, operations: 1 }] }],
    });
    await gateway.post(`/operations/${operationIn(answer)}/retry`);
    await settled(gateway, answer);
    // The order that was placed is there as well, by its id.
    const made = ((await gateway.get('/operations?kind=payments.create-order')).json as { items: { order_id: string }[] }).items;
    expect(made.map((each) => each.order_id)).toEqual([id]);
  });

  it('refuses what it can not read, all of it at once, in its own shape', async () => {
    const answer = await ask('?state=Open&kind=capture&older_than=15min&limit=0&sort=id');
    expect([answer.status, answer.headers['content-type'], answer.json]).toMatchObject([
      400,
      expect.stringContaining('application/problem+json'),
      { code: 'BAD_VALUE' },
    ]);
    for (const name of ['state', 'kind', 'older_than', 'limit', 'sort']) expect(answer.text).toContain(`Bad value: ${name}`);
  });

  it('refuses a cursor of another merchant, of other filters, of another list, and a changed one', async () => {
    const { next_cursor: cursor } = await page('?state=open&limit=5');
    expect((await page(`?state=open&limit=6&cursor=${cursor}`)).items).toHaveLength(6);
    const orders = ((await gateway.get('/orders?limit=1')).json as Page).next_cursor;
    const rival = await addMerchant(gateway, 'rival');
    const refused = [
      await ask(`?state=open&limit=5&cursor=${cursor}`, rival),
      await ask(`?state=manual&limit=5&cursor=${cursor}`),
      await ask(`?state=open&older_than=1h&cursor=${cursor}`),
      await ask(`?state=open&cursor=${cursor}x`),
      await ask(`?cursor=${orders ?? 'x.y'}`),
    ];
    expect(refused.map(({ status }) => status)).toEqual([400, 400, 400, 400, 400]);
    expect(((await ask('?limit=200', rival)).json as Page).items).toEqual([]);
    const summary = (await ask('/summary', rival)).json as Summary;
    expect(summary.states.every(({ count }) => count === 0)).toBe(true);
  });

  it('counts by state and kind: every open one, and finished ones of the last 24 hours', async () => {
    await storeOperations(gateway, 'lister', { state: 'succeeded', at: ago(30), count: 9, amount: 1_000 });
    const { states } = (await ask('/summary')).json as Summary;
    expect(states.map(({ state }) => state)).toEqual([
      ...['accepted', 'running', 'waiting', 'unknown', 'manual', 'succeeded', 'rejected', 'abandoned', 'withdrawn'],
    ]);
    expect(states.filter(({ count }) => count > 0)).toEqual([
      {
        state: 'waiting',
        count: 11,
        oldest_created_at: expect.any(String),
        kinds: [{ kind: CAPTURE, count: 11, capped: false, oldest_created_at: expect.any(String), amounts: [] }],
      },
      expect.objectContaining({
        count: 7,
        kinds: [expect.objectContaining({ kind: REFUND, amounts: [{ currency: null, amount: 49, operations: 7 }] })],
      }),
      // Open ones count however old they are.
      expect.objectContaining({ state: 'manual', count: 3, oldest_created_at: new Date(ago(48).getTime() - 2).toISOString() }),
      expect.objectContaining({
        state: 'succeeded',
        count: 40,
        kinds: [expect.objectContaining({ kind: CAPTURE, amounts: [{ currency: null, amount: 400, operations: 40 }] })],
      }),
      expect.objectContaining({ state: 'rejected', count: 5 }),
    ]);
  });

  it('reads as many rows with 1,000 finished operations as with 20,000', async () => {
    const database = gateway.app.get(Database);
    const queries = ['state=open', 'state=manual&older_than=1h', '', `state=rejected&kind=${REFUND}`, 'state=succeeded'];
    const read: number[][] = [];
    for (const finished of [1_000, 20_000]) {
      const name = `busy-${finished}`;
      await addMerchant(gateway, name);
      await storeOperations(gateway, name, { state: 'succeeded', at: ago(26), count: finished });
      await storeOperations(gateway, name, { state: 'rejected', kind: REFUND, at: ago(26), count: 60 });
      await storeOperations(gateway, name, { state: 'manual', at: ago(27), count: 20 });
      await rowsOf(gateway.database, 'VACUUM ANALYZE operations');
      const [merchant] = await rowsOf<{ id: string }>(gateway.database, 'SELECT id FROM merchants WHERE name = $1', [name]);
      const each: number[] = [];
      const counting = () => {
        const rows = new CountingRows(database);
        return {
          rows,
          list: new OperationList(new OperationListRepository(rows.database), gateway.app.get(Cursors), gateway.app.get(Clock)),
        };
      };
      for (const query of queries) {
        const { rows, list } = counting();
        const found = await list.list(
          { merchantId: merchant?.id ?? '' },
          operationsQueryIn(Object.fromEntries(new URLSearchParams(query))),
        );
        expect(found.items.length).toBeGreaterThan(0);
        each.push(rows.rows);
      }
      const { rows, list } = counting();
      await list.summary({ merchantId: merchant?.id ?? '' });
      each.push(rows.rows);
      read.push(each);
    }
    expect(read[1]).toEqual(read[0]);
  }, 60_000);
});
