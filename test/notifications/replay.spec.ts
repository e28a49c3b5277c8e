import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import type { Answer } from '../support/client.js';
import { NotificationReplaysRepository } from '../../src/persistence/repositories/notification-replays.repository.js';
import { testGateway, type TestGateway } from '../support/gateway.js';
import { addMerchant } from '../support/merchants.js';
import { rowsOf } from '../support/scene.js';
import { anEndpoint, anOrder, cameIn, ended, passedOn, type Shop, shopOf, told } from './stored.js';

interface Row {
  state: string;
  reason: string | null;
  attempts: number;
  fence: number;
  lease_until: Date | null;
  next_at: Date | null;
  give_up_at: Date;
  ended_at: Date | null;
  message_id: string;
}

const WEEK_MS = 7 * 86_400_000;

describe('a replay', () => {
  let gateway: TestGateway;
  let shop: Shop;
  let endpoint: string;
  let merchants = 0;
  // No worker: nothing is sent, and states stay as they are put.
  beforeAll(async () => {
    gateway = await testGateway({ env: { ROLE: 'api' } });
  });
  afterAll(() => gateway.close());
  beforeEach(async () => {
    shop = await shopOf(gateway, await addMerchant(gateway, `shop-${(merchants += 1)}`));
    endpoint = await anEndpoint(gateway, shop);
  });

  const one = (id: string, as = shop.as): Promise<Answer> =>
    gateway.call('POST', `/notifications/${encodeURIComponent(id)}/replay`, { as });
  const many = (body: object, as = shop.as): Promise<Answer> => gateway.call('POST', '/notifications/replay', { as, body });
  const replayed = async (body: object) => {
    const { status, json } = await many(body);
    return [status, json];
  };
  const refused = ({ status, json }: Answer) => [status, (json as { code: string }).code, (json as { detail: string }).detail];
  const counts = (due: number, skipped: number) => [202, { replayed: due, skipped }];
  const row = async (id: string): Promise<Row | undefined> =>
    (
      await rowsOf<Row & Record<string, unknown>>(
        gateway.database,
        `SELECT state, reason, attempts, fence, lease_until, next_at, give_up_at, ended_at, message_id FROM deliveries WHERE id = $1`,
        [id],
      )
    )[0];
  const states = async (ids: readonly string[]) => Promise.all(ids.map(async (id) => (await row(id))?.state));
  const dead = async (event: Parameters<typeof told>[2] = {}, state = 'dead', reason: string | null = null): Promise<string> => {
    const [id = ''] = await told(gateway, shop, event);
    await ended(gateway, [id], state, reason);
    return id;
  };

  describe('of one', () => {
    it.each(['dead', 'cancelled', 'delivered', 'due'])(
      'that is %s makes it due now, with seven days from now and the same message id',
      async (state) => {
        const [id = ''] = await told(gateway, shop, { at: new Date(Date.now() - 8 * 86_400_000) });
        if (state !== 'due') await ended(gateway, [id], state, 'why');
        await rowsOf(
          gateway.database,
          `UPDATE deliveries SET attempts = 9, fence = 9, next_at = CASE state WHEN 'due' THEN now() + interval '4 hours' END WHERE id = $1`,
          [id],
        );
        await rowsOf(
          gateway.database,
          `INSERT INTO delivery_attempts (delivery_id, number, started_at) SELECT $1, n, now() FROM generate_series(1, 9) n`,
          [id],
        );
        const before = await row(id);
        const answer = await one(id);
        expect([answer.status, answer.json]).toEqual(counts(1, 0));
        const after = await row(id);
        expect(after).toMatchObject({
          state: 'due',
          reason: null,
          ended_at: null,
          lease_until: null,
          attempts: 0,
          message_id: before?.message_id,
        });
        expect(Math.abs((after?.next_at?.getTime() ?? 0) - Date.now())).toBeLessThan(60_000);
        expect((after?.give_up_at.getTime() ?? 0) - (after?.next_at?.getTime() ?? 0)).toBe(WEEK_MS);
        const shown = (await gateway.call('GET', `/notifications/${id}`, { as: shop.as })).json as { attempts: number; history: unknown[] };
        expect([shown.attempts, shown.history.length]).toEqual([9, 9]);
      },
    );

    it('leaves nothing to decide for an attempt that was under way', async () => {
      const id = await dead();
      await rowsOf(gateway.database, `UPDATE deliveries SET fence = 4, lease_until = now() + interval '1 minute' WHERE id = $1`, [id]);
      await one(id);
      expect(await row(id)).toMatchObject({ state: 'due', fence: 5, lease_until: null });
    });

    it('does not wait for a receiver that rests', async () => {
      const id = await dead();
      await rowsOf(
        gateway.database,
        `INSERT INTO receivers (key, merchant_id, failures, failing_since, rests_until)
         VALUES ($1, $2, 7, now(), now() + interval '10 minutes'), ($3, $2, 7, now(), now() + interval '10 minutes')`,
        [endpoint, shop.merchantId, uuidv7()],
      );
      await one(id);
      const found = await rowsOf<{ rests: boolean; failures: number }>(
        gateway.database,
        'SELECT rests_until IS NOT NULL AS rests, failures FROM receivers WHERE merchant_id = $1 ORDER BY key = $2 DESC',
        [shop.merchantId, endpoint],
      );
      expect(found).toEqual([
        { rests: false, failures: 7 },
        { rests: true, failures: 7 },
      ]);
    });

    it('is refused for a callback', async () => {
      const { id } = await cameIn(gateway, shop);
      expect(refused(await one(id))).toEqual([409, 'NOT_REPLAYABLE', expect.stringContaining('came from the provider')]);
    });

    it.each<[string, RegExp, () => Promise<string>]>([
      [
        'whose endpoint is removed',
        /removed/,
        async () => {
          const id = await dead();
          await gateway.call('DELETE', `/notifications/endpoints/${endpoint}`, { as: shop.as });
          return id;
        },
      ],
      [
        'whose endpoint is disabled',
        /disabled/,
        async () => {
          const id = await dead();
          await gateway.call('PATCH', `/notifications/endpoints/${endpoint}`, { as: shop.as, body: { disabled: true } });
          return id;
        },
      ],
      [
        'an authorization that a newer one has followed',
        /newer authorization/,
        async () => {
          const subject = uuidv7();
          const id = await dead({ type: 'authorization.received', subject, secret: Buffer.from('x') }, 'delivered');
          await dead({ type: 'authorization.received', subject, secret: Buffer.from('x') });
          return id;
        },
      ],
      [
        'an authorization that was cancelled because of a newer one',
        /newer authorization/,
        () => dead({ type: 'authorization.received', secret: Buffer.from('x') }, 'cancelled', 'superseded'),
      ],
      ['an authorization whose token is erased', /erased/, () => dead({ type: 'authorization.received', secret: null })],
      [
        'passed on, whose URL and body are erased',
        /erased/,
        async () => {
          const id = await passedOn(gateway, shop, (await cameIn(gateway, shop)).id);
          await rowsOf(gateway.database, 'UPDATE deliveries SET url = NULL, body = NULL WHERE id = $1', [id]);
          return id;
        },
      ],
    ])('is refused for a message %s', async (_, says, made) => {
      const id = await made();
      const before = await row(id);
      expect(refused(await one(id))).toEqual([409, 'NOT_REPLAYABLE', expect.stringMatching(says)]);
      expect(await row(id)).toEqual(before);
      expect(await replayed({ ids: [id], include_delivered: true })).toEqual(counts(0, 1));
      expect(await row(id)).toEqual(before);
    });

    it('takes the newest authorization, and a callback that was passed on', async () => {
      const subject = uuidv7();
      await dead({ type: 'authorization.received', subject, secret: Buffer.from('x') });
      const newest = await dead({ type: 'authorization.received', subject, secret: Buffer.from('x') });
      const passed = await passedOn(gateway, shop, (await cameIn(gateway, shop)).id);
      await ended(gateway, [passed], 'dead');
      expect((await one(newest)).status).toBe(202);
      expect((await one(passed)).status).toBe(202);
      expect(await states([newest, passed])).toEqual(['due', 'due']);
    });

    it("of another merchant's, an unknown one or of what is no id finds nothing", async () => {
      const id = await dead();
      const rival = await addMerchant(gateway, `rival-${merchants}`);
      const { id: callback } = await cameIn(gateway, shop);
      for (const other of [id, callback, uuidv7(), 'x']) expect(refused(await one(other, rival)).slice(0, 2)).toEqual([404, 'NOT_FOUND']);
      expect(await states([id])).toEqual(['dead']);
      expect((await many({ ids: [id] }, rival)).json).toEqual({ replayed: 0, skipped: 1 });
      expect((await many({ from: '2000-01-01' }, rival)).json).toEqual({ replayed: 0, skipped: 0 });
      expect(refused(await many({ endpoint_id: endpoint }, rival)).slice(0, 2)).toEqual([404, 'NOT_FOUND']);
      const order = await anOrder(gateway, shop);
      for (const named of [order.id, order.providerOrderId])
        expect(refused(await many({ order_id: named }, rival)).slice(0, 2)).toEqual([404, 'NO_SUCH_ORDER']);
      expect(await states([id])).toEqual(['dead']);
    });
  });

  describe('of many', () => {
    it('takes the dead and the cancelled; others where they are asked for', async () => {
      const made = async () => [await dead(), await dead({}, 'cancelled'), await dead({}, 'delivered'), ...(await told(gateway, shop))];
      const first = await made();
      expect(await replayed({ ids: first })).toEqual(counts(2, 2));
      expect(await states(first)).toEqual(['due', 'due', 'delivered', 'due']);
      const second = await made();
      expect(await replayed({ ids: second, states: ['cancelled'] })).toEqual(counts(1, 3));
      expect(await states(second)).toEqual(['dead', 'due', 'delivered', 'due']);
      const third = await made();
      expect(await replayed({ ids: [...third, third[0], uuidv7()], include_delivered: true })).toEqual(counts(3, 2));
      expect(await states(third)).toEqual(['due', 'due', 'due', 'due']);
    });

    it('takes those of an endpoint, of an order, of a type, and of all of these', async () => {
      const other = await anEndpoint(gateway, shop);
      const order = await anOrder(gateway, shop);
      const stored: { id: string; endpoint: string; order: boolean; type: string }[] = [];
      for (const type of ['order.captured', 'order.refunded'] as const)
        for (const about of [order, null]) {
          const ids = await told(gateway, shop, { type, order: about });
          ids.forEach((id, index) => stored.push({ id, endpoint: [endpoint, other][index] ?? '', order: about !== null, type }));
        }
      const ids = stored.map(({ id }) => id);
      const asked: [object, (each: (typeof stored)[number]) => boolean][] = [
        [{ endpoint_id: other }, (each) => each.endpoint === other],
        [{ order_id: order.id }, (each) => each.order],
        [{ order_id: order.providerOrderId }, (each) => each.order],
        [{ type: 'order.refunded' }, (each) => each.type === 'order.refunded'],
        [{ type: 'order.refunded', endpoint_id: endpoint }, (each) => each.type === 'order.refunded' && each.endpoint === endpoint],
        [
          { type: 'order.refunded', endpoint_id: endpoint, order_id: order.id },
          (each) => each.type === 'order.refunded' && each.endpoint === endpoint && each.order,
        ],
      ];
      for (const [body, fits] of asked) {
        await ended(gateway, ids, 'dead');
        const expected = stored.map((each) => (fits(each) ? 'due' : 'dead'));
        expect([body, await replayed(body)]).toEqual([body, counts(expected.filter((state) => state === 'due').length, 0)]);
        expect([body, await states(ids)]).toEqual([body, expected]);
      }
    });

    it('takes those of a time, the beginning included and the end not', async () => {
      const at = (second: number) => new Date(Date.parse('2026-11-20T10:00:00Z') + second * 1_000);
      const ids = [await dead({ at: at(-1) }), await dead({ at: at(0) }), await dead({ at: at(59) }), await dead({ at: at(60) })];
      expect(await replayed({ from: at(0).toISOString(), to: at(60).toISOString() })).toEqual(counts(2, 0));
      expect(await states(ids)).toEqual(['dead', 'due', 'due', 'dead']);
      expect(await replayed({ from: at(60).toISOString() })).toEqual(counts(1, 0));
      expect(await replayed({ to: '2026-11-20T10:00:00+00:00' })).toEqual(counts(1, 0));
    });

    it('takes them all, however many there are, and counts what it leaves', async () => {
      const subject = uuidv7();
      await rowsOf(
        gateway.database,
        `WITH made AS (SELECT n, uuidv7() AS id FROM generate_series(1, 1203) n), subjects AS (
           INSERT INTO event_subjects (id, merchant_id, last_sequence) VALUES ($1, $2, 1203)
         ), told AS (
           INSERT INTO events (id, merchant_id, subject, sequence, type, at, data) SELECT id, $2, $1, n, 'token.created', now(), '{}' FROM made
         )
         INSERT INTO deliveries (id, merchant_id, receiver, endpoint_id, event_id, type, message_id, method, state, attempts, fence, give_up_at, created_at, ended_at, reason)
         SELECT id, $2, $3::text, $3::uuid, id, 'token.created', 'm', 'POST', CASE n % 3 WHEN 0 THEN 'dead' ELSE 'cancelled' END, 1, 1, now(), now(), now(),
           CASE WHEN n <= 3 THEN 'superseded' END FROM made`,
        [subject, shop.merchantId, endpoint],
      );
      expect(await replayed({ type: 'token.created' })).toEqual(counts(1_200, 3));
      expect(await replayed({ type: 'token.created' })).toEqual(counts(0, 3));
    });

    it.each([
      ['a scope', (ids: string[]) => ({ type: 'token.created', ids: undefined, expected: ids.length })],
      ['ids', (ids: string[]) => ({ ids: [...ids].reverse(), expected: ids.length })],
    ])('makes the oldest of %s due first, and what was told in one moment together: strict order needs it', async (_, asked) => {
      const subject = uuidv7();
      const rows = await rowsOf<{ id: string }>(
        gateway.database,
        `WITH made AS (
           SELECT n, uuidv7(make_interval(secs => (n - 10000) / 2 * 60)) AS id FROM generate_series(1, 900) n
         ), subjects AS (
           INSERT INTO event_subjects (id, merchant_id, last_sequence) VALUES ($1, $2, 900)
         ), told AS (
           INSERT INTO events (id, merchant_id, subject, sequence, type, at, data) SELECT id, $2, $1, n, 'token.created', now(), '{}' FROM made
         )
         INSERT INTO deliveries (id, merchant_id, receiver, endpoint_id, event_id, type, message_id, subject, sequence, method, state, attempts, fence, give_up_at,
           created_at, ended_at)
         SELECT id, $2, $3::text, $3::uuid, id, 'token.created', 'm', $1, n, 'POST', 'dead', 1, 1, now(), now(), now() FROM made RETURNING id`,
        [subject, shop.merchantId, endpoint],
      );
      const replay = jest.spyOn(gateway.app.get(NotificationReplaysRepository, { strict: false }), 'replay');
      try {
        const { expected, ...body } = asked(rows.map(({ id }) => id));
        expect(await replayed(body)).toEqual(counts(expected, 0));
        const steps = replay.mock.calls.map(([, ids]) => [...ids].sort());
        expect(steps.length).toBeGreaterThan(1);
        for (const [n, ids] of steps.entries()) {
          const [last = '', next = 'f'] = [ids.at(-1), steps[n + 1]?.[0]];
          expect(last.slice(0, 13) < next.slice(0, 13)).toBe(true);
        }
      } finally {
        replay.mockRestore();
      }
    });

    it.each<[string, object, RegExp]>([
      ['nothing named', {}, /at least one/],
      ['states alone', { states: ['dead'], include_delivered: true }, /at least one/],
      ['no ids', { ids: [] }, /ids must be/],
      ['what is no id', { ids: ['x'] }, /ids\[0\] must be a UUID/],
      ['1001 ids', { ids: Array.from({ length: 1_001 }, () => randomUUID()) }, /ids must be 1 to 1000/],
      ['ids and a type', { ids: [randomUUID()], type: 'order.captured' }, /ids must be without/],
      ['an unknown type', { type: 'order.eaten' }, /type must be one of/],
      ['no time', { from: 'yesterday' }, /from must be a day/],
      ['a time without a zone', { to: '2026-11-20T10:00:00' }, /to must be a day/],
      ['what is due', { type: 'order.captured', states: ['due'] }, /states\[0\] must be one of dead, cancelled/],
      ['no states', { type: 'order.captured', states: [] }, /states must be/],
      ['a number for a flag', { type: 'order.captured', include_delivered: 1 }, /include_delivered must be true or false/],
    ])('is refused with %s', async (_, body, says) => {
      const id = await dead();
      expect(refused(await many(body))).toEqual([400, 'BAD_VALUE', expect.stringMatching(says)]);
      expect(await states([id])).toEqual(['dead']);
    });

    it('finds no endpoint and no order that is not there', async () => {
      for (const id of [uuidv7(), 'x']) {
        expect(refused(await many({ endpoint_id: id })).slice(0, 2)).toEqual([404, 'NOT_FOUND']);
        expect(refused(await many({ order_id: id })).slice(0, 2)).toEqual([404, 'NO_SUCH_ORDER']);
      }
    });
  });

  it('stands behind an authorization that comes meanwhile, and finds it', async () => {
    const subject = uuidv7();
    const id = await dead({ type: 'authorization.received', subject, secret: Buffer.from('x') });
    // Whoever publishes the newer one holds the counter until it commits.
    const results = await Promise.all([
      one(id),
      ...Array.from({ length: 3 }, () => told(gateway, shop, { type: 'authorization.received', subject, secret: Buffer.from('x') })),
    ]);
    const [answer] = results as [Answer];
    // Before or after, never in between: what was replayed before is there for the newer one to cancel.
    expect([202, 409]).toContain(answer.status);
    expect((await one(id)).status).toBe(409);
  });
});

describe("the secret of messages to a shop's own URLs", () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await testGateway({ env: { ROLE: 'api' } });
  });
  afterAll(() => gateway.close());
  const secret = async (as: string, path = '', method = 'GET') => {
    const answer = await gateway.call(method, `/notifications/signing-secret${path}`, { as });
    return { status: answer.status, ...(answer.json as { secret: string; previous_secret_until: string | null; code?: string }) };
  };

  it('is one per merchant, made when it is first asked for, and exchanged once in 24 hours', async () => {
    const [as, other] = [await addMerchant(gateway, 'one'), await addMerchant(gateway, 'other')];
    const first = await secret(as);
    expect(first).toEqual({ status: 200, secret: expect.stringMatching(/^whsec_[A-Za-z0-9+/]{43}=$/), previous_secret_until: null });
    expect(await secret(as)).toEqual(first);
    expect((await secret(other)).secret).not.toBe(first.secret);
    const exchanged = await secret(as, '/rotate', 'POST');
    expect(exchanged).toMatchObject({ status: 200, previous_secret_until: expect.any(String) });
    expect(exchanged.secret).not.toBe(first.secret);
    expect(await secret(as, '/rotate', 'POST')).toMatchObject({ status: 409, code: 'SECRET_IN_EXCHANGE' });
    expect(await secret(as)).toEqual(exchanged);
  });
});
