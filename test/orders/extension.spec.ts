import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { Clock } from '../../src/clock/clock.js';
import type { SimulatorClock } from '../../src/clock/simulator-clock.js';
import { ExpiryRadar } from '../../src/orders/expiry-radar.js';
import { cartOf } from '../support/client.js';
import { testGateway, type TestGateway } from '../support/gateway.js';
import { elsewhere, gateAt, manualCapture, operation, operationIn, ordersPath, requests, rowsOf, settled } from '../support/scene.js';
import { until } from '../support/until.js';

const HOUR_S = 3_600;
const DAY_S = 24 * HOUR_S;

let gateway: TestGateway;
let second: TestGateway;

beforeAll(async () => {
  const env = { CLOCK: 'simulator', EXTEND_AUTHORIZATIONS: 'on' };
  gateway = await testGateway({ env });
  second = await testGateway({ env, simulator: gateway.simulator, database: gateway.database });
});
afterAll(async () => {
  await second.close();
  await gateway.close();
});
// What a test leaves open is nothing to the next one.
afterEach(() => rowsOf(gateway.database, `UPDATE orders SET status = 'CANCELLED', remaining_authorized_amount = 0`));

/** An order that was read, shortly before its end. */
async function nearItsEnd(
  secondsBefore = 12 * HOUR_S,
  category: 'pay_later' | 'pay_now' = 'pay_later',
  shop: TestGateway = gateway,
): Promise<string> {
  const session = await shop.post('/payments/v1/sessions', cartOf(10_000));
  const { session_id: sessionId } = session.json as { session_id: string };
  const authorized = await shop.simulate('POST', `/simulator/sessions/${sessionId}/authorize`, { payment_method_category: category });
  const { authorization_token: token } = authorized as { authorization_token: string };
  const placed = await shop.post(`/payments/v1/authorizations/${token}/order`, cartOf(10_000));
  const { order_id: orderId } = placed.json as { order_id: string };
  await until('the order was read', async () => (await shop.stored(orderId))['expires_at'] !== null);
  await untilBefore(orderId, secondsBefore, shop);
  return orderId;
}

async function untilBefore(orderId: string, seconds: number, shop: TestGateway = gateway): Promise<void> {
  const { now } = (await shop.simulate('GET', '/simulator/clock')) as { now: string };
  const left = Date.parse((await shop.ledger(orderId)).expires_at) - Date.parse(now);
  await shop.advance(Math.floor(left / 1_000) - seconds);
  for (const each of shop === gateway ? [gateway, second] : [shop]) await each.app.get<SimulatorClock>(Clock).refresh();
}

/** The service looks now; without this it does within seconds. */
async function look(shop: TestGateway = gateway): Promise<void> {
  while (await shop.app.get(ExpiryRadar).round());
}

/** What was asked of Klarna for the order, with the extensions of every caller. */
const extensions = (orderId: string) => requests(gateway, { method: 'POST', path: ordersPath(orderId, '/extend-authorization-time') });
const own = (orderId: string) =>
  rowsOf<{ id: string; state: string; reason: string | null }>(
    gateway.database,
    `SELECT id, state, reason FROM operations WHERE lane = $1 AND purpose = 'expiry' ORDER BY id`,
    [orderId],
  );
const ownOf = async (orderId: string): Promise<string> =>
  until('the service has asked for an extension', async () => {
    const [made] = await own(orderId);
    return made?.id;
  });

describe('an authorization that is about to end with money at risk', () => {
  it('is extended once, by an operation that anybody can look at, and again before its next end', async () => {
    const orderId = await nearItsEnd();
    const before = (await gateway.ledger(orderId)).expires_at;
    await Promise.all([look(), look(second)]);
    expect(await settled(gateway, await ownOf(orderId))).toMatchObject({
      ...{ kind: 'order-management.extend-authorization', state: 'succeeded', purpose: 'expiry', attempts: 1 },
    });
    await until('the new end was read', async () => (await gateway.stored(orderId))['expires_at'] !== before);
    expect(await gateway.stored(orderId)).toMatchObject({
      extension: { state: 'extended', code: null },
      remaining_authorized_amount: 10_000,
    });
    await Promise.all([look(), look(second)]);
    expect(await extensions(orderId)).toHaveLength(1);
    await untilBefore(orderId, 6 * HOUR_S);
    await look();
    await until('it was extended again', async () => (await own(orderId)).filter(({ state }) => state === 'succeeded').length === 2);
    expect(await extensions(orderId)).toHaveLength(2);
  });

  it('that Klarna does not extend is remembered, and never tried again', async () => {
    const orderId = await nearItsEnd(20 * HOUR_S, 'pay_now');
    await look();
    expect((await settled(gateway, await ownOf(orderId))).state).toBe('rejected');
    expect(await gateway.stored(orderId)).toMatchObject({ extension: { state: 'refused', code: 'NOT_ALLOWED' } });
    await untilBefore(orderId, 6 * HOUR_S);
    await rowsOf(gateway.database, 'UPDATE orders SET radar_for = NULL, extension_for = NULL WHERE provider_order_id = $1', [orderId]);
    await look();
    expect(await own(orderId)).toHaveLength(1);
    expect(await extensions(orderId)).toHaveLength(1);
  });

  it('is not asked for when its merchant’s refused extension has said so', async () => {
    const orderId = await nearItsEnd(2 * DAY_S, 'pay_now');
    expect((await gateway.post(ordersPath(orderId, '/extend-authorization-time'), undefined, randomUUID())).status).toBe(403);
    await untilBefore(orderId, 12 * HOUR_S);
    await look();
    expect(await own(orderId)).toEqual([]);
  });

  it('waits for the merchant’s money operations, and is left alone when nothing is left to save', async () => {
    const orderId = await nearItsEnd();
    const gate = await gateAt(gateway, 'before', ordersPath(orderId, '/captures'));
    const capture = gateway.post(ordersPath(orderId, '/captures'), { captured_amount: 10_000 }, randomUUID());
    await gate.waiting();
    await look();
    const id = await ownOf(orderId);
    await until('it gives way', async () => (await operation(gateway, id)).reason === 'money-moves');
    expect(await extensions(orderId)).toEqual([]);
    await gate.open();
    expect((await capture).status).toBe(201);
    expect(await settled(gateway, id)).toMatchObject({ state: 'withdrawn', reason: 'nothing-at-risk', attempts: 0 });
    expect(await gateway.stored(orderId)).toMatchObject({ status: 'CAPTURED', extension: null });
    // Nothing that anybody waits for has failed.
    expect(await rowsOf(gateway.database, 'SELECT type FROM events WHERE operation_id = $1', [id])).toEqual([]);
    expect(await extensions(orderId)).toEqual([]);
  });

  it('does not wait for days for one that a person has to look at, while the authorization ends', async () => {
    const orderId = await nearItsEnd();
    const manual = await manualCapture(gateway, orderId, 4_000);
    await look();
    expect((await settled(gateway, await ownOf(orderId))).state).toBe('succeeded');
    expect((await operation(gateway, manual)).state).toBe('manual');
  });

  it('does not wait for a capture that waits for Klarna’s decision on the order', async () => {
    const orderId = await nearItsEnd();
    const gate = await gateAt(gateway, 'before', ordersPath(orderId, '/captures'));
    const capture = gateway.post(ordersPath(orderId, '/captures'), { captured_amount: 4_000 }, randomUUID());
    await gate.waiting();
    await rowsOf(gateway.database, `UPDATE operations SET reason = 'order-pending' WHERE lane = $1`, [orderId]);
    await look();
    expect((await settled(gateway, await ownOf(orderId))).state).toBe('succeeded');
    await gate.open();
    expect((await capture).status).toBe(201);
  });

  it('goes on when the money operation leaves something', async () => {
    const orderId = await nearItsEnd();
    const gate = await gateAt(gateway, 'before', ordersPath(orderId, '/captures'));
    const capture = gateway.post(ordersPath(orderId, '/captures'), { captured_amount: 4_000 }, randomUUID());
    await gate.waiting();
    await look();
    const id = await ownOf(orderId);
    await gate.open();
    expect((await capture).status).toBe(201);
    expect((await settled(gateway, id)).state).toBe('succeeded');
  });

  it('is left alone when its merchant cancels meanwhile', async () => {
    const orderId = await nearItsEnd();
    const gate = await gateAt(gateway, 'before', ordersPath(orderId, '/cancel'));
    const cancel = gateway.post(ordersPath(orderId, '/cancel'), undefined, randomUUID());
    await gate.waiting();
    await look();
    const id = await ownOf(orderId);
    await gate.open();
    expect((await cancel).status).toBe(204);
    expect(await settled(gateway, id)).toMatchObject({ state: 'withdrawn', reason: 'nothing-at-risk' });
    expect(await extensions(orderId)).toEqual([]);
  });

  it('under way keeps no capture waiting', async () => {
    const orderId = await nearItsEnd();
    const gate = await gateAt(gateway, 'before', ordersPath(orderId, '/extend-authorization-time'));
    await look();
    const id = await ownOf(orderId);
    await gate.waiting();
    expect((await gateway.post(ordersPath(orderId, '/captures'), { captured_amount: 10_000 }, randomUUID())).status).toBe(201);
    await gate.open();
    // Klarna has the last word on what comes too late.
    expect(['succeeded', 'rejected']).toContain((await settled(gateway, id)).state);
    expect(await gateway.stored(orderId)).toMatchObject({ captured_amount: 10_000 });
  });

  it('that was captured elsewhere is not extended: the service reads first', async () => {
    const orderId = await nearItsEnd();
    await elsewhere(gateway, ordersPath(orderId, '/captures'), { captured_amount: 10_000 });
    await look();
    expect(await gateway.stored(orderId)).toMatchObject({ status: 'CAPTURED' });
    expect(await own(orderId)).toEqual([]);
  });

  it('is the merchant’s to extend, too: its own request goes at once', async () => {
    const orderId = await nearItsEnd(3 * DAY_S);
    const gate = await gateAt(gateway, 'before', ordersPath(orderId, '/captures'));
    const capture = gateway.post(ordersPath(orderId, '/captures'), { captured_amount: 1_000 }, randomUUID());
    await gate.waiting();
    const answer = await gateway.call('POST', ordersPath(orderId, '/extend-authorization-time'), { headers: { Prefer: 'wait=2' } });
    expect(answer.status).toBe(204);
    await gate.open();
    expect((await capture).status).toBe(201);
  });
});

describe('without the policy', () => {
  it('nothing is extended, and a shop is told that money is at risk', async () => {
    const plain = await testGateway({ env: { CLOCK: 'simulator' } });
    try {
      const orderId = await nearItsEnd(12 * HOUR_S, 'pay_later', plain);
      await look(plain);
      const events = await rowsOf(plain.database, `SELECT data FROM events WHERE type = 'order.expiring' AND provider_order_id = $1`, [
        orderId,
      ]);
      expect(events).toMatchObject([{ data: { notice: '1d', remaining_authorized_amount: 10_000 } }]);
      expect(await rowsOf(plain.database, 'SELECT id FROM operations WHERE lane = $1', [orderId])).toEqual([]);
      expect(await plain.stored(orderId)).toMatchObject({ extension: null });
      const held = await plain.call('POST', ordersPath(orderId, '/captures'), {
        body: { captured_amount: 100 },
        headers: { Prefer: 'respond-async' },
      });
      expect((await settled(plain, operationIn(held))).state).toBe('succeeded');
    } finally {
      await plain.close();
    }
  });
});
