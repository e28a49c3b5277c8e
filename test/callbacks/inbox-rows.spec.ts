import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { CallbacksRepository, type NewCallback, type TakenCallback } from '../../src/persistence/repositories/callbacks.repository.js';
import { CallbackRetention } from '../../src/webhooks/inbox/callback-retention.js';
import { type Gateway, openGateway } from '../orders/gateway.js';

let gateway: Gateway;
let callbacks: CallbacksRepository;
let hookId: string;

beforeAll(async () => {
  gateway = await openGateway();
  callbacks = new CallbacksRepository(gateway.database);
});
afterAll(() => gateway.close());
beforeEach(async () => {
  await gateway.database.query('DELETE FROM callbacks');
  hookId = await hook();
});

async function hook(): Promise<string> {
  const id = randomUUID();
  await gateway.database.query(
    `INSERT INTO hooks (id, merchant_id, provider_account_id, operation_id, entry, secret_hash, data_subject, expires_at, created_at)
     VALUES ($1, $2, $3, $1, 'push', $4, $1, '2099-01-01', now())`,
    [id, gateway.shop.merchantId, gateway.shop.accounts['order-management'], createHash('sha256').update(id).digest()],
  );
  return id;
}

const came = (more: Partial<NewCallback> = {}): NewCallback & { repeats: number } => ({
  ...{ id: randomUUID(), hookId, merchantId: gateway.shop.merchantId, providerAccountId: gateway.shop.accounts['order-management'] },
  ...{ entry: 'push', providerOrderId: 'o-1', providerSessionId: null, eventType: null, body: null, fingerprint: randomBytes(32) },
  ...{ receivedAt: gateway.clock.now(), repeats: 0 },
  ...more,
});
const take = (limit = 16, leaseMs = 15_000) => callbacks.take(gateway.clock.now(), limit, leaseMs);
const done = ({ id, fence, lastReceivedAt }: TakenCallback) =>
  callbacks.lookedAt({
    ...{ id, fence, state: 'done', result: 'seen', attempts: 1, nextAt: null, lastReceivedAt, now: gateway.clock.now() },
  });
const rows = () => gateway.database.query<{ state: string; result: string | null; repeats: number }>('SELECT * FROM callbacks ORDER BY id');

describe('rows of the inbox', () => {
  it('are taken order by order: who takes one of an order’s takes all, and nobody else takes any', async () => {
    const orders = ['o-1', 'o-2', 'o-3'].flatMap((providerOrderId) => [1, 2, 3].map(() => came({ providerOrderId })));
    await callbacks.store(orders);
    const [mine, theirs] = await Promise.all([take(2), take(2)]);
    for (const taken of [mine, theirs]) {
      for (const id of new Set(taken.map(({ providerOrderId }) => providerOrderId))) {
        expect(taken.filter(({ providerOrderId }) => providerOrderId === id)).toHaveLength(3);
      }
    }
    const all = [...mine, ...theirs, ...(await take())];
    expect(all).toHaveLength(9);
    // What comes of an order while somebody looks at it waits for its own turn.
    await callbacks.store([came({ providerOrderId: 'o-1' })]);
    expect(await take()).toEqual([]);
    for (const each of all) expect(await done(each)).toBe(true);
    expect(await take()).toHaveLength(1);
  });

  it('without an order are taken one by one', async () => {
    await callbacks.store([came({ providerOrderId: null }), came({ providerOrderId: null })]);
    expect(await take(1)).toHaveLength(1);
    expect(await take(1)).toHaveLength(1);
  });

  it('are taken by others when their lease runs out; the former holder decides nothing any more', async () => {
    await callbacks.store([came()]);
    const [former] = await take(16, 0);
    const [present] = await take();
    expect(present?.fence).toBe((former?.fence ?? 0) + 1);
    expect(await done(former!)).toBe(false);
    await callbacks.renew([former!], 60_000);
    expect(await done(present!)).toBe(true);
    expect(await rows()).toMatchObject([{ state: 'done', result: 'seen' }]);
  });

  it('are kept by whoever renews their lease', async () => {
    await callbacks.store([came()]);
    const [held] = await take(16, 0);
    await callbacks.renew([held!], 60_000);
    expect(await take()).toEqual([]);
    expect(await done(held!)).toBe(true);
  });

  it('that came again, much later than their look began, are looked at again', async () => {
    const first = came();
    await callbacks.store([first]);
    const [taken] = await take();
    gateway.clock.advance(61_000);
    await callbacks.store([{ ...first, id: randomUUID(), receivedAt: gateway.clock.now() }]);
    expect(await done(taken!)).toBe(true);
    expect(await rows()).toMatchObject([{ state: 'received', repeats: 1 }]);
    const [again] = await take();
    expect(await done(again!)).toBe(true);
    expect(await rows()).toMatchObject([{ state: 'done' }]);
  });

  it('are stored by many processes at once without one waiting for another for ever', async () => {
    const other = await hook();
    const shared = Array.from({ length: 40 }, (_, n) => came({ hookId: n % 2 === 0 ? hookId : other }));
    const shuffled = () => [...shared].sort(() => Math.random() - 0.5).map((each) => ({ ...each, id: randomUUID() }));
    const stored = await Promise.all(Array.from({ length: 8 }, () => callbacks.store(shuffled())));
    expect(stored.flat().every(Boolean)).toBe(true);
    expect((await rows()).map(({ repeats }) => repeats)).toEqual(shared.map(() => 7));
  });

  it('are erased a month after they were finished, and not before', async () => {
    await callbacks.store([came(), came(), came()]);
    const [one, two] = await take();
    await done(one!);
    gateway.clock.advance(86_400_000);
    await done(two!);
    gateway.clock.advance(29.5 * 86_400_000);
    const settings = { ...gateway.settings, notificationRetentionDays: 30 };
    const retention = new CallbackRetention(callbacks, gateway.clock, settings as never);
    expect(await retention.erase()).toBe(1);
    expect(await rows()).toHaveLength(2);
    gateway.clock.advance(365 * 86_400_000);
    expect(await retention.erase()).toBe(1);
    expect(await rows()).toMatchObject([{ state: 'received' }]);
  });
});
