import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import type { OperationContext } from '../../src/operations/handler.js';
import type { Transaction } from '../../src/persistence/database.js';
import { anOperation, anUnsettledOperation, type Gateway, klarnaOrder, openGateway, placeOrder, START } from '../orders/gateway.js';
import { eventsOfOrder, type StoredEvent } from './told-events.js';

let gateway: Gateway;
let orderId: string;

beforeAll(async () => {
  Logger.overrideLogger(false);
  gateway = await openGateway();
});
afterAll(() => gateway.close());
beforeEach(async () => {
  gateway.clock.set(START);
  orderId = await placeOrder(gateway, gateway.shop);
  gateway.clock.advance(1_000);
});

const told = (id = orderId): Promise<StoredEvent[]> => eventsOfOrder(gateway.database, id);
const types = async (id = orderId) => (await told(id)).map(({ type }) => type);
const news = async () => (await told()).slice(1);
const address = () => ({ providerAccountId: gateway.shop.accounts['order-management'], providerOrderId: orderId });
const learned = (late = false) => ({ at: gateway.clock.now(), late });
const within = (work: (tx: Transaction) => Promise<void>) => gateway.database.transaction(work);
const operation = (given: Partial<OperationContext> = {}, lane = orderId) => anOperation(gateway.shop, lane, given);

/** Reads the order at Klarna twice, as it is shown now. */
async function shown(given: Record<string, unknown>): Promise<void> {
  gateway.klarna.orders.set(orderId, klarnaOrder(orderId, given));
  for (let times = 0; times < 2; times += 1) {
    gateway.clock.advance(1_000);
    await gateway.reader.refresh(address());
  }
}

/** What each operation does to the lifecycle; each twice, as when it is settled twice. */
async function twice(work: (tx: Transaction) => Promise<void>): Promise<void> {
  for (let times = 0; times < 2; times += 1) await within(work);
}

const capture = (op: OperationContext, captureId: string, amount: number) =>
  twice((tx) => gateway.lifecycle.captured(tx, op, { captureId, amount, reference: null, ...learned() }));
const refund = (op: OperationContext, refundId: string, amount: number) =>
  twice((tx) => gateway.lifecycle.refunded(tx, op, { refundId, amount, reference: null, ...learned() }));

const CANCELLED = { status: 'CANCELLED', remaining_authorized_amount: 0 };
const PART_CAPTURED = {
  status: 'PART_CAPTURED',
  captured_amount: 4_000,
  remaining_authorized_amount: 6_000,
  captures: [{ capture_id: 'c1', captured_amount: 4_000, captured_at: START }],
};

describe('order.created', () => {
  it('comes once, when the order was placed, with what is known of it', async () => {
    await placeOrder(gateway, gateway.shop, orderId);
    await gateway.reader.refresh(address());
    const [event, ...more] = await told();
    expect(more).toEqual([]);
    expect(event).toMatchObject({
      ...{ merchant_id: gateway.shop.merchantId, subject: event?.order_id, sequence: 1, type: 'order.created', at: new Date(START) },
      ...{ provider_order_id: orderId, operation_id: expect.any(String) },
    });
    expect(event?.data).toEqual({
      ...{ order_amount: 10_000, currency: 'SEK', fraud_status: 'ACCEPTED', status: 'AUTHORIZED' },
      ...{ merchant_reference1: '10001', merchant_reference2: null, operation_id: event?.operation_id },
    });
  });

  it('says late of an order that was found after its caller had got an error', async () => {
    const late = randomUUID();
    await twice((tx) =>
      gateway.lifecycle.placed(tx, operation({ kind: 'payments.create-order', lane: null }), {
        ...{ providerOrderId: late, fraudStatus: 'PENDING', currency: 'SEK', orderAmount: 500, autoCapture: false, ...learned(true) },
        ...{ merchantReference1: null, merchantReference2: null },
      }),
    );
    expect(await told(late)).toMatchObject([{ type: 'order.created', data: { late: true, fraud_status: 'PENDING', order_amount: 500 } }]);
  });

  it('says adopted of an order that a read has shown, before everything else of it', async () => {
    orderId = randomUUID();
    gateway.klarna.orders.set(orderId, klarnaOrder(orderId, PART_CAPTURED));
    for (let times = 0; times < 2; times += 1) await gateway.reader.read(address(), gateway.shop.merchantId);
    expect(await told()).toMatchObject([
      { sequence: 1, type: 'order.created', operation_id: null, data: { adopted: true, order_amount: 10_000, status: 'PART_CAPTURED' } },
      { sequence: 2, type: 'order.captured', data: { capture_id: 'c1', amount: 4_000, elsewhere: true } },
    ]);
    expect((await told())[0]?.data).not.toHaveProperty('operation_id');
  });

  it('waits for the read of an order that was met by its id, but not behind its first event', async () => {
    const { merchantId, accounts } = gateway.shop;
    const meet = (providerOrderId: string) =>
      within((tx) =>
        gateway.lifecycle.met(tx, {
          ...{ merchantId, providerAccountId: accounts['order-management'], providerOrderId, dataSubject: randomUUID() },
          at: gateway.clock.now(),
        }),
      );
    orderId = randomUUID();
    await meet(orderId);
    expect(await told()).toEqual([]);
    await shown({ order_amount: 700, remaining_authorized_amount: 700 });
    expect(await told()).toMatchObject([{ type: 'order.created', data: { adopted: true, order_amount: 700 } }]);
    orderId = randomUUID();
    await meet(orderId);
    await capture(operation(), 'c9', 100);
    const [created] = await told();
    expect(created).toMatchObject({ data: { adopted: true, order_amount: null }, operation_id: null });
    await shown({ ...PART_CAPTURED, captured_amount: 100, captures: [{ capture_id: 'c9', captured_amount: 100, captured_at: START }] });
    expect(await types()).toEqual(['order.created', 'order.captured']);
  });

  it('comes once when the order is seen before its own answer is settled', async () => {
    orderId = randomUUID();
    gateway.klarna.orders.set(orderId, klarnaOrder(orderId));
    await gateway.reader.read(address(), gateway.shop.merchantId);
    await placeOrder(gateway, gateway.shop, orderId);
    expect(await types()).toEqual(['order.created']);
  });

  it("is the merchant's who has the order, and names no operation of another's", async () => {
    const { rival } = gateway;
    orderId = randomUUID();
    const address = { providerAccountId: rival.accounts['order-management'], providerOrderId: orderId };
    await within((tx) =>
      gateway.lifecycle.met(tx, { ...address, merchantId: rival.merchantId, dataSubject: randomUUID(), at: gateway.clock.now() }),
    );
    const both = { ...gateway.shop, accounts: rival.accounts };
    await placeOrder(gateway, both, orderId);
    expect(await told()).toMatchObject([{ type: 'order.created', merchant_id: rival.merchantId, operation_id: null }]);
  });
});

describe('captures and refunds', () => {
  it('are told once each, though settled twice and read twice', async () => {
    const first = operation({ amount: 4_000 });
    await capture(first, 'c1', 4_000);
    await refund(operation({ amount: 1_000, kind: 'order-management.refund' }), 'r1', 1_000);
    await shown({ ...PART_CAPTURED, refunded_amount: 1_000, refunds: [{ refund_id: 'r1', refunded_amount: 1_000, refunded_at: START }] });
    expect(await news()).toMatchObject([
      {
        ...{ sequence: 2, type: 'order.captured', operation_id: first.id },
        data: { operation_id: first.id, capture_id: 'c1', amount: 4_000, captured_amount: 4_000, remaining_authorized_amount: 6_000 },
      },
      { sequence: 3, type: 'order.refunded', data: { refund_id: 'r1', amount: 1_000, refunded_amount: 1_000 } },
    ]);
  });

  it('made elsewhere are told when a read shows them, with the drift that they are', async () => {
    await shown({ ...PART_CAPTURED, refunded_amount: 500, refunds: [{ refund_id: 'r7', refunded_amount: 500, refunded_at: START }] });
    const [captured, refunded, drift, ...more] = await news();
    expect(more).toEqual([]);
    expect(captured).toMatchObject({ type: 'order.captured', operation_id: null, data: { capture_id: 'c1', elsewhere: true } });
    expect(refunded).toMatchObject({ type: 'order.refunded', operation_id: null, data: { refund_id: 'r7', elsewhere: true } });
    expect(drift).toMatchObject({ type: 'drift.found', data: { source: 'refresh', fields: expect.any(Array) } });
  });

  it('of an operation that is not settled are told by whoever settles it', async () => {
    const op = operation({ amount: 4_000 });
    await anUnsettledOperation(gateway.database, op);
    await shown(PART_CAPTURED);
    expect(await news()).toEqual([]);
    await capture(op, 'c1', 4_000);
    expect(await news()).toMatchObject([{ type: 'order.captured', operation_id: op.id }]);
  });
});

describe('what ends an authorization is told once, whoever sees it first:', () => {
  it('cancelled by us, then read', async () => {
    const op = operation({ kind: 'order-management.cancel' });
    await twice((tx) => gateway.lifecycle.cancelled(tx, op, learned()));
    await shown(CANCELLED);
    expect(await news()).toMatchObject([{ type: 'order.cancelled', operation_id: op.id, data: { amount: 10_000 } }]);
  });

  it('cancelled elsewhere, or by an operation that a read overtakes', async () => {
    const op = operation({ kind: 'order-management.cancel' });
    await anUnsettledOperation(gateway.database, op);
    await shown(CANCELLED);
    expect(await news()).toMatchObject([{ type: 'order.cancelled', operation_id: null, data: { amount: 10_000 } }]);
    await twice((tx) => gateway.lifecycle.cancelled(tx, op, learned()));
    expect(await types()).toEqual(['order.created', 'order.cancelled']);
  });

  it('released by us, then read', async () => {
    await capture(operation({ amount: 4_000 }), 'c1', 4_000);
    const op = operation({ kind: 'order-management.release' });
    await twice((tx) => gateway.lifecycle.released(tx, op, learned()));
    await shown({ ...PART_CAPTURED, status: 'CAPTURED', remaining_authorized_amount: 0 });
    expect((await news()).slice(1)).toMatchObject([{ type: 'order.released', operation_id: op.id, data: { amount: 6_000 } }]);
  });

  it('released elsewhere, or by an operation that a read overtakes', async () => {
    await capture(operation({ amount: 4_000 }), 'c1', 4_000);
    await shown(PART_CAPTURED);
    const op = operation({ kind: 'order-management.release' });
    await anUnsettledOperation(gateway.database, op);
    await shown({ ...PART_CAPTURED, status: 'CAPTURED', remaining_authorized_amount: 0 });
    expect((await news()).slice(1)).toMatchObject([{ type: 'order.released', operation_id: null, data: { amount: 6_000 } }]);
    await twice((tx) => gateway.lifecycle.released(tx, op, learned()));
    expect(await types()).toEqual(['order.created', 'order.captured', 'order.released']);
  });

  it('captured as a whole is neither', async () => {
    await capture(operation({ amount: 10_000 }), 'c1', 10_000);
    const captures = [{ capture_id: 'c1', captured_amount: 10_000, captured_at: START }];
    await shown({ status: 'CAPTURED', captured_amount: 10_000, remaining_authorized_amount: 0, captures });
    expect(await types()).toEqual(['order.created', 'order.captured']);
  });

  it('lowered elsewhere to what was captured is not released', async () => {
    await capture(operation({ amount: 4_000 }), 'c1', 4_000);
    await shown({ ...PART_CAPTURED, status: 'CAPTURED', order_amount: 4_000, remaining_authorized_amount: 0 });
    expect(await types()).toEqual(['order.created', 'order.captured', 'drift.found']);
  });

  it('expired, by the word of Klarna', async () => {
    await shown({});
    gateway.clock.set('2026-12-18T00:05:00Z');
    await shown({ status: 'EXPIRED', remaining_authorized_amount: 0 });
    expect(await news()).toMatchObject([
      { type: 'order.expired', data: { amount: 10_000, status: 'EXPIRED', expires_at: '2026-12-18T00:00:00.000Z' } },
    ]);
  });

  it('expired, by the clock, when it is still called open after its end, and when it is closed then', async () => {
    await capture(operation({ amount: 4_000 }), 'c1', 4_000);
    await shown(PART_CAPTURED);
    gateway.clock.set('2026-12-17T23:59:00Z');
    await shown(PART_CAPTURED);
    expect(await types()).toEqual(['order.created', 'order.captured']);
    gateway.clock.set('2026-12-18T00:02:00Z');
    await shown(PART_CAPTURED);
    await shown({ ...PART_CAPTURED, status: 'CLOSED', remaining_authorized_amount: 0 });
    // When it was seen, not when the order last changed: a delivery has 7 days from then.
    const at = new Date('2026-12-18T00:02:01Z');
    expect((await news()).slice(1)).toMatchObject([{ type: 'order.expired', at, data: { amount: 6_000, status: 'PART_CAPTURED' } }]);
    orderId = await placeOrder(gateway, gateway.shop);
    gateway.clock.set('2026-12-18T01:00:00Z');
    await capture(operation({ amount: 4_000 }), 'c1', 4_000);
    await shown({ ...PART_CAPTURED, status: 'CLOSED', remaining_authorized_amount: 0 });
    expect(await types()).toEqual(['order.created', 'order.captured', 'order.expired']);
  });
});

describe('what Klarna made of a pending order is told once:', () => {
  const place = (fraudStatus: string) =>
    within((tx) =>
      gateway.lifecycle.placed(tx, operation({ kind: 'payments.create-order', lane: null }), {
        ...{ providerOrderId: orderId, fraudStatus, currency: 'SEK', orderAmount: 10_000, autoCapture: false, ...learned() },
        ...{ merchantReference1: null, merchantReference2: null },
      }),
    );
  beforeEach(async () => {
    orderId = randomUUID();
    await place('PENDING');
    await shown({ fraud_status: 'PENDING' });
    expect(await news()).toEqual([]);
  });

  it('accepted', async () => {
    await shown({ fraud_status: 'ACCEPTED' });
    expect(await news()).toMatchObject([{ type: 'order.fraud.accepted', data: { fraud_status: 'ACCEPTED', status: 'AUTHORIZED' } }]);
  });

  it('rejected, and cancelled with it', async () => {
    await shown({ ...CANCELLED, fraud_status: 'REJECTED' });
    expect(await types()).toEqual(['order.created', 'order.fraud.rejected', 'order.cancelled']);
  });

  it('and each second thought once, as the decision that it is beside the drift that it is', async () => {
    for (const fraudStatus of ['ACCEPTED', 'REJECTED', 'ACCEPTED']) await shown({ fraud_status: fraudStatus });
    const drift = (ours: string, klarna: string) => ({
      ...{ type: 'drift.found', data: { fields: [{ field: 'fraud_status', ours, klarna, resolution: 'adopted' }] } },
    });
    expect(await news()).toMatchObject([
      { type: 'order.fraud.accepted' },
      { type: 'order.fraud.rejected', operation_id: null, data: { fraud_status: 'REJECTED', status: 'AUTHORIZED' } },
      drift('ACCEPTED', 'REJECTED'),
      { type: 'order.fraud.accepted', operation_id: null, data: { fraud_status: 'ACCEPTED', status: 'AUTHORIZED' } },
      drift('REJECTED', 'ACCEPTED'),
    ]);
  });
});

it('what is not on the list is not told', async () => {
  const op = operation();
  await within((tx) => gateway.lifecycle.referencesUpdated(tx, op, learned(), { merchantReference1: 'A' }));
  await within((tx) => gateway.lifecycle.authorizationUpdated(tx, operation(), learned(), 12_000));
  await within((tx) => gateway.lifecycle.authorizationExtended(tx, operation(), learned()));
  await within((tx) => gateway.lifecycle.noted(tx, operation(), learned(), 'order.acknowledged'));
  expect(await news()).toEqual([]);
});

it('what is rolled back is told to nobody, and leaves no number', async () => {
  const op = operation({ amount: 100 });
  const captured = { captureId: 'c1', amount: 100, reference: null, ...learned() };
  await expect(
    within(async (tx) => {
      await gateway.lifecycle.captured(tx, op, captured);
      throw new Error('the end');
    }),
  ).rejects.toThrow('the end');
  expect(await news()).toEqual([]);
  await within((tx) => gateway.lifecycle.captured(tx, op, captured));
  expect(await news()).toMatchObject([{ sequence: 2, type: 'order.captured' }]);
});
