import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import type { Settings } from '../../src/config/settings.js';
import type { Transaction } from '../../src/persistence/database.js';
import { EventRetentionRepository } from '../../src/persistence/repositories/event-retention.repository.js';
import { EVENT_TYPES, type NewOutgoingEvent } from '../../src/persistence/repositories/events.repository.js';
import { EventRetention } from '../../src/webhooks/events/event-retention.js';
import { aMerchant, anOperation, type Gateway, openGateway, placeOrder, START } from '../orders/gateway.js';
import { anEndpoint, eventsOfOrder } from './told-events.js';

const DAY_MS = 86_400_000;
const WRITERS = 20;

let gateway: Gateway;
beforeAll(async () => {
  Logger.overrideLogger(false);
  gateway = await openGateway();
});
afterAll(() => gateway.close());

const anEvent = (given: Partial<NewOutgoingEvent> = {}): NewOutgoingEvent => ({
  ...{ merchantId: gateway.shop.merchantId, subject: randomUUID(), type: 'operation.waiting', at: gateway.clock.now() },
  ...{ orderId: null, providerOrderId: null, operationId: null, data: {} },
  ...given,
});
const publish = (...events: NewOutgoingEvent[]) => gateway.database.transaction((tx) => gateway.events.publish(tx, events));
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);
const writers = (work: (writer: number) => Promise<void>) => Promise.all(upTo(WRITERS).map(work));

async function sequences(subject: string): Promise<number[]> {
  const rows = await gateway.database.query<{ sequence: string }>('SELECT sequence FROM events WHERE subject = $1 ORDER BY sequence', [
    subject,
  ]);
  return rows.map(({ sequence }) => Number(sequence));
}

describe('numbers', () => {
  it('have no gaps when 20 write of one order at once, some of them in vain', async () => {
    const orderId = await placeOrder(gateway, gateway.shop);
    await writers(async (writer) => {
      const captured = { captureId: `c${writer}`, amount: 1, reference: null, at: gateway.clock.now(), late: false };
      const work = async (tx: Transaction) => {
        await gateway.lifecycle.captured(tx, anOperation(gateway.shop, orderId), captured);
        if (writer % 4 === 0) throw new Error('in vain');
      };
      await gateway.database.transaction(work).catch((error: Error) => expect(error.message).toBe('in vain'));
    });
    const events = await eventsOfOrder(gateway.database, orderId);
    expect(events.map(({ sequence }) => sequence)).toEqual(upTo(16));
    // In the order of the commits: what is counted only grows.
    const counted = events.slice(1).map(({ data }) => data['captured_amount']);
    expect(counted).toEqual(upTo(15));
  });

  it('have no gaps when 20 tell of two new subjects at once, in opposite order, with or without a deadlock', async () => {
    const [one, other] = [randomUUID(), randomUUID()];
    await writers(async (writer) => {
      const pair = [one, other].map((subject) => anEvent({ subject }));
      if (writer % 2 === 0) pair.reverse();
      await publish(...pair);
    });
    expect(await sequences(one)).toEqual(upTo(WRITERS));
    expect(await sequences(other)).toEqual(upTo(WRITERS));
    const [first, second] = [await placeOrder(gateway, gateway.shop), await placeOrder(gateway, gateway.shop)];
    for (const writer of upTo(3)) {
      // Two transactions that lock two orders in opposite order: Postgres gives one up, and it comes again.
      const capture = (orders: string[]) =>
        gateway.database.transaction(async (tx) => {
          for (const orderId of orders) {
            const captured = { captureId: randomUUID(), amount: writer, reference: null, at: gateway.clock.now(), late: false };
            await gateway.lifecycle.captured(tx, anOperation(gateway.shop, orderId), captured);
          }
        });
      await Promise.all([capture([first, second]), capture([second, first])]);
    }
    for (const orderId of [first, second]) {
      const events = await eventsOfOrder(gateway.database, orderId);
      expect(events.map(({ sequence }) => sequence)).toEqual(upTo(1 + 2 * 3));
    }
  });

  it('of one statement follow the order given, subject by subject', async () => {
    const [one, other] = [randomUUID(), randomUUID()];
    await publish(...[1, 2, 3].flatMap((place) => [anEvent({ subject: one, data: { place } }), anEvent({ subject: other })]));
    await publish(anEvent({ subject: one, data: { place: 4 } }));
    const rows = await gateway.database.query<{ place: number }>(
      `SELECT (data->>'place')::int AS place FROM events WHERE subject = $1 ORDER BY sequence`,
      [one],
    );
    expect(rows.map(({ place }) => place)).toEqual(upTo(4));
  });

  it('begin with order.created even when others tell of the order first, all at once', async () => {
    const orderId = randomUUID();
    const { merchantId, accounts } = gateway.shop;
    const address = { providerAccountId: accounts['order-management'], providerOrderId: orderId };
    await gateway.database.transaction((tx) =>
      gateway.lifecycle.met(tx, { ...address, merchantId, dataSubject: randomUUID(), at: gateway.clock.now() }),
    );
    const [order] = await gateway.orders.findByProviderId(orderId);
    const ours = order?.id ?? '';
    const stopped = () => anEvent({ type: 'order.fraud.stopped', subject: ours, orderId: ours, providerOrderId: orderId });
    await writers(() => publish(stopped()));
    const told = await eventsOfOrder(gateway.database, orderId);
    expect(told.map(({ type }) => type)).toEqual(['order.created', ...Array.from({ length: WRITERS }, () => 'order.fraud.stopped')]);
    expect(told.map(({ sequence }) => sequence)).toEqual(upTo(WRITERS + 1));
  });
});

describe('a delivery', () => {
  it('is made for every endpoint of the merchant that takes the type, due at once, for 7 days; for nobody else', async () => {
    const [merchant, other] = [await aMerchant(gateway.database, 'receiver'), await aMerchant(gateway.database, 'neighbour')];
    const { database } = gateway;
    const all = await anEndpoint(database, merchant.merchantId, null);
    const some = await anEndpoint(database, merchant.merchantId, ['order.captured', 'token.created']);
    await anEndpoint(database, merchant.merchantId, ['order.refunded']);
    await anEndpoint(database, merchant.merchantId, []);
    await anEndpoint(database, merchant.merchantId, null, { deleted: true });
    await anEndpoint(database, other.merchantId, null);
    const at = new Date(START);
    const events = (['order.captured', 'order.cancelled'] as const).map((type) => anEvent({ merchantId: merchant.merchantId, type, at }));
    await publish(...events);
    const rows = await database.query(
      `SELECT d.endpoint_id, d.receiver, e.type, d.message_id = e.id::text AS named, d.subject = e.subject AND d.sequence = e.sequence AS ordered,
         d.state, d.method, d.attempts, d.next_at, d.give_up_at, d.merchant_id, d.url, d.body, substr(d.id::text, 15, 1) AS version
       FROM deliveries d JOIN events e ON e.id = d.event_id ORDER BY e.type, d.endpoint_id = $1`,
      [some],
    );
    const row = (endpoint: string, type: string) => ({
      ...{ endpoint_id: endpoint, receiver: endpoint, type, named: true, ordered: true, state: 'due', method: 'POST', attempts: 0 },
      ...{ next_at: at, give_up_at: new Date(at.getTime() + 7 * DAY_MS), merchant_id: merchant.merchantId, url: null, body: null },
      version: '7',
    });
    expect(rows).toEqual([row(all, 'order.cancelled'), row(all, 'order.captured'), row(some, 'order.captured')]);
  });

  it('is made for an endpoint that is disabled, too: nothing is missing without a trace', async () => {
    const merchant = await aMerchant(gateway.database, 'disabled');
    const endpoint = await anEndpoint(gateway.database, merchant.merchantId, null);
    await gateway.database.query('UPDATE notification_endpoints SET disabled_at = now() WHERE id = $1', [endpoint]);
    await publish(anEvent({ merchantId: merchant.merchantId }));
    expect(await gateway.database.query('SELECT FROM deliveries WHERE endpoint_id = $1', [endpoint])).toHaveLength(1);
  });

  it('goes with its event when the transaction is rolled back', async () => {
    const merchant = await aMerchant(gateway.database, 'unlucky');
    const endpoint = await anEndpoint(gateway.database, merchant.merchantId, null);
    const event = anEvent({ merchantId: merchant.merchantId });
    const failing = gateway.database.transaction(async (tx) => {
      await gateway.events.publish(tx, [event]);
      throw new Error('the end');
    });
    await expect(failing).rejects.toThrow('the end');
    expect(await gateway.database.query('SELECT FROM deliveries WHERE endpoint_id = $1', [endpoint])).toEqual([]);
    expect(await gateway.database.query('SELECT FROM event_subjects WHERE id = $1', [event.subject])).toEqual([]);
  });
});

it('every type can be told', async () => {
  const subject = randomUUID();
  await publish(...EVENT_TYPES.map((type) => anEvent({ subject, type, secret: Buffer.from([1, 2]) })));
  const rows = await gateway.database.query<{ type: string; secret: Buffer }>(
    'SELECT type, secret FROM events WHERE subject = $1 ORDER BY sequence',
    [subject],
  );
  expect(rows.map(({ type }) => type)).toEqual([...EVENT_TYPES]);
  expect(rows[0]?.secret).toEqual(Buffer.from([1, 2]));
});

describe('old notifications', () => {
  const retention = () =>
    new EventRetention(new EventRetentionRepository(gateway.database), gateway.clock, {
      notificationRetentionDays: 30,
      role: 'worker',
    } as unknown as Settings);
  const left = async (merchantId: string) => {
    const of = (table: string) => gateway.database.query<{ id: string }>(`SELECT id FROM ${table} WHERE merchant_id = $1`, [merchantId]);
    const attempts = await gateway.database.query(
      'SELECT FROM delivery_attempts a JOIN deliveries d ON d.id = a.delivery_id WHERE d.merchant_id = $1',
      [merchantId],
    );
    return [(await of('events')).length, (await of('deliveries')).length, attempts.length];
  };

  it('are erased 30 days after they ended, with their attempts; what is due stays, and numbers go on', async () => {
    gateway.clock.set(START);
    const { merchantId } = await aMerchant(gateway.database, 'old');
    const endpoint = await anEndpoint(gateway.database, merchantId, ['order.captured']);
    const event = anEvent({ merchantId, type: 'order.captured' });
    await publish(event, anEvent({ merchantId, type: 'order.refunded' }));
    const end = (state: string) =>
      gateway.database.query(
        `WITH ended AS (UPDATE deliveries SET state = $2, ended_at = CASE WHEN $2 <> 'due' THEN $3::timestamptz END WHERE endpoint_id = $1 RETURNING id)
         INSERT INTO delivery_attempts (delivery_id, number, started_at) SELECT id, 1, now() FROM ended ON CONFLICT DO NOTHING`,
        [endpoint, state, gateway.clock.now()],
      );
    await end('due');
    gateway.clock.advance(30 * DAY_MS + 1);
    await retention().erase();
    // What nobody was to get is old by itself; what is due is not.
    expect(await left(merchantId)).toEqual([1, 1, 1]);
    await end('dead');
    gateway.clock.advance(30 * DAY_MS - 1);
    await retention().erase();
    expect(await left(merchantId)).toEqual([1, 1, 1]);
    gateway.clock.advance(2);
    expect(await retention().erase()).toMatchObject({ deliveries: 1 });
    expect(await left(merchantId)).toEqual([0, 0, 0]);
    await publish(event);
    expect(await sequences(event.subject)).toEqual([2]);
  });

  it('are told once all the same: an order is not created again after its event was erased', async () => {
    gateway.clock.set(START);
    const orderId = await placeOrder(gateway, gateway.shop);
    gateway.clock.advance(31 * DAY_MS);
    await retention().erase();
    expect(await eventsOfOrder(gateway.database, orderId)).toEqual([]);
    await gateway.database.transaction((tx) =>
      gateway.lifecycle.captured(tx, anOperation(gateway.shop, orderId), {
        ...{ captureId: 'c1', amount: 1, reference: null, at: gateway.clock.now(), late: false },
      }),
    );
    expect(await eventsOfOrder(gateway.database, orderId)).toMatchObject([{ sequence: 2, type: 'order.captured' }]);
  });
});
