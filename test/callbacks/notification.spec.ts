import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { Alerts } from '../../src/telemetry/alerts.js';
import { cartOf } from '../support/client.js';
import { testGateway, type TestGateway } from '../support/gateway.js';
import { lasting, ordersPath, rowsOf } from '../support/scene.js';
import { HOUR, pass } from '../support/time.js';
import { until } from '../support/until.js';
import { aHook, type AHook, callback, cameTo, lookAgain, passedOn, rowsOfHook, subjectOf } from './callbacks.js';
import { type Receiver, startReceiver } from './receiver.js';

type Word = 'FRAUD_RISK_ACCEPTED' | 'FRAUD_RISK_REJECTED' | 'FRAUD_RISK_STOPPED';

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
beforeEach(() => void (shop.received.length = 0));

/** An order that Klarna will decide in four hours, with the address of its session. */
async function aPendingOrder(marker: 'pend-accept' | 'pend-reject'): Promise<{ orderId: string; hook: AHook; dataSubject: string }> {
  const address = { email: `jane+${marker}@example.com` };
  const { token, sessionId, cart } = await gateway.authorized(cartOf(10_000, { billing_address: address }));
  await gateway.get(`/payments/v1/sessions/${sessionId}`);
  const placed = await gateway.post(`/payments/v1/authorizations/${token}/order`, cart);
  const { order_id: orderId, fraud_status: status } = placed.json as { order_id: string; fraud_status: string };
  expect(status).toBe('PENDING');
  const dataSubject = await subjectOf(gateway, 'payment_sessions', sessionId);
  return {
    orderId,
    dataSubject,
    hook: await aHook(gateway, { entry: 'notification', dataSubject, template: `${shop.url}/fraud?id={order.id}` }),
  };
}

const says = (hook: AHook, orderId: string, word: string, more: object = {}) =>
  callback(gateway, hook, `?order_id=${orderId}`, { order_id: orderId, event_type: word, ...more });

const eventsOf = async (orderId: string) =>
  (
    await rowsOf<{ type: string; data: Record<string, unknown> }>(
      gateway.database,
      `SELECT type, data FROM events WHERE provider_order_id = $1 AND type LIKE 'order.fraud.%' ORDER BY sequence`,
      [orderId],
    )
  ).map(({ type, data }) => [type, data['confirmed']]);

/** Looks until the callback is over. */
const ended = (hook: AHook) =>
  until('it has ended', async () => {
    await lookAgain(gateway, hook);
    const rows = await rowsOfHook(gateway, hook);
    return rows.every(({ state }) => state === 'done') && rows;
  });

describe('notification', () => {
  it.each([
    ['FRAUD_RISK_ACCEPTED', 'pend-accept', 'ACCEPTED', 'order.fraud.accepted'],
    ['FRAUD_RISK_REJECTED', 'pend-reject', 'REJECTED', 'order.fraud.rejected'],
  ] as const)(
    '%s: the order is read, the shop is told of what it shows, and gets Klarna’s own words',
    async (word, marker, status, event) => {
      const { orderId, hook } = await aPendingOrder(marker);
      await pass(4 * HOUR + 1, gateway);
      // Exactly 200, or Klarna goes on.
      expect(await says(hook, orderId, word, { decided_at: 'today' })).toMatchObject({ status: 200, text: '' });
      await cameTo(gateway, hook, 'confirmed');
      await until('the shop has them', () => shop.received.length > 0);
      expect(shop.received[0]).toMatchObject({ method: 'POST', url: `/fraud?id=${orderId}` });
      expect(shop.received[0]?.body.toString()).toBe(JSON.stringify({ order_id: orderId, event_type: word, decided_at: 'today' }));
      expect(await gateway.stored(orderId)).toMatchObject({ fraud_status: status });
      expect(await eventsOf(orderId)).toEqual([[event, undefined]]);
      // Repeats, also with other bytes, change nothing; each different one goes on once.
      await pass(10 * 60, gateway);
      await says(hook, orderId, word, { decided_at: 'today' });
      await ended(hook);
      expect(await passedOn(gateway, hook)).toHaveLength(1);
      expect(await eventsOf(orderId)).toHaveLength(1);
    },
  );

  it('a forged decision is neither told nor passed on', async () => {
    const { orderId, hook } = await aPendingOrder('pend-reject');
    await says(hook, orderId, 'FRAUD_RISK_ACCEPTED');
    await cameTo(gateway, hook, 'not-confirmed-yet');
    expect(await ended(hook)).toMatchObject([{ result: 'not-confirmed', attempts: 6 }]);
    expect([await passedOn(gateway, hook), await eventsOf(orderId)]).toEqual([[], []]);
    expect(await gateway.stored(orderId)).toMatchObject({ fraud_status: 'PENDING' });
  });

  it('a decision that a read does not show yet is waited for', async () => {
    const { orderId, hook } = await aPendingOrder('pend-accept');
    await says(hook, orderId, 'FRAUD_RISK_ACCEPTED');
    await cameTo(gateway, hook, 'not-confirmed-yet');
    await pass(4 * HOUR + 1, gateway);
    await lookAgain(gateway, hook);
    await cameTo(gateway, hook, 'confirmed');
    expect(await eventsOf(orderId)).toEqual([['order.fraud.accepted', undefined]]);
  });

  it('a decision is not given up because nothing could be read', async () => {
    const { orderId, hook } = await aPendingOrder('pend-accept');
    const away = await lasting(gateway, 'status', { method: 'GET', path: ordersPath(orderId) }, { code: 503 });
    await says(hook, orderId, 'FRAUD_RISK_ACCEPTED');
    await until('it was looked at often', async () => {
      await lookAgain(gateway, hook);
      return (await rowsOfHook(gateway, hook)).every(({ attempts, result }) => attempts >= 6 && result === 'unreadable');
    });
    await away.end();
    // The first read lags behind.
    await lookAgain(gateway, hook);
    await cameTo(gateway, hook, 'not-confirmed-yet');
    await pass(4 * HOUR + 1, gateway);
    await lookAgain(gateway, hook);
    await cameTo(gateway, hook, 'confirmed');
  });

  it('a stop is told while its order can’t be read, if the order is the purchase’s of the address', async () => {
    const mine = await aPendingOrder('pend-reject');
    const other = await aPendingOrder('pend-reject');
    // Placed when nobody knew its session yet: nothing says whose it is but the address.
    const apart = await aPendingOrder('pend-reject');
    await rowsOf(gateway.database, 'UPDATE orders SET data_subject = gen_random_uuid() WHERE provider_order_id = $1', [apart.orderId]);
    const away = await lasting(gateway, 'status', { method: 'GET', path: '/ordermanagement/*' }, { code: 503 });
    const alerts = gateway.app.get(Alerts);
    const before = alerts.count('fraud.stopped');
    for (const { orderId } of [mine, other]) await says(mine.hook, orderId, 'FRAUD_RISK_STOPPED');
    await says(apart.hook, apart.orderId, 'FRAUD_RISK_STOPPED');
    await cameTo(gateway, apart.hook, 'unreadable');
    await until('it is told', async () => (await eventsOf(apart.orderId)).length > 0);
    await cameTo(gateway, mine.hook, 'unreadable');
    await lookAgain(gateway, mine.hook);
    await until('they were looked at again', async () => (await rowsOfHook(gateway, mine.hook)).every(({ attempts }) => attempts > 1));
    expect([await eventsOf(mine.orderId), await eventsOf(other.orderId)]).toEqual([[['order.fraud.stopped', false]], []]);
    expect(alerts.count('fraud.stopped')).toBe(before + 2);
    await away.end();
    await pass(4 * HOUR + 1, gateway);
    await lookAgain(gateway, mine.hook);
    await until('it is confirmed', async () => (await rowsOfHook(gateway, mine.hook)).some(({ result }) => result === 'confirmed'));
    expect((await eventsOf(mine.orderId)).filter(([type]) => type === 'order.fraud.stopped')).toHaveLength(1);
  });

  it('words that come in the wrong order are held against the order, one by one', async () => {
    const { orderId, hook } = await aPendingOrder('pend-accept');
    await pass(4 * HOUR + 1, gateway);
    await says(hook, orderId, 'FRAUD_RISK_ACCEPTED');
    await says(hook, orderId, 'FRAUD_RISK_REJECTED');
    const rows = await ended(hook);
    expect(rows.map(({ event_type, result }) => [event_type, result]).sort()).toEqual([
      ['FRAUD_RISK_ACCEPTED', 'confirmed'],
      ['FRAUD_RISK_REJECTED', 'not-confirmed'],
    ]);
    expect(await passedOn(gateway, hook)).toHaveLength(1);
    expect(await gateway.stored(orderId)).toMatchObject({ fraud_status: 'ACCEPTED' });
  });

  it('a second thought of Klarna’s is told to endpoints as it is to the shop', async () => {
    const { orderId, hook } = await aPendingOrder('pend-accept');
    await pass(4 * HOUR + 1, gateway);
    await says(hook, orderId, 'FRAUD_RISK_ACCEPTED');
    await cameTo(gateway, hook, 'confirmed');
    // An accepted order that is stopped shows REJECTED. The simulator tells nobody: the words are this test's.
    await gateway.simulate('POST', `/simulator/orders/${orderId}/fraud?callbacks=lost`, { decision: 'STOPPED' });
    await says(hook, orderId, 'FRAUD_RISK_REJECTED');
    const rows = await ended(hook);
    expect(rows.map(({ event_type, result }) => [event_type, result]).sort()).toEqual([
      ['FRAUD_RISK_ACCEPTED', 'confirmed'],
      ['FRAUD_RISK_REJECTED', 'confirmed'],
    ]);
    expect(await passedOn(gateway, hook)).toHaveLength(2);
    expect(await gateway.stored(orderId)).toMatchObject({ fraud_status: 'REJECTED' });
    expect((await eventsOf(orderId)).map(([type]) => type)).toEqual(['order.fraud.accepted', 'order.fraud.rejected']);
  });

  it('a stop is told as what it is, confirmed or not, once, and a person is called', async () => {
    const { orderId, hook, dataSubject } = await aPendingOrder('pend-reject');
    const alerts = gateway.app.get(Alerts);
    const before = alerts.count('fraud.stopped');
    await says(hook, orderId, 'FRAUD_RISK_STOPPED');
    await cameTo(gateway, hook, 'not-confirmed-yet');
    expect([await eventsOf(orderId), await passedOn(gateway, hook)]).toEqual([[['order.fraud.stopped', false]], []]);
    expect(alerts.count('fraud.stopped')).toBe(before + 1);
    // A look that happens twice tells it once.
    await rowsOf(gateway.database, `UPDATE callbacks SET state = 'received', next_at = received_at, result = NULL WHERE hook_id = $1`, [
      hook.id,
    ]);
    await cameTo(gateway, hook, 'not-confirmed-yet');
    expect(await eventsOf(orderId)).toHaveLength(1);
    await pass(4 * HOUR + 1, gateway);
    // A read may lag behind: it is passed on as soon as the order shows it, and told no second time.
    await cameTo(gateway, hook, 'confirmed');
    expect(await passedOn(gateway, hook)).toHaveLength(1);
    const again = await aHook(gateway, { entry: 'notification', dataSubject, template: `${shop.url}/fraud` });
    await says(again, orderId, 'FRAUD_RISK_STOPPED');
    await cameTo(gateway, again, 'confirmed');
    expect((await eventsOf(orderId)).sort()).toEqual([
      ['order.fraud.rejected', undefined],
      ['order.fraud.stopped', false],
      ['order.fraud.stopped', true],
    ]);
    expect(await passedOn(gateway, again)).toHaveLength(1);
  });

  it('what names two orders, or says nothing that is known, only makes its order be read', async () => {
    const { orderId, hook } = await aPendingOrder('pend-accept');
    await pass(4 * HOUR + 1, gateway);
    const other = randomUUID();
    await callback(gateway, hook, `?order_id=${orderId}`, { order_id: other, event_type: 'FRAUD_RISK_ACCEPTED' });
    await cameTo(gateway, hook, 'contradictory');
    expect(await gateway.stored(orderId)).toMatchObject({ fraud_status: 'ACCEPTED' });
    await callback(gateway, hook, `?order_id=${orderId}`, { event_type: 'FRAUD_RISK_MAYBE' });
    await callback(gateway, hook, `?order_id=${orderId}`, 'no JSON');
    await callback(gateway, hook, `?order_id=${orderId}`, `{"event_type":"FRAUD_RISK_ACCEPTED","event_type":"FRAUD_RISK_REJECTED"}`);
    const rows = await ended(hook);
    expect(rows.map(({ result }) => result)).toEqual(['contradictory', 'unknown-event', 'unknown-event', 'unknown-event']);
    expect(await passedOn(gateway, hook)).toEqual([]);
  });

  it('of an order that we don’t know: it is adopted, and told as it is', async () => {
    const { orderId, hook } = await aPendingOrder('pend-reject');
    // As if the order had been placed elsewhere: nothing here knows it.
    await rowsOf(
      gateway.database,
      `UPDATE orders SET provider_order_id = $2, data_subject = gen_random_uuid() WHERE provider_order_id = $1`,
      [orderId, randomUUID()],
    );
    await pass(4 * HOUR + 1, gateway);
    const hidden = await lasting(
      gateway,
      'status',
      { method: 'GET', path: ordersPath(orderId) },
      { code: 404, error_code: 'NO_SUCH_ORDER' },
    );
    await says(hook, orderId, 'FRAUD_RISK_REJECTED');
    await cameTo(gateway, hook, 'no-such-order');
    await hidden.end();
    await lookAgain(gateway, hook);
    await cameTo(gateway, hook, 'confirmed');
    expect(await gateway.stored(orderId)).toMatchObject({ fraud_status: 'REJECTED' });
    expect(await passedOn(gateway, hook)).toHaveLength(1);
  });

  it('of an order that belongs to something else is refused', async () => {
    const mine = await aPendingOrder('pend-accept');
    const other = await aPendingOrder('pend-reject');
    await pass(4 * HOUR + 1, gateway);
    for (const word of ['FRAUD_RISK_REJECTED', 'FRAUD_RISK_STOPPED'] satisfies Word[]) await says(mine.hook, other.orderId, word);
    await cameTo(gateway, mine.hook, 'foreign');
    expect(await passedOn(gateway, mine.hook)).toEqual([]);
    expect((await eventsOf(other.orderId)).filter(([type]) => type === 'order.fraud.stopped')).toEqual([]);
  });
});
