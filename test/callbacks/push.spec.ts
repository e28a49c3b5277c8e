import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { EventRetentionRepository } from '../../src/persistence/repositories/event-retention.repository.js';
import { SealedEnvelope } from '../../src/persistence/sealed-envelope.js';
import { cartOf } from '../support/client.js';
import { testGateway, type TestGateway } from '../support/gateway.js';
import { addMerchant } from '../support/merchants.js';
import {
  elsewhere,
  gateAt,
  lasting,
  operation as operationView,
  operationIn,
  ordersPath,
  placedElsewhere,
  requests,
  rowsOf,
  settled,
  timeline,
} from '../support/scene.js';
import { HOUR, pass } from '../support/time.js';
import { chargeOf, customerToken, tokenPath, tokensMade } from '../support/tokens.js';
import { until } from '../support/until.js';
import { aHook, type AHook, callback, cameTo, lookAgain, passedOn, rowsOfHook, subjectOf } from './callbacks.js';
import { eventsOf as heard } from './heard.js';
import { type Receiver, startReceiver } from './receiver.js';

let gateway: TestGateway;
let shop: Receiver;

beforeAll(async () => {
  shop = await startReceiver();
  gateway = await testGateway({ env: { CLOCK: 'simulator', NOTIFY_ALLOW_CIDRS: '127.0.0.0/8' } });
});
afterAll(async () => {
  await gateway.close();
  await shop.close();
});
beforeEach(async () => {
  shop.status = 200;
  shop.received.length = 0;
  await rowsOf(gateway.database, 'UPDATE notification_endpoints SET deleted_at = now()');
});

const push = (hook: AHook, orderId: string) => callback(gateway, hook, `?order_id=${orderId}`);
const acknowledgements = async (orderId: string) =>
  (await requests(gateway, { method: 'POST', path: ordersPath(orderId, '/acknowledge') })).length;
const isAcknowledged = async (orderId: string) => (await gateway.ledger(orderId)).acknowledged;
const eventsOf = async (orderId: string) =>
  (
    await rowsOf<{ type: string }>(gateway.database, 'SELECT type FROM events WHERE provider_order_id = $1 ORDER BY sequence', [orderId])
  ).map(({ type }) => type);
const stateOfDeliveries = async (hook: AHook, state: string, reason: string | null = null) =>
  rowsOf(
    gateway.database,
    `UPDATE deliveries SET state = $2, reason = $3, next_at = NULL, ended_at = now()
     WHERE callback_id IN (SELECT id FROM callbacks WHERE hook_id = $1)`,
    [hook.id, state, reason],
  );
/** Asks again, as if the pauses were over, until the callback has come to something. */
const until_ = (hook: AHook, result: string) =>
  until(`the push is ${result}`, async () => {
    await lookAgain(gateway, hook);
    return (await rowsOfHook(gateway, hook)).every((row) => row.result === result);
  });
/** The same, until it is acknowledged at Klarna. */
const untilAcknowledged = (hook: AHook, orderId: string) =>
  until('Klarna knows', async () => {
    await lookAgain(gateway, hook);
    return (await rowsOfHook(gateway, hook)).every(({ state }) => state === 'done') && (await isAcknowledged(orderId));
  });

/** An endpoint of the shop's for events. */
async function anEndpoint(events: string[] | null = null): Promise<void> {
  const secret = gateway.app.get(SealedEnvelope).seal(Buffer.alloc(32, 1), 'notification-endpoint.secret');
  await rowsOf(
    gateway.database,
    `INSERT INTO notification_endpoints (id, merchant_id, url, events, strict_order, secret, version, created_at, updated_at)
     SELECT $1, id, $2, $3, false, $4, 1, now(), now() FROM merchants LIMIT 1`,
    [randomUUID(), `${shop.url}/events`, events, secret],
  );
}

/** A session that a shopper authorized, which the gateway has seen: it knows the token's session. */
async function aSession(reference: string = randomUUID()) {
  const authorized = await gateway.authorized(cartOf(10_000, { merchant_reference1: reference }));
  await gateway.get(`/payments/v1/sessions/${authorized.sessionId}`);
  return authorized;
}

/** An order that was placed through the gateway, with its session's address. */
async function anOrder(entry = 'push', template: string | null = null) {
  const { token, sessionId, cart } = await aSession();
  const hook = await aHook(gateway, { entry, template, dataSubject: await subjectOf(gateway, 'payment_sessions', sessionId) });
  const order = await gateway.post(`/payments/v1/authorizations/${token}/order`, cart);
  return { hook, sessionId, orderId: (order.json as { order_id: string }).order_id };
}

describe('push', () => {
  it('an order that we don’t know is adopted, told of once, and acknowledged at Klarna by an operation of the service', async () => {
    const orderId = await placedElsewhere(gateway);
    const hook = await aHook(gateway);
    expect(await push(hook, orderId)).toMatchObject({ status: 200, text: '' });
    await cameTo(gateway, hook, 'acknowledging');
    await until('Klarna knows', () => isAcknowledged(orderId));
    expect(await gateway.stored(orderId)).toMatchObject({ provider_order_id: orderId, status: 'AUTHORIZED' });
    await until('the timeline knows', async () => (await timeline(gateway, orderId)).some(({ type }) => type === 'order.acknowledged'));
    expect((await eventsOf(orderId)).filter((type) => type === 'order.created')).toHaveLength(1);
    // Repeats change nothing: the order is acknowledged.
    await pass(5 * 60, gateway);
    await push(hook, orderId);
    await until_(hook, 'acknowledged');
    const second = await aHook(gateway, { dataSubject: await subjectOf(gateway, 'orders', orderId) });
    await push(second, orderId);
    await cameTo(gateway, second, 'acknowledged');
    expect(await acknowledgements(orderId)).toBe(1);
    expect((await eventsOf(orderId)).filter((type) => type === 'order.created')).toHaveLength(1);
  });

  it('is passed on once however long Klarna repeats it: what says so is kept as long as the callback', async () => {
    const { hook, orderId } = await anOrder('push', `${shop.url}/once?order={order.id}`);
    await push(hook, orderId);
    await untilAcknowledged(hook, orderId);
    expect(shop.received).toHaveLength(1);
    await rowsOf(
      gateway.database,
      `UPDATE deliveries SET ended_at = '2020-01-01' WHERE callback_id IN (SELECT id FROM callbacks WHERE hook_id = $1)`,
      [hook.id],
    );
    const repository = gateway.app.get(EventRetentionRepository, { strict: false });
    await repository.eraseDeliveries(new Date('2021-01-01'), 100);
    await pass(5 * 60, gateway);
    await push(hook, orderId);
    await until('it was looked at again', async () => {
      await lookAgain(gateway, hook);
      const [row] = await rowsOfHook(gateway, hook);
      return row?.repeats === 1 && row.state === 'done';
    });
    await rowsOf(gateway.database, 'DELETE FROM callbacks WHERE hook_id = $1', [hook.id]);
    expect(shop.received).toHaveLength(1);
    expect(await repository.eraseDeliveries(new Date('2021-01-01'), 100)).toBe(1);
  });

  it('goes on to the shop’s own URL as Klarna would have called it, and is acknowledged when the shop has taken it', async () => {
    shop.status = 500;
    const { hook, orderId, sessionId } = await anOrder('push', `${shop.url}/push?order={order.id}&session={session.id}`);
    await callback(gateway, hook, `?order_id=${orderId}&session_id=${sessionId}`, { forged: 'body' });
    await cameTo(gateway, hook, 'waits-for-shop');
    await until('the shop was called', () => shop.received.length > 0);
    expect(shop.received[0]).toMatchObject({ method: 'POST', url: `/push?order=${orderId}&session=${sessionId}`, body: Buffer.alloc(0) });
    expect(await passedOn(gateway, hook)).toMatchObject([{ state: 'due', method: 'POST' }]);
    expect(await acknowledgements(orderId)).toBe(0);
    shop.status = 204;
    await until('the shop has taken it', async () => {
      await rowsOf(gateway.database, `UPDATE deliveries SET next_at = created_at WHERE state = 'due'`);
      await rowsOf(gateway.database, `UPDATE receivers SET rests_until = NULL`);
      return (await passedOn(gateway, hook))[0]?.state === 'delivered';
    });
    await untilAcknowledged(hook, orderId);
    expect(await isAcknowledged(orderId)).toBe(true);
    expect(await acknowledgements(orderId)).toBe(1);
    expect(await passedOn(gateway, hook)).toHaveLength(1);
  });

  it('is acknowledged when an endpoint has taken order.created, whoever else has not', async () => {
    await anEndpoint(['order.created']);
    const orderId = await placedElsewhere(gateway);
    const hook = await aHook(gateway, { template: 'http://127.0.0.1:1/nobody' });
    await push(hook, orderId);
    await until('the event was taken', async () => {
      const rows = await rowsOf<{ state: string }>(
        gateway.database,
        `SELECT d.state FROM deliveries d JOIN events e ON e.id = d.event_id WHERE e.provider_order_id = $1`,
        [orderId],
      );
      if (rows.some(({ state }) => state === 'due')) {
        await rowsOf(
          gateway.database,
          `UPDATE deliveries d SET state = 'delivered', next_at = NULL FROM events e WHERE e.id = d.event_id AND e.provider_order_id = $1`,
          [orderId],
        );
      }
      return rows.length > 0 && rows.every(({ state }) => state === 'delivered');
    });
    await untilAcknowledged(hook, orderId);
    expect(await acknowledgements(orderId)).toBe(1);
  });

  it('an endpoint that wants other events is nobody to wait for', async () => {
    await anEndpoint(['order.refunded']);
    const orderId = await placedElsewhere(gateway);
    const hook = await aHook(gateway);
    await push(hook, orderId);
    await cameTo(gateway, hook, 'acknowledging');
  });

  it.each(['dead', 'cancelled'])('what the shop did not take (%s) is not acknowledged, until it takes it by a replay', async (state) => {
    shop.status = 500;
    const { hook, orderId } = await anOrder('push', `${shop.url}/push`);
    await push(hook, orderId);
    await cameTo(gateway, hook, 'waits-for-shop');
    await until('it was tried', () => shop.received.length > 0);
    await stateOfDeliveries(hook, state, 'tried for long enough');
    await until_(hook, 'not-taken-by-shop');
    // It is looked at again by itself, and when Klarna repeats it.
    expect(await rowsOfHook(gateway, hook)).toMatchObject([{ state: 'received', next_at: expect.any(Date) }]);
    expect(await acknowledgements(orderId)).toBe(0);
    await stateOfDeliveries(hook, 'delivered');
    await untilAcknowledged(hook, orderId);
    expect(await isAcknowledged(orderId)).toBe(true);
  });

  it.each(['disabled_at', 'deleted_at'])('an endpoint that wants nothing any more (%s) keeps nobody from acknowledging', async (since) => {
    await anEndpoint(['order.created']);
    shop.status = 500;
    const { hook, orderId } = await anOrder();
    await push(hook, orderId);
    await cameTo(gateway, hook, 'waits-for-shop');
    await rowsOf(gateway.database, `UPDATE notification_endpoints SET ${since} = now(), updated_at = now()`);
    await untilAcknowledged(hook, orderId);
    await rowsOf(gateway.database, 'UPDATE notification_endpoints SET disabled_at = NULL');
  });

  it('an order that Klarna does not show yet is looked for again', async () => {
    const orderId = await placedElsewhere(gateway);
    const hidden = await lasting(
      gateway,
      'status',
      { method: 'GET', path: ordersPath(orderId) },
      { code: 404, error_code: 'NO_SUCH_ORDER' },
    );
    const hook = await aHook(gateway);
    await push(hook, orderId);
    await cameTo(gateway, hook, 'no-such-order');
    expect((await gateway.get(`/orders/${orderId}`)).status).toBe(404);
    await hidden.end();
    await untilAcknowledged(hook, orderId);
    expect(await gateway.stored(orderId)).toMatchObject({ status: 'AUTHORIZED' });
  });

  it('an order that nobody knows is given up two days after Klarna last named it, and taken up when it does again', async () => {
    const hook = await aHook(gateway);
    const orderId = randomUUID();
    await push(hook, orderId);
    await cameTo(gateway, hook, 'no-such-order');
    await pass(47 * HOUR, gateway);
    await until('it was looked at again', async () => ((await rowsOfHook(gateway, hook))[0]?.attempts ?? 0) > 1);
    expect(await rowsOfHook(gateway, hook)).toMatchObject([{ state: 'received' }]);
    await pass(2 * HOUR, gateway);
    await until('it is given up', async () => (await rowsOfHook(gateway, hook))[0]?.state === 'given-up');
    await pass(120, gateway);
    expect((await push(hook, orderId)).status).toBe(200);
    await until('it is looked at', async () => (await rowsOfHook(gateway, hook))[0]?.state === 'received');
  });

  it('an address of a checkout needs no id: it is the checkout’s', async () => {
    const cart = cartOf(10_000, {
      merchant_urls: {
        terms: 'https://s.example/t',
        checkout: 'https://s.example/c',
        confirmation: 'https://s.example/ok',
        push: 'https://s.example/p',
      },
    });
    const made = await gateway.post('/checkout/v3/orders', cart);
    const { order_id: orderId } = made.json as { order_id: string };
    const hook = await aHook(gateway, { dataSubject: await subjectOf(gateway, 'checkout_orders', orderId) });
    await callback(gateway, hook);
    const [row] = await until('it was looked at', async () => {
      const rows = await rowsOfHook(gateway, hook);
      return rows[0]?.result !== null && rows;
    });
    // The shopper has not paid: Order Management knows no order yet.
    expect(row).toMatchObject({ result: 'no-such-order' });
    const other = await placedElsewhere(gateway);
    await push(hook, other);
    await until('the other one was looked at', async () => (await rowsOfHook(gateway, hook)).some(({ result }) => result === 'foreign'));
    expect((await gateway.get(`/orders/${other}`)).status).toBe(404);
  });

  it('without an id it is about the order of its session', async () => {
    const { hook, orderId } = await anOrder();
    await callback(gateway, hook, '?order_id={order.id}');
    await untilAcknowledged(hook, orderId);
  });

  it('without an id, at the address of a token’s order, it is about that one and not about the order that the token came with', async () => {
    const first = await anOrder();
    const subject = await subjectOf(gateway, 'orders', first.orderId);
    const later = await placedElsewhere(gateway);
    const stored = await aHook(gateway);
    await push(stored, later);
    await untilAcknowledged(stored, later);
    const operationId = randomUUID();
    await rowsOf(gateway.database, 'UPDATE orders SET data_subject = $1 WHERE provider_order_id = $2', [subject, later]);
    // As if that one had been placed with a token that came with the first.
    const copied = (table: string, of: string, changes: object) =>
      rowsOf(gateway.database, `INSERT INTO ${table} SELECT (jsonb_populate_record(one, $1)).* FROM ${table} one WHERE ${of}`, [
        JSON.stringify(changes),
      ]);
    const made = `provider_id = '${first.orderId}'`;
    const kind = 'customer-token.create-order';
    await copied('operations', `id = (SELECT operation_id FROM attempts WHERE ${made})`, { id: operationId, kind, data_subject: subject });
    await copied('attempts', made, { id: randomUUID(), operation_id: operationId, provider_id: later });
    const ofToken = await aHook(gateway, { dataSubject: subject, operationId });
    await callback(gateway, ofToken, '?order_id={order.id}');
    await cameTo(gateway, ofToken, 'acknowledged');
    // The session's own is still about its own order.
    await callback(gateway, first.hook, '?order_id={order.id}');
    await untilAcknowledged(first.hook, first.orderId);
  });

  it('without an id it waits for the order that is being placed', async () => {
    const { token, sessionId, cart } = await aSession();
    const hook = await aHook(gateway, { dataSubject: await subjectOf(gateway, 'payment_sessions', sessionId) });
    const path = `/payments/v1/authorizations/${token}/order`;
    const gate = await gateAt(gateway, 'after', path);
    const placing = gateway.call('POST', path, { body: cart, headers: { Prefer: 'wait=20' } });
    await gate.waiting();
    await callback(gateway, hook, '?order_id={order.id}');
    await cameTo(gateway, hook, 'being-placed');
    await gate.open();
    const { order_id: orderId } = (await placing).json as { order_id: string };
    await untilAcknowledged(hook, orderId);
  });

  it('without any id it says nothing', async () => {
    const hook = await aHook(gateway);
    await callback(gateway, hook, '?order_id={order.id}');
    await cameTo(gateway, hook, 'no-order-id');
  });
});

describe('a push that comes before the answer to our own call', () => {
  it.each([
    ['of the address’ session', aSession],
    ['of a session that it does not know', () => gateway.authorized()],
  ])('waits for it: the order is the operation’s, not a found one, %s', async (_, begun) => {
    const { token, sessionId, cart } = await begun();
    const hook = await aHook(gateway, { dataSubject: await subjectOf(gateway, 'payment_sessions', sessionId) });
    const path = `/payments/v1/authorizations/${token}/order`;
    const gate = await gateAt(gateway, 'after', path);
    const placing = gateway.call('POST', path, { body: cart, headers: { Prefer: 'wait=20' } });
    await gate.waiting();
    const orderId = await orderOf(sessionId);
    await push(hook, orderId);
    await cameTo(gateway, hook, 'being-placed');
    expect((await gateway.get(`/orders/${orderId}`)).status).toBe(404);
    await gate.open();
    expect((await placing).json).toMatchObject({ order_id: orderId });
    await untilAcknowledged(hook, orderId);
    expect(await gateway.stored(orderId)).toMatchObject({ origin: 'created' });
    expect((await eventsOf(orderId)).filter((type) => type === 'order.created')).toHaveLength(1);
  });

  it('waits for Klarna’s answer also where no caller does: it says more than the push', async () => {
    const { token, sessionId, cart } = await aSession();
    const hook = await aHook(gateway, { dataSubject: await subjectOf(gateway, 'payment_sessions', sessionId) });
    const path = `/payments/v1/authorizations/${token}/order`;
    const gate = await gateAt(gateway, 'after', path);
    const asked = await gateway.call('POST', path, { body: cart, headers: { Prefer: 'respond-async, wait=0' } });
    expect(asked.status).toBe(202);
    await gate.waiting();
    const orderId = await orderOf(sessionId);
    await push(hook, orderId);
    await cameTo(gateway, hook, 'being-placed');
    await gate.open();
    const { answer } = await settled(gateway, operationIn(asked), ['succeeded']);
    expect(answer?.body).toMatchObject({ order_id: orderId, fraud_status: 'ACCEPTED' });
    await untilAcknowledged(hook, orderId);
  });

  it('wakes an operation that waits to find out, which then settles itself by what it reads', async () => {
    const { token, sessionId, cart } = await aSession();
    const hook = await aHook(gateway, { dataSubject: await subjectOf(gateway, 'payment_sessions', sessionId) });
    const path = `/payments/v1/authorizations/${token}/order`;
    const silent = await lasting(gateway, 'reset_after', { method: 'POST', path });
    const unread = await lasting(gateway, 'status', { method: 'GET', path: `/payments/v1/sessions/${sessionId}` }, { code: 503 });
    const answer = await gateway.call('POST', path, { body: cart, headers: { Prefer: 'wait=1' } });
    expect(answer.status).toBe(503);
    const orderId = await orderOf(sessionId);
    await silent.end();
    await unread.end();
    // So far away that nothing but the push can bring it back.
    const [operation] = await until('it waits', () =>
      rowsOf<{ id: string }>(
        gateway.database,
        `UPDATE operations SET next_at = next_at + interval '20 hours' WHERE kind = 'payments.create-order' AND finished_at IS NULL
         AND next_at IS NOT NULL AND lease_until IS NULL RETURNING id`,
      ).then((rows) => rows.length > 0 && rows),
    );
    await push(hook, orderId);
    expect(await settled(gateway, operation?.id ?? '', ['succeeded'])).toMatchObject({ state: 'succeeded' });
    await untilAcknowledged(hook, orderId);
  });

  describe('settles an operation that has left its caller without an answer, by the order that Klarna shows', () => {
    const told = (orderId: string) => heard(gateway, 'order.created', 'order', orderId);
    /** Late, once, with its operation, which has the id from there. */
    async function isFound(hook: AHook, operation: string, orderId: string): Promise<void> {
      const done = await settled(gateway, operation, ['succeeded']);
      expect(done.answer).toMatchObject({ status: 200, body: { order_id: orderId } });
      expect(done.history.at(-1)).toMatchObject({ type: 'reading', outcome: 'present' });
      await untilAcknowledged(hook, orderId);
      expect(await told(orderId)).toMatchObject([{ data: { late: true, operation_id: operation } }]);
      expect(await gateway.stored(orderId)).toMatchObject({ origin: 'late', order_amount: 10_000, status: 'AUTHORIZED' });
      expect((await timeline(gateway, orderId)).filter(({ type }) => type === 'order.created')).toHaveLength(1);
    }
    const place = (token: string, cart: object) =>
      gateway.call('POST', `/payments/v1/authorizations/${token}/order`, { body: cart, headers: { Prefer: 'wait=1' } });

    it('when neither its session nor the repeat tells anything', async () => {
      const { token, sessionId, cart } = await aSession();
      const hook = await aHook(gateway, { dataSubject: await subjectOf(gateway, 'payment_sessions', sessionId) });
      const silent = await lasting(gateway, 'reset_after', { method: 'POST', path: `/payments/v1/authorizations/${token}/order` });
      const unread = await lasting(gateway, 'status', { method: 'GET', path: `/payments/v1/sessions/${sessionId}` }, { code: 503 });
      const answer = await place(token, cart);
      expect(answer.status).toBe(503);
      const orderId = await orderOf(sessionId);
      await push(hook, orderId);
      await isFound(hook, operationIn(answer), orderId);
      await unread.end();
      await silent.end();
    });

    it('when it is a person’s, because Klarna refuses to repeat the id', async () => {
      const { token, sessionId, cart } = await aSession();
      const hook = await aHook(gateway, { dataSubject: await subjectOf(gateway, 'payment_sessions', sessionId) });
      const match = { method: 'POST', path: `/payments/v1/authorizations/${token}/order` };
      await gateway.fault('reset_after', match);
      const refused = await lasting(gateway, 'status', match, { code: 403, error_code: 'NOT_ALLOWED' });
      const operation = operationIn(await place(token, cart));
      const orderId = await orderOf(sessionId);
      expect(await settled(gateway, operation, ['manual'])).toMatchObject({ reason: 'placed-without-id' });
      await push(hook, orderId);
      await isFound(hook, operation, orderId);
      await refused.end();
    });

    it('when nobody knew its session at first', async () => {
      const { token, sessionId, cart } = await gateway.authorized(cartOf(10_000));
      const match = { method: 'POST', path: `/payments/v1/authorizations/${token}/order` };
      await gateway.fault('reset_after', match);
      const refused = await lasting(gateway, 'status', match, { code: 403, error_code: 'NOT_ALLOWED' });
      const operation = operationIn(await place(token, cart));
      const orderId = await orderOf(sessionId);
      await settled(gateway, operation, ['manual']);
      const dataSubject = await subjectOf(gateway, 'payment_sessions', sessionId);
      const [own] = await rowsOf<{ dataSubject: string }>(
        gateway.database,
        'SELECT data_subject AS "dataSubject" FROM operations WHERE id = $1',
        [operation],
      );
      expect(own?.dataSubject).not.toBe(dataSubject);
      const hook = await aHook(gateway, { dataSubject });
      await push(hook, orderId);
      await isFound(hook, operation, orderId);
      await refused.end();
    });

    it('but not by an order of another amount', async () => {
      const { token, sessionId, cart } = await aSession();
      const hook = await aHook(gateway, { dataSubject: await subjectOf(gateway, 'payment_sessions', sessionId) });
      const match = { method: 'POST', path: `/payments/v1/authorizations/${token}/order` };
      await gateway.fault('reset_after', match);
      const refused = await lasting(gateway, 'status', match, { code: 403, error_code: 'NOT_ALLOWED' });
      const operation = operationIn(await place(token, cart));
      await settled(gateway, operation, ['manual']);
      const orderId = await orderOf(sessionId);
      await rowsOf(gateway.database, 'UPDATE operations SET amount = 9999 WHERE id = $1', [operation]);
      await push(hook, orderId);
      await untilAcknowledged(hook, orderId);
      expect(await told(orderId)).toMatchObject([{ data: { adopted: true } }]);
      expect((await operationView(gateway, operation)).state).toBe('manual');
      await refused.end();
    });
  });

  it('finds the order of a charge to a customer token that Klarna refuses to repeat', async () => {
    const token = await customerToken(gateway);
    const match = { method: 'POST', path: tokenPath(token, '/order') };
    await gateway.fault('reset_after', match);
    const refused = await lasting(gateway, 'status', match, { code: 403, error_code: 'TOKEN_CANCELED' });
    const answer = await gateway.call('POST', match.path, { body: chargeOf(10_000), key: randomUUID(), headers: { Prefer: 'wait=0' } });
    expect(answer.status).toBe(202);
    const operation = operationIn(answer);
    const orderId = await until('Klarna has charged', async () => (await tokensMade(gateway, token))?.order_ids[0]);
    const [{ data_subject: dataSubject } = { data_subject: '' }] = await rowsOf<{ data_subject: string }>(
      gateway.database,
      'SELECT data_subject FROM operations WHERE id = $1',
      [operation],
    );
    const hook = await aHook(gateway, { dataSubject, operationId: operation });
    await push(hook, orderId);
    const done = await settled(gateway, operation, ['succeeded']);
    expect(done.answer).toMatchObject({ status: 200, body: { order_id: orderId } });
    await untilAcknowledged(hook, orderId);
    expect(await heard(gateway, 'order.created', 'order', orderId)).toMatchObject([{ data: { late: true, operation_id: operation } }]);
    expect((await tokensMade(gateway, token))?.order_ids).toEqual([orderId]);
    await refused.end();
  });

  it('never settles it with another purchase’s order', async () => {
    const { token, sessionId, cart } = await aSession('mine');
    const hook = await aHook(gateway, { dataSubject: await subjectOf(gateway, 'payment_sessions', sessionId) });
    const other = await anOrder();
    const path = `/payments/v1/authorizations/${token}/order`;
    const silent = await lasting(gateway, 'reset_before', { method: 'POST', path });
    const answer = await gateway.call('POST', path, { body: cart, headers: { Prefer: 'wait=1' } });
    expect(answer.status).toBe(503);
    const id = answer.headers['location']?.split('/').pop() ?? '';
    await push(hook, other.orderId);
    const stranger = await placedElsewhere(gateway);
    await push(hook, stranger);
    await until('both were looked at', async () => (await rowsOfHook(gateway, hook)).every(({ result }) => result !== null));
    const [row] = await rowsOf<{ state: string; answer_body: Buffer | null }>(
      gateway.database,
      'SELECT state, answer_body FROM operations WHERE id = $1',
      [id],
    );
    expect(row?.state).not.toBe('succeeded');
    await silent.end();
  });

  async function orderOf(sessionId: string): Promise<string> {
    const { orders } = (await gateway.simulate('GET', '/simulator/ledger/orders')) as { orders: { order_id: string }[] };
    for (const { order_id: orderId } of orders) {
      if ((await gateway.ledger(orderId)).session_id === sessionId) return orderId;
    }
    throw new Error('Klarna has placed nothing');
  }
});

describe('a push for another order than its address was made for', () => {
  it('is refused: of the same merchant, of another session, of nobody', async () => {
    const mine = await anOrder();
    const other = await anOrder();
    await push(mine.hook, other.orderId);
    await cameTo(gateway, mine.hook, 'foreign');
    const stranger = await placedElsewhere(gateway);
    const again = await anOrder();
    await push(again.hook, stranger);
    await cameTo(gateway, again.hook, 'foreign');
    expect((await gateway.get(`/orders/${stranger}`)).status).toBe(404);
    expect(await acknowledgements(other.orderId)).toBe(0);
    expect(await acknowledgements(stranger)).toBe(0);
    // The two together: one is refused, the other is not held up by it.
    await push(again.hook, again.orderId);
    await until('its own is acknowledged', () => isAcknowledged(again.orderId));
  });

  it('does not fit when it names another session, or references or a currency that are not its session’s', async () => {
    const { sessionId } = await gateway.authorized(cartOf(10_000, { merchant_reference1: 'R-1' }));
    const dataSubject = await subjectOf(gateway, 'payment_sessions', sessionId);
    const orderId = await placedElsewhere(gateway);
    const session = await aHook(gateway, { dataSubject });
    await callback(gateway, session, `?order_id=${orderId}&session_id=${randomUUID()}`);
    await cameTo(gateway, session, 'foreign');
    const currency = await aHook(gateway, { dataSubject });
    await rowsOf(gateway.database, `UPDATE payment_sessions SET purchase_currency = 'NOK' WHERE provider_session_id = $1`, [sessionId]);
    await push(currency, orderId);
    await cameTo(gateway, currency, 'foreign');
  });

  it('never takes another merchant’s order, and no unknown one of an account that several share', async () => {
    const rival = await addMerchant(gateway, 'rival');
    const cart = cartOf(10_000);
    const session = await gateway.call('POST', '/payments/v1/sessions', { body: cart, as: rival });
    const { session_id: sessionId } = session.json as { session_id: string };
    const { authorization_token: token } = (await gateway.simulate('POST', `/simulator/sessions/${sessionId}/authorize`, {})) as {
      authorization_token: string;
    };
    const placed = await gateway.call('POST', `/payments/v1/authorizations/${token}/order`, { body: cart, as: rival });
    const { order_id: theirs } = placed.json as { order_id: string };
    const [me] = await rowsOf<{ id: string }>(gateway.database, `SELECT id FROM merchants WHERE name <> 'rival' LIMIT 1`);
    const hook = await aHook(gateway, { merchantId: me!.id });
    await push(hook, theirs);
    await cameTo(gateway, hook, 'foreign');
    const nobodys = await aHook(gateway, { merchantId: me!.id });
    const unknown = await placedElsewhere(gateway);
    await push(nobodys, unknown);
    await cameTo(gateway, nobodys, 'foreign');
    expect((await gateway.get(`/orders/${unknown}`)).status).toBe(404);
    expect(await acknowledgements(theirs)).toBe(0);
    // What is stored shows whose this one is.
    const mine = await anOrder();
    await push(mine.hook, mine.orderId);
    await cameTo(gateway, mine.hook, 'acknowledging');
    await rowsOf(
      gateway.database,
      `DELETE FROM merchant_provider_accounts WHERE merchant_id IN (SELECT id FROM merchants WHERE name = 'rival')`,
    );
  });
});

describe('an acknowledgement', () => {
  it('is nothing for orders that are captured or cancelled', async () => {
    const captured = await anOrder();
    await gateway.post(ordersPath(captured.orderId, '/captures'), { captured_amount: 100 });
    await push(captured.hook, captured.orderId);
    await cameTo(gateway, captured.hook, 'acknowledged');
    const cancelled = await anOrder();
    await gateway.post(ordersPath(cancelled.orderId, '/cancel'));
    await push(cancelled.hook, cancelled.orderId);
    await cameTo(gateway, cancelled.hook, 'cancelled');
    expect([await acknowledgements(captured.orderId), await acknowledgements(cancelled.orderId)]).toEqual([0, 0]);
  });

  it('is nothing where the shop has made its own; one that a person has to settle is not waited for', async () => {
    const own = await anOrder();
    expect((await gateway.post(ordersPath(own.orderId, '/acknowledge'))).status).toBe(204);
    await push(own.hook, own.orderId);
    await cameTo(gateway, own.hook, 'acknowledged');
    expect(await acknowledgements(own.orderId)).toBe(1);

    const doubtful = await anOrder();
    const path = ordersPath(doubtful.orderId, '/acknowledge');
    const silent = await lasting(gateway, 'reset_before', { method: 'POST', path });
    const pending = await gateway.call('POST', path, { headers: { Prefer: 'respond-async' } });
    expect(pending.status).toBe(202);
    await push(doubtful.hook, doubtful.orderId);
    await cameTo(gateway, doubtful.hook, 'acknowledging');
    const id = pending.headers['location']?.split('/').pop() ?? '';
    expect(await rowsOfHook(gateway, doubtful.hook)).toMatchObject([{ state: 'received' }]);
    await until('it waits', async () => {
      const rows = await rowsOf(
        gateway.database,
        `UPDATE operations SET state = 'manual', next_at = NULL WHERE id = $1 AND lease_until IS NULL RETURNING id`,
        [id],
      );
      return rows.length > 0;
    });
    await silent.end();
    await lookAgain(gateway, doubtful.hook);
    await until('Klarna knows', () => isAcknowledged(doubtful.orderId));
    await untilAcknowledged(doubtful.hook, doubtful.orderId);
  });

  it.each([
    ['at-once', 'acknowledging', true],
    ['never', 'never-acknowledged', false],
  ] as const)('is a policy: %s', async (policy, result, acknowledged) => {
    const other = await testGateway({ env: { CLOCK: 'simulator', ACKNOWLEDGE_PUSHES: policy } });
    try {
      const orderId = await placedElsewhere(other);
      const hook = await aHook(other, { template: 'http://127.0.0.1:1/nobody' });
      await callback(other, hook, `?order_id=${orderId}`);
      await cameTo(other, hook, result);
      if (acknowledged) await until('Klarna knows', async () => (await other.ledger(orderId)).acknowledged);
      else expect((await other.ledger(orderId)).acknowledged).toBe(false);
      // The shop is told in either case.
      expect(await passedOn(other, hook)).toHaveLength(1);
    } finally {
      await other.close();
    }
  });
});

describe('looking at callbacks', () => {
  it('what nobody understands stays', async () => {
    const hook = await aHook(gateway, { entry: 'made-up' });
    await callback(gateway, hook);
    await cameTo(gateway, hook, 'no-handler');
    await pass(72 * HOUR, gateway);
    await lookAgain(gateway, hook);
    await until('it was looked at', async () => ((await rowsOfHook(gateway, hook))[0]?.next_at?.getTime() ?? 0) > 0);
    expect(await rowsOfHook(gateway, hook)).toMatchObject([{ state: 'received', attempts: 0 }]);
  });

  it('one that fails is looked at again, and holds up no other', async () => {
    const hook = await aHook(gateway);
    await rowsOf(gateway.database, `UPDATE hooks SET template = 'not sealed' WHERE id = $1`, [hook.id]);
    const orderId = await placedElsewhere(gateway);
    await push(hook, orderId);
    await cameTo(gateway, hook, 'failed');
    const other = await aHook(gateway);
    await push(other, orderId);
    await cameTo(gateway, other, 'acknowledging');
    await rowsOf(gateway.database, 'UPDATE hooks SET template = NULL WHERE id = $1', [hook.id]);
    await untilAcknowledged(hook, orderId);
  });

  it('an account whose reads fail is asked again', async () => {
    const orderId = await placedElsewhere(gateway);
    const sick = await lasting(gateway, 'status', { method: 'GET', path: ordersPath(orderId) }, { code: 503 });
    const hook = await aHook(gateway);
    await push(hook, orderId);
    await cameTo(gateway, hook, 'unreadable');
    await sick.end();
    await untilAcknowledged(hook, orderId);
  });
});

it('elsewhere acknowledged orders are acknowledged once more, which changes nothing', async () => {
  const orderId = await placedElsewhere(gateway);
  await elsewhere(gateway, ordersPath(orderId, '/acknowledge'));
  const hook = await aHook(gateway);
  await push(hook, orderId);
  await untilAcknowledged(hook, orderId);
});
