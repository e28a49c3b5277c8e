import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { randomBytes, randomUUID } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { receiverOf } from '../../src/persistence/repositories/deliveries.repository.js';
import { shownKey } from '../../src/webhooks/deliveries/signing.js';
import { until } from '../support/until.js';
import { type Deliveries, openDeliveries } from './delivery-scene.js';
import { type Received, ShopServer } from './shop-server.js';

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

const verified = (key: Buffer, { body, headers }: Received) =>
  new Webhook(shownKey(key)).verify(body, headers as Record<string, string>) as { data: Record<string, unknown> };
const only = () => {
  expect(shop.received).toHaveLength(1);
  return shop.received[0] as Received;
};
const inMs = (ms: number) => scene.clock.nowMs() + ms;
const aDelivery = async (strict = false) => {
  const endpoint = await scene.anEndpoint(shop.url(), { strict });
  const [id] = await scene.events(endpoint.id, randomUUID());
  return { endpoint, id };
};
const ownUrl = (url: string, body: Buffer | null, method = 'POST') => ({
  ...{ merchantId: scene.merchantId, receiver: receiverOf(scene.merchantId, url, 'push'), eventId: null, callbackId: null },
  ...{ messageId: randomUUID(), subject: null, sequence: null, method, url, body, at: scene.clock.now() },
});

describe('a registered endpoint', () => {
  it('gets the envelope, signed so that an independent verifier takes it', async () => {
    const endpoint = await scene.anEndpoint(shop.url('/hook?tenant=1'));
    const subject = randomUUID();
    const [id] = await scene.events(endpoint.id, subject);
    await scene.round();
    const request = only();
    expect(request).toMatchObject({ method: 'POST', path: '/hook?tenant=1', headers: { 'content-type': 'application/json' } });
    expect(verified(endpoint.key, request)).toEqual({
      type: 'order.captured',
      timestamp: '2026-11-20T10:00:00.000Z',
      data: { order_id: subject, provider_order_id: `klarna-${subject}`, sequence: 1, amount: 100 },
    });
    expect(await scene.delivery(id)).toMatchObject({ state: 'delivered', attempts: 1, next_at: null, lease_until: null });
    expect(await scene.attempts(id)).toEqual([{ number: 1, status: 204, code: null, reason: null, duration_ms: expect.any(Number) }]);
  });

  it('is signed with both keys while they are exchanged, and with the new one alone afterwards', async () => {
    const previous = { key: randomBytes(32), until: new Date(inMs(1_000)) };
    const endpoint = await scene.anEndpoint(shop.url(), { previous });
    await scene.events(endpoint.id, randomUUID());
    await scene.round();
    verified(endpoint.key, only());
    verified(previous.key, only());
    expect(String(only().headers['webhook-signature'])).toMatch(/^v1,\S+ v1,\S+$/);

    scene.clock.advance(1_000);
    shop.received.length = 0;
    await scene.events(endpoint.id, randomUUID());
    await scene.round();
    verified(endpoint.key, only());
    expect(() => verified(previous.key, only())).toThrow('No matching signature');
  });

  it('gets sealed members of an event in its data; they never override what names it', async () => {
    const endpoint = await scene.anEndpoint(shop.url());
    const secret = scene.envelope.seal(Buffer.from('{"authorization_token":"t-1","sequence":99}'), 'event.secret');
    await scene.events(endpoint.id, randomUUID(), 1, secret);
    await scene.round();
    expect(verified(endpoint.key, only()).data).toMatchObject({ authorization_token: 't-1', sequence: 1 });
  });
});

describe("a URL of the caller's own", () => {
  it("gets Klarna's method and body, signed with the merchant's key", async () => {
    const body = Buffer.from('{"order_id":"ö-1"}');
    const delivery = ownUrl(shop.url('/push?klarna_order_id=1'), body);
    const [id] = await scene.deliveries.enqueue(scene.database, [delivery]);
    await scene.round();
    expect(only()).toMatchObject({ method: 'POST', path: '/push?klarna_order_id=1', headers: { 'webhook-id': delivery.messageId } });
    expect(only().body.equals(body)).toBe(true);
    verified(await scene.secrets.of(scene.merchantId), only());
    expect(await scene.delivery(id)).toMatchObject({ state: 'delivered' });
  });

  it.each(['POST', 'GET'])('is signed without a body as well (%s)', async (method) => {
    const [id] = await scene.deliveries.enqueue(scene.database, [ownUrl(shop.url(), null, method)]);
    await scene.round();
    const key = await scene.secrets.of(scene.merchantId);
    expect(new Webhook(shownKey(key)).verify('', only().headers as Record<string, string>)).toBeUndefined();
    expect(only()).toMatchObject({ method, body: Buffer.alloc(0) });
    expect(only().headers['content-type']).toBeUndefined();
    expect(await scene.delivery(id)).toMatchObject({ state: 'delivered' });
  });

  it('is signed with both keys while they are exchanged', async () => {
    const before = await scene.secrets.of(scene.merchantId);
    await scene.secrets.exchange(scene.merchantId);
    await scene.deliveries.enqueue(scene.database, [ownUrl(shop.url(), null)]);
    await scene.round();
    for (const key of [before, await scene.secrets.of(scene.merchantId)]) {
      expect(new Webhook(shownKey(key)).verify('', only().headers as Record<string, string>)).toBeUndefined();
    }
  });

  it('has one key per merchant, whoever asks first', async () => {
    await scene.database.query('DELETE FROM merchant_signing_secrets');
    const keys = await Promise.all([1, 2, 3, 4].map(() => scene.secrets.of(scene.merchantId)));
    expect(new Set(keys.map((key) => key.toString('hex'))).size).toBe(1);
    const [row] = await scene.database.query<{ secret: Buffer }>('SELECT secret FROM merchant_signing_secrets');
    expect(row?.secret.includes(keys[0] as Buffer)).toBe(false);
  });

  it('is kept sealed, with its body', async () => {
    await scene.deliveries.enqueue(scene.database, [ownUrl(shop.url('/secret-path'), Buffer.from('{"secret":1}'))]);
    const [row] = await scene.database.query<{ text: string }>(
      `SELECT encode(url, 'escape') || encode(body, 'escape') AS text FROM deliveries`,
    );
    expect(row?.text).not.toMatch(/secret/);
  });
});

describe('an attempt that fails', () => {
  it.each([
    [500, 'It answered 500'],
    [404, 'It answered 404'],
    [302, 'It answered 302: redirects are not followed'],
  ])('with %s is visible, and made again within the first cap', async (status, reason) => {
    shop.answers(status, { location: shop.url('/elsewhere') });
    const { id, endpoint } = await aDelivery();
    await scene.round();
    expect(only().path).toBe('/hook');
    const row = await scene.delivery(id);
    expect(row).toMatchObject({ state: 'due', attempts: 1, lease_until: null });
    expect(row.next_at?.getTime()).toBeGreaterThanOrEqual(inMs(0));
    expect(row.next_at?.getTime()).toBeLessThanOrEqual(inMs(2_000));
    expect(await scene.attempts(id)).toEqual([{ number: 1, status, code: null, reason, duration_ms: expect.any(Number) }]);
    expect(await scene.receiver(endpoint.id)).toMatchObject({ failures: 1, failing_since: scene.clock.now() });
  });

  it('without an answer says why, without path or query', async () => {
    const { id } = await aDelivery();
    await shop.close();
    await scene.database.query(`UPDATE notification_endpoints SET url = url || '?token=s3cret'`);
    await scene.round();
    expect(await scene.attempts(id)).toMatchObject([{ status: null, code: 'ECONNREFUSED', reason: 'The connection was refused' }]);
    shop = await ShopServer.open();
  });

  it('is repeated with the same id and bytes, and forgiven by a success', async () => {
    shop.answers(503);
    const { id, endpoint } = await aDelivery();
    await scene.round();
    shop.answers(200);
    scene.clock.advance(2_000);
    await scene.round();
    const [first, second] = shop.received;
    expect(second?.headers['webhook-id']).toBe(first?.headers['webhook-id']);
    expect(second?.body.equals(first?.body as Buffer)).toBe(true);
    expect(await scene.delivery(id)).toMatchObject({ state: 'delivered', attempts: 2 });
    expect(await scene.receiver(endpoint.id)).toEqual({ failures: 0, rests_until: null, failing_since: null });
  });

  it.each([
    ['seconds', () => '120', 120_000],
    ['a date', () => new Date(Date.now() + 600_000).toUTCString(), 600_000],
    ['more than a day', () => '999999', 86_400_000],
  ])('waits as long as Retry-After asks, in %s, and so does its receiver', async (_, header, ms) => {
    shop.answers(429, { 'retry-after': header() });
    const { id, endpoint } = await aDelivery();
    await scene.round();
    for (const at of [(await scene.delivery(id)).next_at, (await scene.receiver(endpoint.id))?.rests_until]) {
      expect(Math.abs((at?.getTime() ?? 0) - inMs(ms))).toBeLessThanOrEqual(2_000);
    }
    await scene.events(endpoint.id, randomUUID());
    await scene.round();
    expect(shop.received).toHaveLength(1);
  });

  it('is never put off beyond the day on which it is given up', async () => {
    shop.answers(429, { 'retry-after': '86400' });
    const { id } = await aDelivery();
    scene.clock.advance(7 * 86_400_000 - 3_600_000);
    await scene.round();
    const [row] = await scene.database.query<{ give_up_at: Date }>('SELECT give_up_at FROM deliveries');
    expect((await scene.delivery(id)).next_at).toEqual(row?.give_up_at);
  });

  it('is dead after seven days, and somebody is told', async () => {
    shop.answers(500);
    const { id } = await aDelivery();
    scene.clock.advance(7 * 86_400_000 - 1);
    await scene.upkeep.round();
    expect(await scene.delivery(id)).toMatchObject({ state: 'due' });
    const before = scene.alerts.count('delivery.dead');
    scene.clock.advance(1);
    await scene.upkeep.round();
    expect(await scene.delivery(id)).toMatchObject({ state: 'dead', next_at: null, reason: 'It was tried for seven days' });
    expect(scene.alerts.count('delivery.dead')).toBe(before + 1);
  });
});

describe('addresses of one shop', () => {
  it('rest by themselves: that pushes are refused keeps no authorization waiting', async () => {
    shop.answers(503);
    const push = ownUrl(shop.url('/push'), null);
    const authorization = {
      ...ownUrl(shop.url('/authorization'), null),
      receiver: receiverOf(scene.merchantId, shop.url(), 'authorization'),
    };
    const [refused] = await scene.deliveries.enqueue(scene.database, [push]);
    await scene.round();
    shop.answers(204);
    const [next, other] = await scene.deliveries.enqueue(scene.database, [{ ...push, messageId: randomUUID() }, authorization]);
    await scene.round();
    expect(await scene.delivery(other)).toMatchObject({ state: 'delivered' });
    for (const id of [refused, next]) expect(await scene.delivery(id)).toMatchObject({ state: 'due' });
  });
});

describe('an endpoint that answers 410', () => {
  it('is disabled, and a person told; what is due for it is cancelled, also what comes later', async () => {
    const alerts = scene.alerts.count('endpoint.gone');
    shop.answers(410);
    const { id, endpoint } = await aDelivery();
    const later = await scene.events(endpoint.id, randomUUID(), 3);
    await scene.database.query(`UPDATE deliveries SET next_at = next_at + interval '1 day' WHERE id = ANY ($1)`, [later]);
    await scene.round();
    expect(await scene.delivery(id)).toMatchObject({ state: 'cancelled', reason: 'It answered 410: it wants no more of these' });
    const [row] = await scene.database.query('SELECT disabled_reason, disabled_at FROM notification_endpoints');
    expect(row).toEqual({ disabled_reason: 'gone', disabled_at: scene.clock.now() });
    expect(scene.alerts.count('endpoint.gone')).toBe(alerts + 1);
    await scene.events(endpoint.id, randomUUID(), 2);
    await scene.round();
    await scene.upkeep.round();
    expect(await scene.states(endpoint.id)).toEqual({ cancelled: 6 });
    expect(shop.received).toHaveLength(1);
  });

  it('cancels a long backlog in batches', async () => {
    const { id } = await scene.anEndpoint(shop.url());
    await scene.events(id, randomUUID(), 1_100);
    await scene.database.query('UPDATE notification_endpoints SET deleted_at = $1', [scene.clock.now()]);
    expect([await scene.upkeep.round(), await scene.upkeep.round(), await scene.upkeep.round()]).toEqual([true, true, false]);
    expect(await scene.states(id)).toEqual({ cancelled: 1_100 });
  });

  it('stays, and gets it again, when it was changed since it was asked', async () => {
    const { id } = await aDelivery();
    const release = shop.holds(410);
    await scene.engine.round();
    await until('it was asked', () => shop.received.length === 1);
    await scene.database.query('UPDATE notification_endpoints SET version = version + 1');
    release();
    await scene.engine.settled();
    expect(await scene.delivery(id)).toMatchObject({ state: 'due', next_at: scene.clock.now(), lease_until: null });
    const [row] = await scene.database.query('SELECT disabled_at FROM notification_endpoints');
    expect(row).toEqual({ disabled_at: null });
    shop.answers(204);
    await scene.round();
    expect(await scene.delivery(id)).toMatchObject({ state: 'delivered' });
  });

  it("ends a callback to a URL of the caller's own", async () => {
    shop.answers(410);
    const [id] = await scene.deliveries.enqueue(scene.database, [ownUrl(shop.url(), null)]);
    await scene.round();
    expect(await scene.delivery(id)).toMatchObject({ state: 'cancelled' });
  });
});

describe('a process that dies while it sends', () => {
  it('leaves the delivery to the next, which sends it again with the same id', async () => {
    const { id } = await aDelivery();
    const release = shop.holds();
    await scene.engine.round();
    await until('it was sent', () => shop.received.length === 1);
    const other = scene.anEngine();
    await other.round();
    expect(shop.received).toHaveLength(1);

    await scene.leasesRunOut();
    await other.round();
    await until('it was sent again', () => shop.received.length === 2);
    expect(shop.received[1]?.headers['webhook-id']).toBe(shop.received[0]?.headers['webhook-id']);
    expect(await scene.attempts(id)).toMatchObject([
      { number: 1, code: 'INTERRUPTED' },
      { number: 2, code: null },
    ]);
    release();
    await Promise.all([scene.engine.settled(), other.settled()]);
    expect(await scene.delivery(id)).toMatchObject({ state: 'delivered', attempts: 2 });
  });

  it('sends nothing that it took too long ago: somebody else may have sent it, and what comes after it', async () => {
    const { id } = await aDelivery();
    const take = scene.due.take.bind(scene.due);
    scene.due.take = async (...given) => {
      const { taken, more } = await take(...given);
      // As if the process had stood still right after its commit.
      return { taken: taken.map((each) => ({ ...each, takenAt: each.takenAt - 5_000 })), more };
    };
    try {
      await scene.round();
    } finally {
      scene.due.take = take;
    }
    expect(shop.received).toHaveLength(0);
    await scene.leasesRunOut();
    await scene.round();
    expect(await scene.delivery(id)).toMatchObject({ state: 'delivered', attempts: 2 });
  });

  it('decides nothing when it comes back late; its attempt is kept', async () => {
    const { id, endpoint } = await aDelivery();
    const release = shop.holds(500);
    await scene.engine.round();
    await until('it was sent', () => shop.received.length === 1);
    await scene.leasesRunOut();
    const second = await scene.due.take(scene.clock.now(), { deliveries: 1, ofUnproven: 1, perReceiver: 4 });
    expect(second.taken).toHaveLength(1);
    const overtaken = scene.counts.overtaken;
    release();
    await scene.engine.settled();
    expect(await scene.delivery(id)).toMatchObject({ state: 'due', fence: 2, lease_until: expect.any(Date) });
    expect(await scene.attempts(id)).toMatchObject([
      { number: 1, status: 500, code: null },
      { number: 2, status: null },
    ]);
    expect(await scene.receiver(endpoint.id)).toBeUndefined();
    expect(scene.counts.overtaken).toBe(overtaken + 1);
  });

  it('leaves alone what somebody else has ended meanwhile', async () => {
    const { id } = await aDelivery();
    const release = shop.holds(500);
    await scene.engine.round();
    await until('it was sent', () => shop.received.length === 1);
    await scene.database.query(`UPDATE deliveries SET state = 'cancelled', reason = 'superseded', next_at = NULL`);
    release();
    await scene.engine.settled();
    expect(await scene.delivery(id)).toMatchObject({ state: 'cancelled', reason: 'superseded', next_at: null, lease_until: null });
    expect(await scene.attempts(id)).toMatchObject([{ status: 500 }]);
  });

  it('hands over what is in the air when it is stopped', async () => {
    const { id, endpoint } = await aDelivery();
    shop.holds();
    const engine = scene.anEngine();
    await engine.round();
    await engine.onModuleDestroy();
    expect(await scene.delivery(id)).toMatchObject({ state: 'due', next_at: scene.clock.now(), lease_until: null });
    expect(await scene.attempts(id)).toMatchObject([{ code: 'STOPPED' }]);
    expect(await scene.receiver(endpoint.id)).toBeUndefined();
  });
});
