import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { SendCall } from '../../src/operations/handler.js';
import { HandlerRegistry } from '../../src/operations/handler-registry.js';
import { type OwnIntent, OwnOperations } from '../../src/operations/own-operations.js';
import { Database } from '../../src/persistence/database.js';
import { testGateway, type TestGateway } from '../support/gateway.js';
import { lastSequence, operation, ordersPath, requests, rowsOf, settled } from '../support/scene.js';

let gateway: TestGateway;
let own: OwnOperations;
let since: number;

beforeAll(async () => {
  gateway = await testGateway();
  own = gateway.app.get(OwnOperations);
});
afterAll(() => gateway.close());
beforeEach(async () => {
  since = await lastSequence(gateway);
});

async function intentFor(orderId: string, more: Partial<OwnIntent> = {}): Promise<OwnIntent> {
  const [row] = await rowsOf<{ merchant_id: string; provider_account_id: string; data_subject: string }>(
    gateway.database,
    'SELECT merchant_id, provider_account_id, data_subject FROM orders WHERE provider_order_id = $1',
    [orderId],
  );
  if (row === undefined) throw new Error(`There is no order ${orderId}`);
  return {
    kind: 'order-management.acknowledge',
    merchantId: row.merchant_id,
    providerAccountId: row.provider_account_id,
    lane: orderId,
    target: { orderId },
    body: null,
    dataSubject: row.data_subject,
    reason: 'push',
    ...more,
  };
}

const sent = (orderId: string, path: string) => requests(gateway, { method: 'POST', path: ordersPath(orderId, path) }, since);

describe('an operation of the service itself', () => {
  it('is carried out once, however many ask for it at the same moment and afterwards', async () => {
    const orderId = await gateway.order();
    const intent = await intentFor(orderId);
    const started = await Promise.all([1, 2, 3].map(() => own.start(null, intent)));
    expect(started.filter(({ made }) => made)).toHaveLength(1);
    const [id] = new Set(started.map((each) => each.id));
    expect(await settled(gateway, id ?? '')).toMatchObject({ state: 'succeeded', purpose: 'push', attempts: 1, answer: { status: 204 } });
    expect(await own.start(null, intent)).toEqual({ id, made: false });
    expect(await sent(orderId, '/acknowledge')).toHaveLength(1);
    expect((await gateway.ledger(orderId)).acknowledged).toBe(true);
  });

  it('is another one for another occasion', async () => {
    const orderId = await gateway.order();
    const ids = [];
    for (const occasion of ['one', 'other']) ids.push((await own.start(null, await intentFor(orderId, { occasion }))).id);
    expect(new Set(ids).size).toBe(2);
    for (const id of ids) expect((await settled(gateway, id)).state).toBe('succeeded');
  });

  it('is there when its transaction is committed, and is not when it is not', async () => {
    const orderId = await gateway.order();
    const intent = await intentFor(orderId);
    const database = gateway.app.get(Database);
    const undone = database.transaction(async (tx) => {
      await own.start(tx, intent);
      throw new Error('undone');
    });
    await expect(undone).rejects.toThrow('undone');
    const { id, made } = await database.transaction((tx) => own.start(tx, intent));
    expect(made).toBe(true);
    expect((await settled(gateway, id)).state).toBe('succeeded');
    expect(await sent(orderId, '/acknowledge')).toHaveLength(1);
  });

  it('gives way to callers while Klarna is sick: not even its first attempt is a caller’s', async () => {
    const handler = gateway.app.get(HandlerRegistry).handlerOf('order-management.acknowledge');
    const send = jest.spyOn(handler, 'send');
    const orderId = await gateway.order();
    await settled(gateway, (await own.start(null, await intentFor(orderId))).id);
    await gateway.post(ordersPath(orderId, '/acknowledge'));
    expect(send.mock.calls.map(([call]: [SendCall]) => call.by)).toEqual(['service', 'caller']);
    send.mockRestore();
  });

  it('is never why an equal request of a caller is refused', async () => {
    const orderId = await gateway.order();
    await gateway.fault('status', { method: 'POST', path: ordersPath(orderId, '/acknowledge') }, { code: 503 });
    const { id } = await own.start(null, await intentFor(orderId));
    await settled(gateway, id, ['unknown', 'waiting', 'succeeded']);
    expect((await gateway.post(ordersPath(orderId, '/acknowledge'))).status).toBe(204);
    expect((await settled(gateway, id)).state).toBe('succeeded');
  });

  it('is shown as such, and a caller’s is not', async () => {
    const orderId = await gateway.order();
    const { id } = await own.start(null, await intentFor(orderId, { reason: 'expiry' }));
    expect(await operation(gateway, id)).toMatchObject({ purpose: 'expiry' });
    const capture = await gateway.call('POST', ordersPath(orderId, '/captures'), {
      body: { captured_amount: 100 },
      headers: { Prefer: 'respond-async' },
    });
    expect(await operation(gateway, capture)).toMatchObject({ purpose: null });
  });
});
