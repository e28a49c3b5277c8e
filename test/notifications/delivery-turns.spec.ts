import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { TAKE } from '../../src/persistence/repositories/due-deliveries.repository.js';
import { Hands } from '../../src/webhooks/deliveries/hands.js';
import { until } from '../support/until.js';
import { type Deliveries, openDeliveries } from './delivery-scene.js';
import { ShopServer } from './shop-server.js';

let scene: Deliveries;
let shop: ShopServer;

beforeAll(async () => {
  Logger.overrideLogger(false);
  scene = await openDeliveries();
});
afterAll(() => scene.close());
beforeEach(async () => {
  await scene.clear();
  shop = await ShopServer.open();
});
afterEach(() => shop.close());

/** What arrived, as `subject:sequence`. */
const arrived = () =>
  shop.received.map(({ body }) => {
    const { data } = JSON.parse(body.toString()) as { data: { order_id: string; sequence: number } };
    return `${data.order_id.slice(0, 4)}:${data.sequence}`;
  });
const inOrder = (subject: string, count: number, from = 1) => Array.from({ length: count }, (_, n) => `${subject.slice(0, 4)}:${from + n}`);
const wellKnown = (key: string) =>
  scene.database.query('INSERT INTO receivers (key, merchant_id, failures) VALUES ($1, $2, 0)', [key, scene.merchantId]);
const take = (deliveries = 32) => scene.due.take(scene.clock.now(), { deliveries, ofUnproven: deliveries, perReceiver: 4 });

describe('strict order', () => {
  it('sends the events of one subject one after the other, and of several side by side', async () => {
    const { id } = await scene.anEndpoint(shop.url(), { strict: true });
    await wellKnown(id);
    const [a, b] = [randomUUID(), randomUUID()];
    await scene.events(id, a, 5);
    await scene.events(id, b, 5);
    const release = shop.holds();
    await scene.engine.round();
    await until('both heads are there', () => shop.received.length === 2);
    await scene.engine.round();
    expect(arrived().sort()).toEqual([...inOrder(a, 1), ...inOrder(b, 1)].sort());
    release();
    await scene.rounds();
    for (const subject of [a, b]) expect(arrived().filter((one) => one.startsWith(subject.slice(0, 4)))).toEqual(inOrder(subject, 5));
  });

  it('waits for one that fails, and lets other subjects pass', async () => {
    const { id } = await scene.anEndpoint(shop.url(), { strict: true });
    const [stuck, free] = [randomUUID(), randomUUID()];
    await scene.events(id, stuck, 3);
    shop.answer = (response, { body }) => response.writeHead(body.includes(stuck) ? 500 : 204).end();
    await scene.round();
    await scene.events(id, free, 2);
    await scene.database.query('UPDATE receivers SET rests_until = NULL');
    await scene.rounds();
    expect(arrived().filter((one) => one.startsWith(free.slice(0, 4)))).toEqual(inOrder(free, 2));
    expect(new Set(arrived().filter((one) => one.startsWith(stuck.slice(0, 4))))).toEqual(new Set(inOrder(stuck, 1)));
    shop.answers(204);
    shop.received.length = 0;
    scene.clock.advance(15_000);
    await scene.rounds();
    expect(arrived()).toEqual(inOrder(stuck, 3));
  });

  it.each(['dead', 'cancelled', 'delivered'])('is not held up by one that is %s', async (state) => {
    const { id } = await scene.anEndpoint(shop.url(), { strict: true });
    const subject = randomUUID();
    const [first] = await scene.events(id, subject, 2);
    await scene.database.query('UPDATE deliveries SET state = $2, next_at = NULL WHERE id = $1', [first, state]);
    await scene.round();
    expect(arrived()).toEqual(inOrder(subject, 1, 2));
  });

  it('goes on when the first was given up', async () => {
    const { id } = await scene.anEndpoint(shop.url(), { strict: true });
    const subject = randomUUID();
    const [first] = await scene.events(id, subject, 2);
    await scene.database.query(`UPDATE deliveries SET attempts = 9, next_at = next_at + interval '1 hour', give_up_at = $2 WHERE id = $1`, [
      first,
      new Date(scene.clock.nowMs() + 1),
    ]);
    expect((await take()).more).toBe(true);
    scene.clock.advance(1);
    await scene.upkeep.round();
    await scene.round();
    expect(arrived()).toEqual(inOrder(subject, 1, 2));
  });

  it('gives up nothing that only waited: what is behind one that is given up is tried before it is given up, too', async () => {
    const { id } = await scene.anEndpoint(shop.url(), { strict: true });
    const subject = randomUUID();
    const [first, second, third] = await scene.events(id, subject, 3);
    shop.answer = (response, { body }) => response.writeHead(body.includes('"sequence":2') ? 204 : 500).end();
    await scene.rounds();
    scene.clock.advance(7 * 86_400_000);
    for (let n = 0; n < 3; n += 1) {
      await scene.upkeep.round();
      await scene.database.query('UPDATE receivers SET rests_until = NULL');
      await scene.rounds();
    }
    await scene.upkeep.round();
    const ends = await Promise.all([first, second, third].map((each) => scene.delivery(each)));
    expect(ends.map(({ state }) => state)).toEqual(['dead', 'delivered', 'dead']);
    expect(ends.map(({ attempts }) => attempts > 0)).toEqual([true, true, true]);
  });

  it('goes on after a minute when the process died between an answer and the next', async () => {
    const { id } = await scene.anEndpoint(shop.url(), { strict: true });
    const subject = randomUUID();
    await scene.events(id, subject, 2);
    const { taken } = await take();
    await scene.database.query(`UPDATE deliveries SET state = 'delivered', lease_until = NULL, next_at = NULL WHERE id = $1`, [
      taken[0]?.id,
    ]);
    await scene.round();
    expect(shop.received).toHaveLength(0);
    scene.clock.advance(60_000);
    await scene.round();
    expect(arrived()).toEqual(inOrder(subject, 1, 2));
  });

  it('holds with several processes, whatever fails', async () => {
    const { id } = await scene.anEndpoint(shop.url(), { strict: true });
    await wellKnown(id);
    const subjects = [1, 2, 3].map(() => randomUUID());
    for (const subject of subjects) await scene.events(id, subject, 20);
    let n = 0;
    const accepted: string[] = [];
    shop.answer = (response, { body }) => {
      const ok = ++n % 4 > 0;
      if (ok) {
        const { data } = JSON.parse(body.toString()) as { data: { order_id: string; sequence: number } };
        accepted.push(`${data.order_id.slice(0, 4)}:${data.sequence}`);
      }
      response.writeHead(ok ? 204 : 500).end();
    };
    const engines = [scene.anEngine(), scene.anEngine(), scene.anEngine()];
    await until(
      'everything is delivered',
      async () => {
        scene.clock.advance(20_000);
        await Promise.all(engines.map((engine) => engine.round()));
        await Promise.all(engines.map((engine) => engine.settled()));
        return (await scene.states(id))['due'] === undefined;
      },
      { withinMs: 25_000, everyMs: 0 },
    );
    for (const subject of subjects) expect(accepted.filter((one) => one.startsWith(subject.slice(0, 4)))).toEqual(inOrder(subject, 20));
  });
});

describe('without strict order', () => {
  it('sends what it can, a few at a time, each with its sequence', async () => {
    const { id } = await scene.anEndpoint(shop.url());
    await wellKnown(id);
    const subject = randomUUID();
    await scene.events(id, subject, 12);
    const release = shop.holds();
    await Promise.all([scene.engine.round(), scene.anEngine().round(), scene.anEngine().round()]);
    expect((await take()).taken).toHaveLength(0);
    release();
    await scene.rounds();
    await until('everything arrived', async () => {
      await scene.round();
      return shop.received.length === 12;
    });
    expect(shop.mostOpen).toBeLessThanOrEqual(4);
    expect(arrived().sort()).toEqual(inOrder(subject, 12).sort());
  });
});

describe('receivers', () => {
  it('take turns when there are more messages than hands', async () => {
    const ids = await Promise.all([1, 2, 3, 4].map(async () => (await scene.anEndpoint(shop.url())).id));
    for (const id of ids) await wellKnown(id);
    await scene.events(ids[0] as string, randomUUID(), 50);
    for (const id of ids.slice(1)) await scene.events(id, randomUUID(), 1);
    const { taken } = await take(4);
    expect(taken.map(({ receiver }) => receiver).sort()).toEqual([...ids].sort());
  });

  it('get one at a time until they were reached, and after a failure', async () => {
    const { id } = await scene.anEndpoint(shop.url());
    await scene.events(id, randomUUID(), 10);
    expect((await take()).taken).toHaveLength(1);
    expect((await take()).taken).toHaveLength(0);
    await scene.leasesRunOut();
    await wellKnown(id);
    expect((await take()).taken).toHaveLength(4);
    await scene.leasesRunOut();
    await scene.database.query('UPDATE receivers SET failures = 3, failing_since = $1', [scene.clock.now()]);
    expect((await take()).taken).toHaveLength(1);
    expect((await take()).taken).toHaveLength(0);
  });

  it('that are known to be well go first', async () => {
    const strangers = await Promise.all([1, 2, 3, 4, 5, 6].map(async () => (await scene.anEndpoint(shop.url())).id));
    const { id } = await scene.anEndpoint(shop.url());
    await wellKnown(id);
    for (const each of [...strangers, id]) await scene.events(each, randomUUID(), 1);
    const { taken } = await scene.due.take(scene.clock.now(), { deliveries: 4, ofUnproven: 2, perReceiver: 4 });
    expect(taken.map(({ receiver, unproven }) => (unproven ? 'stranger' : receiver))).toHaveLength(3);
    expect(taken.map(({ receiver }) => receiver)).toContain(id);
  });

  it('that fail rest longer each time, and one delivery finds out whether they are back', async () => {
    shop.answers(500);
    const { id } = await scene.anEndpoint(shop.url());
    await scene.events(id, randomUUID(), 30);
    const caps = [2_000, 10_000, 30_000, 120_000, 600_000, 600_000];
    for (const [failures, cap] of caps.entries()) {
      await scene.round();
      expect(shop.received).toHaveLength(failures + 1);
      const state = await scene.receiver(id);
      expect(state?.failures).toBe(failures + 1);
      expect((state?.rests_until?.getTime() ?? 0) - scene.clock.nowMs()).toBeLessThanOrEqual(cap);
      await scene.database.query('UPDATE receivers SET rests_until = $1', [new Date(scene.clock.nowMs() + 1)]);
      await scene.round();
      expect(shop.received).toHaveLength(failures + 1);
      scene.clock.advance(cap);
    }
    shop.answers(204);
    await scene.round();
    await scene.round();
    expect(shop.received.length).toBe(caps.length + 1 + 4);
  });

  it('fail once when what is in the air together fails', async () => {
    const { id } = await scene.anEndpoint(shop.url());
    await wellKnown(id);
    await scene.events(id, randomUUID(), 4);
    const release = shop.holds(500);
    await scene.engine.round();
    await until('all are there', () => shop.received.length === 4);
    release();
    await scene.engine.settled();
    const state = await scene.receiver(id);
    // A rest may be drawn as nothing at all; then the next of them counts.
    expect(state?.failures).toBeLessThanOrEqual(2);
  });
});

describe('a long backlog', () => {
  interface PlanNode {
    'Actual Rows': number;
    'Actual Loops': number;
    'Rows Removed by Filter'?: number;
    Plans?: PlanNode[];
  }
  const busiest = (node: PlanNode): number =>
    Math.max((node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0)) * node['Actual Loops'], ...(node.Plans ?? []).map(busiest));
  /** The most rows that any step of a look went over. */
  async function look(): Promise<{ rows: number }> {
    const plan = await scene.database
      .transaction(async (tx) => {
        const [row] = await tx.query<{ 'QUERY PLAN': [{ Plan: PlanNode }] }>(`EXPLAIN (ANALYZE, FORMAT JSON) ${TAKE}`, [
          scene.clock.now(),
          4,
          32,
          16,
        ]);
        throw Object.assign(new Error('rolled back'), { plan: row?.['QUERY PLAN'][0] });
      })
      .catch((error: { plan: { Plan: PlanNode } }) => error.plan);
    return { rows: busiest(plan.Plan) };
  }

  async function backlog(subjects: number, events: number): Promise<string> {
    const { id } = await scene.anEndpoint('http://127.0.0.1:1/', { strict: true });
    await scene.database.transaction(async (tx) => {
      // Without foreign keys: half a million look-ups are not what this is about.
      await tx.query('SET LOCAL session_replication_role = replica');
      await tx.query(
        `INSERT INTO deliveries (id, merchant_id, receiver, endpoint_id, message_id, subject, sequence, method, state, attempts, next_at, fence,
           give_up_at, created_at)
         SELECT gen_random_uuid(), $1, $2::text, $2::text::uuid, 'm', s, n, 'POST', 'due', 0, $3, 0, $3::timestamptz + interval '7 days', $3
         FROM unnest($4::uuid[]) AS s, generate_series(1, $5::int) AS n`,
        [scene.merchantId, id, scene.clock.now(), Array.from({ length: subjects }, () => randomUUID()), events / subjects],
      );
    });
    const { id: healthy } = await scene.anEndpoint(shop.url());
    await scene.events(healthy, randomUUID(), 1);
    await scene.database.query('ANALYZE deliveries');
    return id;
  }

  it.each([
    [1, 20_000],
    [20, 100_000],
  ])(
    'of a dead strict endpoint costs a look next to nothing (%i subjects, %i events)',
    async (subjects, events) => {
      const id = await backlog(subjects, events);
      const first = await look();
      expect(first.rows).toBeLessThan(1_000);
      await scene.round();
      expect(shop.received).toHaveLength(1);
      const resting = await look();
      expect(resting.rows).toBeLessThan(50);
      await scene.database.query('UPDATE receivers SET failures = 0, rests_until = NULL WHERE key = $1', [id]);
      const back = await look();
      expect(back.rows).toBeLessThan(1_000);
    },
    60_000,
  );

  it('behind one message that is not taken is put aside, and new subjects pass', async () => {
    const id = await backlog(1, 20_000);
    await wellKnown(id);
    // The head has failed and is due in an hour; the receiver is well.
    await scene.database.query(
      `UPDATE deliveries SET next_at = next_at + interval '1 hour' WHERE id = (SELECT id FROM deliveries WHERE receiver = $1 AND sequence = 1)`,
      [id],
    );
    let looks = 0;
    for (; (await take(1)).more; looks++) if (looks > 500) throw new Error('It does not end');
    expect(looks).toBeLessThanOrEqual(Math.ceil(20_000 / 128));
    expect((await look()).rows).toBeLessThan(50);
    await scene.events(id, randomUUID(), 1);
    await scene.leasesRunOut();
    expect((await take()).taken.map(({ receiver }) => receiver)).toContain(id);
  }, 60_000);
});

describe('hands', () => {
  it('that wait for more than a second make room for others, up to eight times as many', () => {
    let now = 0;
    const hands = new Hands(4, () => now);
    for (let n = 0; n < 4; n++) hands.take(false);
    expect(hands.free().deliveries).toBe(0);
    now = 1_000;
    expect(hands.free().deliveries).toBe(4);
    for (let n = 0; n < 28; n++) hands.take(false);
    now = 5_000;
    expect(hands.free().deliveries).toBe(0);
  });

  it('are for receivers that nobody knows to be well by three quarters at most', () => {
    const hands = new Hands(4, () => 0);
    expect(hands.free()).toEqual({ deliveries: 4, ofUnproven: 3 });
    const release = hands.take(true);
    hands.take(true);
    hands.take(true);
    expect(hands.free()).toEqual({ deliveries: 1, ofUnproven: 0 });
    release();
    expect(hands.free()).toEqual({ deliveries: 2, ofUnproven: 1 });
  });
});
