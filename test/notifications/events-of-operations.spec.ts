import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { checkoutOf, CHECKOUTS, completed, opened } from '../support/checkouts.js';
import { cartOf, Client } from '../support/client.js';
import { testGateway, type TestGateway } from '../support/gateway.js';
import { addMerchant } from '../support/merchants.js';
import { gateAt, lasting, manualCapture, operationIn, ordersPath, settled, timeline } from '../support/scene.js';
import { customerToken, REQUEST, tokenPath } from '../support/tokens.js';
import { until } from '../support/until.js';
import { eventsIn } from './told-events.js';

const AT_ONCE = { Prefer: 'wait=0' };

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await testGateway();
});
afterAll(() => gateway.close());

const ofOperation = (id: string) => eventsIn(gateway.database, 'operation_id = $1', [id]);
const ofOrder = (id: string) => eventsIn(gateway.database, 'provider_order_id = $1', [id]);
const typesOf = async (id: string) => (await ofOrder(id)).map(({ type }) => type);
const write = (id: string, part: string, body: unknown, headers: Record<string, string> = {}, method = 'POST') =>
  gateway.call(method, ordersPath(id, part), { body, key: randomUUID(), headers });
const REFERENCES = { merchant_reference1: 'A-1' };
const references = (id: string) => write(id, '/merchant-references', REFERENCES, AT_ONCE, 'PATCH');

describe('an operation that is answered while its caller waits', () => {
  it('is told by what it did alone; a refusal is told to its caller', async () => {
    const id = await gateway.order();
    await write(id, '/captures', { captured_amount: 2_500 });
    await write(id, '/merchant-references', REFERENCES, {}, 'PATCH');
    expect((await write(id, '/captures', { captured_amount: 90_000 })).status).toBe(403);
    expect(await typesOf(id)).toEqual(['order.created', 'order.captured']);
  });

  it('is told of once, though asked for twice with one key', async () => {
    const id = await gateway.order();
    const key = randomUUID();
    const capture = () => gateway.post(ordersPath(id, '/captures'), { captured_amount: 100 }, key);
    await Promise.all([capture(), capture()]);
    expect(await typesOf(id)).toEqual(['order.created', 'order.captured']);
  });
});

describe('an operation whose caller got a pending answer', () => {
  it('is told as waiting once it is left to the schedule, once, and by its own event when it ends well', async () => {
    const id = await gateway.order();
    const broken = await lasting(gateway, 'reset_before', { method: 'POST', path: ordersPath(id, '/captures') });
    const pending = operationIn(await write(id, '/captures', { captured_amount: 2_500 }, AT_ONCE));
    await until('it was tried three times', async () => {
      const { json } = await gateway.get(`/operations/${pending}`);
      return (json as { attempts: number }).attempts >= 3;
    });
    expect(await ofOperation(pending)).toMatchObject([
      {
        ...{ type: 'operation.waiting', provider_order_id: id, sequence: 2 },
        data: { operation_id: pending, kind: 'order-management.capture', state: 'unknown', code: 'ECONNRESET' },
      },
    ]);
    await broken.end();
    await settled(gateway, pending);
    expect((await ofOperation(pending)).map(({ type }) => type)).toEqual(['operation.waiting', 'order.captured']);
    expect(await typesOf(id)).toEqual(['order.created', 'operation.waiting', 'order.captured']);
  });

  it('is told as waiting when its caller leaves it, though the schedule has it already and does nothing for long', async () => {
    const slow = await testGateway({ env: { RETRY_DELAYS_MS: '600000' } });
    try {
      const id = await slow.order();
      await lasting(slow, 'reset_before', { method: 'POST', path: ordersPath(id, '/captures') });
      const capture = () =>
        slow.call('POST', ordersPath(id, '/captures'), { body: { captured_amount: 100 }, key: 'k', headers: { Prefer: 'wait=2' } });
      const call = capture();
      await until('the schedule has it', async () => (await timeline(slow, id)).some(({ type }) => type === 'operation.waiting'));
      const told = () => eventsIn(slow.database, `type = 'operation.waiting'`);
      // Its caller may still get the answer.
      expect(await told()).toEqual([]);
      const pending = await call;
      expect([pending.status, (await told()).map(({ operation_id }) => operation_id)]).toEqual([202, [operationIn(pending)]]);
      await capture();
      expect(await told()).toHaveLength(1);
    } finally {
      await slow.close();
    }
  });

  it('is told to have ended well when no event of its own says so', async () => {
    const id = await gateway.order();
    const gate = await gateAt(gateway, 'before', ordersPath(id, '/merchant-references'), 'PATCH');
    const pending = operationIn(await references(id));
    await gate.waiting();
    await gate.open();
    await settled(gateway, pending);
    expect(await ofOperation(pending)).toMatchObject([
      { type: 'operation.waiting', data: { kind: 'order-management.merchant-references', state: 'succeeded' } },
    ]);
  });

  it('is told as failed when Klarna refuses it then', async () => {
    const id = await gateway.order();
    const path = ordersPath(id, '/captures');
    const gate = await gateAt(gateway, 'before', path);
    const pending = operationIn(await write(id, '/captures', { captured_amount: 90_000 }, AT_ONCE));
    await gate.waiting();
    await gate.open();
    await settled(gateway, pending);
    expect(await ofOperation(pending)).toMatchObject([
      { type: 'operation.failed', data: { state: 'rejected', status: 403, code: 'CAPTURE_NOT_ALLOWED' } },
    ]);
  });

  it('is told as failed when a cancel overtakes it', async () => {
    const id = await gateway.order();
    const broken = await lasting(gateway, 'status', { method: 'POST', path: ordersPath(id, '/captures') }, { code: 429 });
    const pending = operationIn(await write(id, '/captures', { captured_amount: 2_500 }, AT_ONCE));
    await settled(gateway, pending, ['waiting']);
    await write(id, '/cancel', undefined);
    await settled(gateway, pending);
    await broken.end();
    expect((await ofOperation(pending)).at(-1)).toMatchObject({
      type: 'operation.failed',
      data: { state: 'withdrawn', reason: 'overtaken-by-cancel' },
    });
    await until('the cancel is told', async () => (await typesOf(id)).includes('order.cancelled'));
  });
});

describe('an operation that a person has to look at', () => {
  it('is told as manual, and what the person said: it was done', async () => {
    const id = await gateway.order();
    const manual = await manualCapture(gateway, id, 2_000);
    expect((await ofOperation(manual)).at(-1)).toMatchObject({ type: 'operation.manual', data: { reason: expect.any(String) } });
    const [first] = (await gateway.ledger(id)).captures;
    const done = { outcome: 'succeeded', provider_id: first?.capture_id, reason: 'seen in the portal' };
    expect((await gateway.post(`/operations/${manual}/resolve`, done)).status).toBe(200);
    const types = (await ofOperation(manual)).map(({ type }) => type);
    expect(types.filter((type) => type === 'operation.manual')).toHaveLength(1);
    // Its capture is told of by this, or was before by a read: either way the merchant hears how it ended.
    expect(['order.captured', 'operation.waiting']).toContain(types.at(-1));
    await until('every capture was told of', async () => (await typesOf(id)).filter((type) => type === 'order.captured').length === 2);
  });

  it('is told as failed when the person says that it was not', async () => {
    const id = await gateway.order();
    const manual = await manualCapture(gateway, id, 2_000);
    const said = { outcome: 'rejected', reason: 'not in the portal' };
    expect((await gateway.post(`/operations/${manual}/resolve`, said)).status).toBe(200);
    const last = (await ofOperation(manual)).at(-1);
    expect(last).toMatchObject({ type: 'operation.failed', data: { state: 'rejected', reason: 'resolved' } });
    // What people write may name people.
    expect(JSON.stringify(last)).not.toContain('portal');
  });
});

describe('an operation without an order', () => {
  it('has a story of its own, which ends with the order that it made: late', async () => {
    const { token, cart } = await gateway.authorized();
    const path = `/payments/v1/authorizations/${token}/order`;
    await gateway.fault('reset_after', { method: 'POST', path }, { times: 20 });
    const answer = await gateway.call('POST', path, { body: cart, headers: { Prefer: 'wait=1' } });
    expect(answer.status).toBe(503);
    const [row] = await eventsIn(gateway.database, `type LIKE 'operation.%' AND data->>'kind' = 'payments.create-order'`);
    const id = row?.operation_id ?? '';
    expect(row).toMatchObject({ type: 'operation.waiting', subject: id, order_id: null, sequence: 1 });
    await gateway.simulate('DELETE', '/simulator/faults');
    await settled(gateway, id);
    expect((await ofOperation(id)).find(({ type }) => type === 'order.created')).toMatchObject({ sequence: 1, data: { late: true } });
    expect((await ofOperation(id)).filter(({ data }) => data['state'] === 'succeeded')).toEqual([]);
  });

  it('is told as failed when it turns out that nothing came of it', async () => {
    const { token, cart } = await gateway.authorized();
    const path = `/payments/v1/authorizations/${token}/order`;
    const broken = await lasting(gateway, 'reset_before', { method: 'POST', path });
    const answer = await gateway.call('POST', path, { body: cart, headers: { Prefer: 'wait=1' } });
    expect(answer.status).toBe(503);
    const failed = await until('it was given up', async () => {
      const [event] = await eventsIn(gateway.database, `type = 'operation.failed' AND data->>'kind' = 'payments.create-order'`);
      return event;
    });
    await broken.end();
    expect(failed).toMatchObject({ subject: failed.operation_id, order_id: null, data: { state: 'abandoned', reason: 'not-found' } });
    expect((await ofOperation(failed.subject)).map(({ type }) => type)).toEqual(['operation.waiting', 'operation.failed']);
  });
});

describe('a customer token', () => {
  it('is told of when it is made and when it is cancelled, once each, without itself', async () => {
    const token = await customerToken(gateway);
    const cancel = () => gateway.call('PATCH', tokenPath(token, '/status'), { body: { status: 'CANCELLED' } });
    expect((await cancel()).status).toBe(202);
    expect((await cancel()).status).toBeLessThan(500);
    const events = await eventsIn(gateway.database, `type LIKE 'token.%'`);
    expect(events.map(({ type, sequence, order_id }) => [type, sequence, order_id])).toEqual([
      ['token.created', 1, null],
      ['token.cancelled', 2, null],
    ]);
    expect(new Set(events.map(({ subject }) => subject)).size).toBe(1);
    expect(events[0]?.data).toMatchObject({ customer_token_id: events[0]?.subject });
    const all = JSON.stringify(await eventsIn(gateway.database, 'true'));
    expect(all).not.toContain(token);
  });

  it('is not told of when it is only used', async () => {
    const { token } = await gateway.authorized(cartOf(10_000, { intent: 'tokenize' }));
    await gateway.post(`/payments/v1/authorizations/${token}/customer-token`, REQUEST);
    expect(await eventsIn(gateway.database, `type = 'token.created'`)).toHaveLength(2);
  });
});

describe('a checkout', () => {
  it('is told as completed when it is seen complete, once; its order when that was read', async () => {
    const { id } = await opened(gateway, checkoutOf(12_500));
    await gateway.get(`${CHECKOUTS}/${id}`);
    expect(await ofOrder(id)).toEqual([]);
    await completed(gateway, id);
    await Promise.all([1, 2, 3].map(() => gateway.get(`${CHECKOUTS}/${id}`)));
    const done = await eventsIn(gateway.database, `type = 'checkout.completed'`);
    expect(done).toMatchObject([{ provider_order_id: id, order_id: null, sequence: 1, data: { order_amount: 12_500, currency: 'SEK' } }]);
    expect(done[0]?.data).toMatchObject({ checkout_id: done[0]?.subject });
    await gateway.get(ordersPath(id));
    const created = (await ofOrder(id)).filter(({ type }) => type === 'order.created');
    expect(created).toMatchObject([{ data: { adopted: true, order_amount: 12_500 }, sequence: 1 }]);
  });
});

it('each merchant is told of its own alone', async () => {
  const rival = new Client(gateway.url, gateway.simulatorUrl, await addMerchant(gateway, 'rival'));
  const theirs = await rival.order();
  await rival.post(ordersPath(theirs, '/captures'), { captured_amount: 100 }, randomUUID());
  const [order] = await ofOrder(theirs);
  const ours = await gateway.order();
  const [mine] = await ofOrder(ours);
  expect(order?.merchant_id).not.toBe(mine?.merchant_id);
  expect(new Set((await ofOrder(theirs)).map(({ merchant_id }) => merchant_id))).toEqual(new Set([order?.merchant_id]));
});
