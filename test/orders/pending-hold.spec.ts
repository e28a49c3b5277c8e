import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import type { Clock } from '../../src/clock/clock.js';
import { Settings } from '../../src/config/settings.js';
import { CaptureHandler } from '../../src/order-management/capture.handler.js';
import type { Transaction } from '../../src/persistence/database.js';
import { EventRetentionRepository } from '../../src/persistence/repositories/event-retention.repository.js';
import { EventRetention } from '../../src/webhooks/events/event-retention.js';
import { cartOf } from '../support/client.js';
import { testGateway, type TestGateway } from '../support/gateway.js';
import { gateAt, lastSequence, operation, operationIn, ordersPath, requests, rowsOf, settled, timeline } from '../support/scene.js';
import { until } from '../support/until.js';

const HOUR_S = 3_600;
const DAY_S = 24 * HOUR_S;

type Parts = ConstructorParameters<typeof CaptureHandler>;

let gateway: TestGateway;
let second: TestGateway;
let since: number;

beforeAll(async () => {
  const env = { CLOCK: 'simulator', HOLD_CAPTURES_WHILE_PENDING: 'true', ANSWER_WAIT_MS: '20000' };
  gateway = await testGateway({ env });
  second = await testGateway({ env, simulator: gateway.simulator, database: gateway.database });
});
afterAll(async () => {
  await second.close();
  await gateway.close();
});
beforeEach(async () => {
  await gateway.behave({ pending_decision_seconds: 4 * HOUR_S });
  since = await lastSequence(gateway);
});

/** An order that Klarna assesses. @returns its id, once it was read as PENDING */
async function pending(shop: TestGateway = gateway, becomes: 'accept' | 'reject' = 'accept'): Promise<string> {
  const address = { email: `alva+pend-${becomes}@example.com`, given_name: 'Alva', family_name: 'Berg', country: 'SE' };
  const { token, cart } = await shop.authorized(cartOf(10_000, { billing_address: address }));
  const placed = await shop.post(`/payments/v1/authorizations/${token}/order`, cart);
  const { order_id: orderId } = placed.json as { order_id: string };
  await until('the order was read', async () => (await shop.stored(orderId))['expires_at'] !== null);
  expect(await shop.stored(orderId)).toMatchObject({ fraud_status: 'PENDING', status: 'AUTHORIZED' });
  return orderId;
}

const capture = (orderId: string, amount = 4_000, key: string = randomUUID()) =>
  gateway.post(ordersPath(orderId, '/captures'), { captured_amount: amount }, key);
const authorize = (orderId: string, amount: number) => {
  const { order_amount, order_lines } = cartOf(amount);
  return gateway.call('PATCH', ordersPath(orderId, '/authorization'), { body: { order_amount, order_lines }, key: randomUUID() });
};
const sent = (orderId: string, path = '/captures') => requests(gateway, { method: 'POST', path: ordersPath(orderId, path) }, since);

describe('a capture of an order that Klarna has not decided on', () => {
  it('is kept at once, says why it waits, and goes by itself, once, when a read shows that the order was accepted', async () => {
    const orderId = await pending();
    const key = randomUUID();
    const began = performance.now();
    const answer = await capture(orderId, 4_000, key);
    // Its caller does not wait for what takes hours.
    expect(performance.now() - began).toBeLessThan(10_000);
    expect([answer.status, answer.json]).toMatchObject([
      202,
      { state: 'accepted', reason: 'order-pending', blocked_by: null, attempts: 0 },
    ]);
    expect((await operation(gateway, answer)).next_attempt_at).not.toBeNull();
    expect(await sent(orderId)).toEqual([]);
    expect((await timeline(gateway, orderId)).filter(({ type }) => type === 'operation.waiting')).toMatchObject([
      { operation_id: operationIn(answer), data: { code: 'order-pending', state: 'accepted' } },
    ]);
    await gateway.advance(4 * HOUR_S + 1);
    expect(await settled(gateway, answer)).toMatchObject({ state: 'succeeded', reason: null, attempts: 1 });
    expect((await capture(orderId, 4_000, key)).status).toBe(201);
    expect(await sent(orderId)).toHaveLength(1);
    expect(await gateway.stored(orderId)).toMatchObject({ captured_amount: 4_000, fraud_status: 'ACCEPTED' });
  });

  it('is told of once, however long it waits', async () => {
    const orderId = await pending();
    const held = operationIn(await capture(orderId));
    const told = async () =>
      (await rowsOf(gateway.database, `SELECT FROM events WHERE operation_id = $1 AND type = 'operation.waiting'`, [held])).length;
    const repository = gateway.app.get(EventRetentionRepository, { strict: false });
    const muchLater = { nowMs: () => Date.now() + 4_000 * DAY_S * 1_000 } as Clock;
    const retention = new EventRetention(repository, muchLater, gateway.app.get(Settings));
    await retention.erase();
    expect(await told()).toBe(1);
    await gateway.post(`/operations/${held}/cancel`);
    await retention.erase();
    expect(await told()).toBe(0);
  });

  it('goes as soon as anybody reads the order, with those behind it, in their order', async () => {
    await gateway.behave({ pending_decision_seconds: 60 });
    const orderId = await pending();
    const [first, next] = [await capture(orderId, 1_000), await capture(orderId, 2_000)];
    expect(await operation(gateway, next)).toMatchObject({ state: 'accepted', blocked_by: operationIn(first) });
    // The service itself looks again after a quarter of an hour.
    await gateway.advance(61);
    expect((await operation(gateway, first)).state).toBe('accepted');
    await gateway.get(ordersPath(orderId));
    for (const each of [first, next]) expect((await settled(gateway, each)).state).toBe('succeeded');
    expect((await gateway.ledger(orderId)).captures.map(({ captured_amount: amount }) => amount)).toEqual([1_000, 2_000]);
  });

  it('is withdrawn when the order is rejected, and repeats are told so; a new one is the merchant’s risk, and is sent', async () => {
    const orderId = await pending(gateway, 'reject');
    const key = randomUUID();
    const answer = await capture(orderId, 4_000, key);
    await gateway.advance(4 * HOUR_S + 1);
    expect(await settled(gateway, answer)).toMatchObject({ state: 'withdrawn', reason: 'fraud-rejected', attempts: 0 });
    const repeat = await capture(orderId, 4_000, key);
    expect(repeat.json).toMatchObject({ error_code: 'OPERATION_WITHDRAWN', error_messages: [expect.stringContaining('rejected')] });
    expect(await sent(orderId)).toEqual([]);
    expect((await timeline(gateway, orderId)).at(-1)).toMatchObject({ type: 'operation.withdrawn', data: { reason: 'fraud-rejected' } });
    expect((await capture(orderId, 5_000)).status).toBe(201);
  });

  it('keeps nothing else from happening, and a cancel overtakes it', async () => {
    const orderId = await pending();
    const held = await capture(orderId);
    const references = await gateway.call('PATCH', ordersPath(orderId, '/merchant-references'), { body: { merchant_reference1: 'later' } });
    expect(references.status).toBe(204);
    expect((await gateway.post(ordersPath(orderId, '/extend-authorization-time'), undefined, randomUUID())).status).toBe(204);
    expect((await gateway.post(ordersPath(orderId, '/cancel'), undefined, randomUUID())).status).toBe(204);
    expect(await operation(gateway, held)).toMatchObject({ state: 'withdrawn', reason: 'overtaken-by-cancel' });
    expect(await sent(orderId)).toEqual([]);
  });

  it('lets a new authorization pass, and is sent when that one is settled', async () => {
    await gateway.behave({ pending_decision_seconds: 60 });
    const orderId = await pending();
    const [first, next] = [await capture(orderId, 1_000), await capture(orderId, 2_000)];
    const gate = await gateAt(gateway, 'before', ordersPath(orderId, '/authorization'), 'PATCH');
    const change = authorize(orderId, 12_000);
    await gate.waiting();
    // Klarna decides while it stands there: both would change the same money.
    await gateway.advance(61);
    await gateway.get(ordersPath(orderId));
    await until('the capture waits for it', async () => (await operation(gateway, first)).blocked_by !== null);
    expect(await operation(gateway, first)).toMatchObject({ state: 'accepted', attempts: 0 });
    await gate.open();
    expect((await change).status).toBe(204);
    for (const each of [first, next]) expect((await settled(gateway, each)).state).toBe('succeeded');
    expect(await gateway.stored(orderId)).toMatchObject({ order_amount: 12_000, captured_amount: 3_000 });
  });

  it('is passed also by a new authorization that waited for what was before both', async () => {
    const orderId = await pending();
    const gate = await gateAt(gateway, 'before', ordersPath(orderId, '/authorization'), 'PATCH');
    const before = authorize(orderId, 11_000);
    await gate.waiting();
    const held = capture(orderId);
    await until('the capture is on record', async () => (await unfinished(orderId)) === 2);
    const after = authorize(orderId, 12_000);
    await until('the second is on record', async () => (await unfinished(orderId)) === 3);
    await gate.open();
    expect([(await before).status, (await after).status]).toEqual([204, 204]);
    expect((await held).json).toMatchObject({ state: 'accepted', reason: 'order-pending', attempts: 0 });
    expect(await gateway.ledger(orderId)).toMatchObject({ order_amount: 12_000, captured_amount: 0 });
  });

  it('makes a release wait, which would take its money away', async () => {
    const orderId = await pending();
    const held = await capture(orderId);
    const release = await gateway.post(ordersPath(orderId, '/release-remaining-authorization'), undefined, randomUUID());
    expect([release.status, release.json]).toMatchObject([202, { state: 'accepted', blocked_by: operationIn(held) }]);
    expect(await sent(orderId, '/release-remaining-authorization')).toEqual([]);
  });

  it('can be withdrawn by its merchant', async () => {
    const orderId = await pending();
    const held = operationIn(await capture(orderId));
    expect((await gateway.post(`/operations/${held}/cancel`)).json).toMatchObject({ state: 'withdrawn', reason: 'stopped' });
  });

  it('waits on when it is hastened: only Klarna’s word lets it go', async () => {
    const orderId = await pending();
    const held = operationIn(await capture(orderId));
    await gateway.post(`/operations/${held}/retry`);
    await until('it was looked at again', async () => {
      const { next_attempt_at: at } = await operation(gateway, held);
      return at !== null && Date.parse(at) > Date.now() + 60_000;
    });
    expect(await operation(gateway, held)).toMatchObject({ state: 'accepted', reason: 'order-pending', attempts: 0 });
    expect((await timeline(gateway, orderId)).filter(({ type }) => type === 'operation.waiting')).toHaveLength(1);
  });

  it('is withdrawn shortly before the authorization ends', async () => {
    await gateway.behave({ pending_decision_seconds: 60 * DAY_S });
    const orderId = await pending();
    const held = await capture(orderId);
    const left = Date.parse((await gateway.ledger(orderId)).expires_at) - (await businessNow());
    await gateway.advance(Math.floor(left / 1_000) - 300);
    expect(await settled(gateway, held)).toMatchObject({ state: 'withdrawn', reason: 'authorization-ends', attempts: 0 });
    expect(await sent(orderId)).toEqual([]);
  });

  it('that comes after a decision goes at once', async () => {
    const orderId = await gateway.order();
    expect((await capture(orderId)).status).toBe(201);
  });

  it('goes once with several workers', async () => {
    const orders = await Promise.all([pending(), pending(second), pending()]);
    const held = await Promise.all(orders.map((orderId) => capture(orderId)));
    await gateway.advance(4 * HOUR_S + 1);
    for (const each of held) expect((await settled(gateway, each)).state).toBe('succeeded');
    for (const orderId of orders) expect(await sent(orderId)).toHaveLength(1);
  });
});

describe('a caller who takes a pending answer for a failure', () => {
  it('is told that nothing was sent, and why; its next try is a new one', async () => {
    const shop = await testGateway({ env: { CLOCK: 'simulator', HOLD_CAPTURES_WHILE_PENDING: 'true', API_PENDING_ANSWER: '503' } });
    try {
      await shop.behave({ pending_decision_seconds: 60 });
      const orderId = await pending(shop);
      const [path, key] = [ordersPath(orderId, '/captures'), randomUUID()];
      const answer = await shop.post(path, { captured_amount: 100 }, key);
      expect([answer.status, answer.json]).toMatchObject([503, { error_messages: [expect.stringContaining('has not decided')] }]);
      expect(Number(answer.headers['retry-after'])).toBe(60);
      await shop.advance(61);
      await shop.get(ordersPath(orderId));
      expect((await shop.post(path, { captured_amount: 100 }, key)).status).toBe(201);
      expect((await shop.ledger(orderId)).captures).toHaveLength(1);
    } finally {
      await shop.close();
    }
  });
});

describe('whether a capture may be sent', () => {
  const given = (hold: boolean) => new CaptureHandler(...([{}, {}, {}, {}, {}, { holdCapturesWhilePending: hold }] as unknown as Parts));
  const wait = { wait: 'order-pending' };
  const never = { withdraw: 'fraud-rejected' };
  it.each([
    // hold, status, fraud status, held back before, clearance
    [true, 'AUTHORIZED', 'PENDING', null, wait],
    [true, 'PART_CAPTURED', 'PENDING', null, wait],
    [true, null, 'PENDING', null, wait],
    [true, 'AUTHORIZED', 'PENDING', 'order-pending', wait],
    [true, 'CANCELLED', 'PENDING', 'order-pending', 'go'],
    [true, 'EXPIRED', 'PENDING', 'order-pending', 'go'],
    [true, 'AUTHORIZED', 'ACCEPTED', 'order-pending', 'go'],
    [true, 'AUTHORIZED', null, null, 'go'],
    [true, 'AUTHORIZED', 'REJECTED', 'order-pending', never],
    [true, 'CANCELLED', 'REJECTED', 'order-pending', never],
    [true, 'AUTHORIZED', 'REJECTED', null, 'go'],
    [false, 'AUTHORIZED', 'PENDING', null, 'go'],
    [false, 'AUTHORIZED', 'PENDING', 'order-pending', 'go'],
  ])('policy %s, %s, %s, held back: %s', (hold, status, fraudStatus, heldBack, clearance) => {
    const asked = { providerAccountId: '', lane: '', purpose: null, heldBack, order: { status, fraudStatus } };
    expect(given(hold).clearance({} as Transaction, asked)).toEqual(clearance);
    expect(given(hold).clearance({} as Transaction, { ...asked, order: null })).toBe('go');
  });
});

describe('without the policy', () => {
  it('a capture of a pending order is Klarna’s to refuse', async () => {
    const plain = await testGateway({ env: { CLOCK: 'simulator' } });
    try {
      const orderId = await pending(plain);
      const answer = await plain.post(ordersPath(orderId, '/captures'), { captured_amount: 100 }, randomUUID());
      expect([answer.status, answer.json]).toMatchObject([403, { error_code: 'CAPTURE_NOT_ALLOWED' }]);
    } finally {
      await plain.close();
    }
  });
});

async function unfinished(orderId: string): Promise<number> {
  return (await rowsOf(gateway.database, 'SELECT FROM operations WHERE lane = $1 AND finished_at IS NULL', [orderId])).length;
}

async function businessNow(): Promise<number> {
  return Date.parse(((await gateway.simulate('GET', '/simulator/clock')) as { now: string }).now);
}
