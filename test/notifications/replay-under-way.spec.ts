import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { GIVE_UP_AFTER_MS, receiverOf } from '../../src/persistence/repositories/deliveries.repository.js';
import type { DeliveryEnd } from '../../src/persistence/repositories/delivery-outcomes.repository.js';
import { NotificationEndpointsRepository } from '../../src/persistence/repositories/notification-endpoints.repository.js';
import { NotificationReplaysRepository } from '../../src/persistence/repositories/notification-replays.repository.js';
import { EXCHANGE_MS } from '../../src/persistence/repositories/signing-secrets.repository.js';
import { shownKey } from '../../src/webhooks/deliveries/signing.js';
import { type Deliveries, openDeliveries } from './delivery-scene.js';
import { ShopServer } from './shop-server.js';

const ROOM = { deliveries: 10, ofUnproven: 10, perReceiver: 10 };
const ALL = ['due', 'delivered', 'dead', 'cancelled'];

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

const replay = (id: string) =>
  new NotificationReplaysRepository(scene.database).replay(scene.merchantId, [id], ALL, scene.clock.now(), GIVE_UP_AFTER_MS);

describe('an attempt that was under way before a replay', () => {
  const ends: [string, DeliveryEnd][] = [
    ['was taken', { then: 'delivered' }],
    ['was told that the endpoint is gone', { then: 'cancelled', reason: 'gone' }],
    ['failed', { then: 'again', at: new Date('2026-11-21T10:00:00Z'), restsUntil: new Date('2026-11-20T11:00:00Z'), asked: false }],
  ];

  it.each(ends)('and %s decides nothing, and stays on record', async (_, end) => {
    const endpoint = await scene.anEndpoint(shop.url());
    const [id = ''] = await scene.events(endpoint.id, randomUUID());
    const [taken] = (await scene.due.take(scene.clock.now(), ROOM)).taken;
    if (taken === undefined) throw new Error('nothing was taken');
    expect(await replay(id)).toEqual([{ id, refusal: null }]);
    const replayed = await scene.delivery(id);
    expect(replayed).toMatchObject({ state: 'due', lease_until: null, next_at: scene.clock.now() });
    expect(replayed.fence).toBeGreaterThan(taken.fence);

    const result = { durationMs: 7, status: 500, code: null, reason: null };
    expect(await scene.outcomes.settle(taken, result, end, scene.clock.now())).toBe(false);
    expect(await scene.delivery(id)).toEqual(replayed);

    // And the one after it goes on, from the first step of the schedule.
    await scene.round();
    expect(await scene.delivery(id)).toMatchObject({ state: 'delivered', attempts: 1 });
    expect((await scene.attempts(id)).map(({ number, status }) => [number, status])).toEqual([
      [1, 500],
      [2, 204],
    ]);
    expect(shop.received).toHaveLength(1);
  });
});

it('a receiver that begins anew gets what is due at once', async () => {
  const endpoint = await scene.anEndpoint(shop.url());
  const [id = ''] = await scene.events(endpoint.id, randomUUID());
  shop.answer = (response) => response.writeHead(500, { 'Retry-After': '3600' }).end();
  await scene.round();
  shop.answer = (response) => response.writeHead(204).end();
  await scene.round();
  expect(await scene.delivery(id)).toMatchObject({ state: 'due', attempts: 1 });
  const endpoints = new NotificationEndpointsRepository(scene.database);
  await scene.database.transaction((tx) => endpoints.startAnew(tx, [endpoint.id], scene.clock.now()));
  await scene.round();
  expect(await scene.delivery(id)).toMatchObject({ state: 'delivered', attempts: 2 });
});

it("a message to a shop's own URL is signed with both keys while they are exchanged, then with the new one alone", async () => {
  const send = async (): Promise<(key: Buffer) => boolean> => {
    shop.received.length = 0;
    const url = shop.url();
    await scene.deliveries.enqueue(scene.database, [
      {
        ...{ merchantId: scene.merchantId, receiver: receiverOf(scene.merchantId, url, 'push'), eventId: null, callbackId: null },
        ...{ messageId: randomUUID(), subject: null, sequence: null, method: 'POST', url, body: Buffer.from('{}'), at: scene.clock.now() },
      },
    ]);
    await scene.round();
    const [{ headers, body } = { headers: {}, body: Buffer.alloc(0) }] = shop.received;
    return (key) => {
      try {
        new Webhook(shownKey(key)).verify(body, headers as Record<string, string>);
        return true;
      } catch {
        return false;
      }
    };
  };
  const before = await scene.secrets.of(scene.merchantId);
  const exchanged = await scene.secrets.exchange(scene.merchantId);
  const now = exchanged?.current ?? Buffer.alloc(0);
  expect(now.equals(before)).toBe(false);
  const isSigned = await send();
  expect([before, now].map(isSigned)).toEqual([true, true]);
  expect(await scene.secrets.exchange(scene.merchantId)).toBeUndefined();
  scene.clock.advance(EXCHANGE_MS);
  const isSignedLater = await send();
  expect([before, now].map(isSignedLater)).toEqual([false, true]);
  expect(await scene.secrets.exchange(scene.merchantId)).toBeDefined();
});
