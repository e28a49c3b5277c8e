import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import type { OperationContext } from '../../src/operations/handler.js';
import type { Transaction } from '../../src/persistence/database.js';
import { anOperation, type Gateway, openGateway, placeOrder, START, storyOf } from './gateway.js';

let gateway: Gateway;
let orderId: string;

beforeAll(async () => {
  gateway = await openGateway();
});
afterAll(() => gateway.close());
beforeEach(async () => {
  gateway.clock.set(START);
  orderId = await placeOrder(gateway, gateway.shop);
});

const learned = (late = false) => ({ at: gateway.clock.now(), late });
const story = () => storyOf(gateway, gateway.shop, orderId);

function capture(operation: OperationContext, captureId: string, amount = operation.amount ?? 0): Promise<void> {
  return gateway.database.transaction((tx) =>
    gateway.lifecycle.captured(tx, operation, { captureId, amount, reference: operation.reference, ...learned() }),
  );
}

function refund(operation: OperationContext, refundId: string, late = false): Promise<void> {
  return gateway.database.transaction((tx) =>
    gateway.lifecycle.refunded(tx, operation, { refundId, amount: operation.amount ?? 0, reference: null, ...learned(late) }),
  );
}

describe('an order', () => {
  it('is there with its authorization as soon as it was placed, and is due to be read', async () => {
    const { order, events } = await story();
    expect(order).toMatchObject({
      ...{ provider: 'klarna', provider_order_id: orderId, status: 'AUTHORIZED', fraud_status: 'ACCEPTED', currency: 'SEK' },
      ...{
        order_amount: 10_000,
        captured_amount: 0,
        refunded_amount: 0,
        remaining_authorized_amount: 10_000,
        merchant_reference1: '10001',
      },
      ...{ merchant_reference2: null, expires_at: null, created_at: START, captures: [], refunds: [] },
    });
    expect(events).toEqual([
      {
        ...{ sequence: 1, at: START, type: 'order.created', operation_id: expect.any(String) as unknown as string },
        data: { order_amount: 10_000, currency: 'SEK', fraud_status: 'ACCEPTED' },
      },
    ]);
    const due = await gateway.orders.claimDue(gateway.clock.now(), new Date(START), 100, []);
    expect(due.map(({ providerOrderId }) => providerOrderId)).toContain(orderId);
  });

  it('is created once when its placing is settled twice, and by whatever operation', async () => {
    await placeOrder(gateway, gateway.shop, orderId);
    await placeOrder(gateway, gateway.shop, orderId);
    expect((await story()).types).toEqual(['order.created']);
  });

  it('that was found after an error answer says so', async () => {
    const operation = anOperation(gateway.shop, '', { lane: null });
    orderId = randomUUID();
    const placed = {
      providerOrderId: orderId,
      fraudStatus: 'PENDING',
      currency: 'SEK',
      orderAmount: 1,
      merchantReference1: null,
      merchantReference2: null,
    };
    await gateway.database.transaction((tx) => gateway.lifecycle.placed(tx, operation, { ...placed, autoCapture: true, ...learned(true) }));
    const { order, events } = await story();
    expect(events[0]).toMatchObject({ type: 'order.created', data: { late: true, auto_capture: true } });
    // Klarna captures it by itself: what it is now, only a read tells.
    expect(order).toMatchObject({ status: null, remaining_authorized_amount: null });
  });

  it('that was captured before its placing was settled is completed and keeps its capture', async () => {
    orderId = randomUUID();
    await capture(anOperation(gateway.shop, orderId, { amount: 4_000 }), 'early');
    await placeOrder(gateway, gateway.shop, orderId);
    await placeOrder(gateway, gateway.shop, orderId);
    const { order, types } = await story();
    expect(types).toEqual(['order.adopted', 'order.captured', 'order.created']);
    expect(order).toMatchObject({ order_amount: 10_000, captured_amount: 4_000, merchant_reference1: '10001' });
  });

  it('placed by one merchant and adopted by another is flagged', async () => {
    orderId = randomUUID();
    const shared = { ...gateway.rival, accounts: gateway.shop.accounts };
    await capture(anOperation(shared, orderId, { amount: 4_000 }), 'c');
    await placeOrder(gateway, gateway.shop, orderId);
    const [row] = await gateway.database.query('SELECT anomaly FROM orders WHERE provider_order_id = $1', [orderId]);
    expect(row).toEqual({ anomaly: 'PLACED_BY_ANOTHER_MERCHANT' });
  });
});

describe('a capture', () => {
  it('is counted once, linked to its operation and told of once when its success is written twice', async () => {
    const operation = anOperation(gateway.shop, orderId, { amount: 4_000, reference: 'shipment-1' });
    await capture(operation, 'c1');
    const once = await story();
    gateway.clock.advance(60_000);
    await capture(operation, 'c1');
    expect(await story()).toEqual(once);
    expect(once.order).toMatchObject({ status: 'PART_CAPTURED', captured_amount: 4_000, remaining_authorized_amount: 6_000 });
    expect(once.order.captures).toEqual([
      { capture_id: 'c1', captured_amount: 4_000, reference: 'shipment-1', captured_at: null, operation_id: operation.id },
    ]);
    expect(once.events.at(-1)).toEqual({
      ...{ sequence: 2, at: START, type: 'order.captured', operation_id: operation.id },
      data: { capture_id: 'c1', amount: 4_000, captured_amount: 4_000, refunded_amount: 0, remaining_authorized_amount: 6_000 },
    });
  });

  it('of the rest makes the order captured', async () => {
    await capture(anOperation(gateway.shop, orderId, { amount: 4_000 }), 'c1');
    await capture(anOperation(gateway.shop, orderId, { amount: 6_000 }), 'c2');
    expect((await story()).order).toMatchObject({ status: 'CAPTURED', captured_amount: 10_000, remaining_authorized_amount: 0 });
  });

  it('above what we believed to remain is taken and flagged, not refused', async () => {
    await capture(anOperation(gateway.shop, orderId, { amount: 10_001 }), 'c1');
    const [row] = await gateway.database.query('SELECT anomaly, captured_amount FROM orders WHERE provider_order_id = $1', [orderId]);
    expect(row).toEqual({ anomaly: 'CAPTURED_MORE_THAN_REMAINED', captured_amount: '10001' });
  });

  it('of an order that nobody here knows adopts the order', async () => {
    orderId = randomUUID();
    const operation = anOperation(gateway.shop, orderId, { amount: 4_000 });
    await capture(operation, 'c1');
    await capture(operation, 'c1');
    const { order, types } = await story();
    expect(types).toEqual(['order.adopted', 'order.captured']);
    expect(order).toMatchObject({ status: null, order_amount: null, captured_amount: 4_000, remaining_authorized_amount: null });
  });

  it('that is the second of one operation is counted, told of and flagged, and stays unlinked', async () => {
    const operation = anOperation(gateway.shop, orderId, { amount: 4_000 });
    await capture(operation, 'c1');
    await capture(operation, 'c2');
    await capture(operation, 'c2');
    const { order, types } = await story();
    expect(order).toMatchObject({ captured_amount: 8_000, remaining_authorized_amount: 2_000 });
    expect(order.captures.map(({ operation_id: id }) => id).sort()).toEqual([operation.id, null].sort());
    expect(types).toEqual(['order.created', 'order.captured', 'order.captured', 'order.anomaly']);
  });

  it('that two operations claim stays with the first and is flagged', async () => {
    const [first, second] = [anOperation(gateway.shop, orderId, { amount: 4_000 }), anOperation(gateway.shop, orderId, { amount: 4_000 })];
    await capture(first, 'c1');
    await capture(second, 'c1');
    await capture(second, 'c1');
    const { order, types } = await story();
    expect(order.captures).toMatchObject([{ operation_id: first.id }]);
    expect(order.captured_amount).toBe(4_000);
    expect(types).toEqual(['order.created', 'order.captured', 'order.anomaly']);
  });

  it('is counted once when equal successes are written at the same time', async () => {
    const operation = anOperation(gateway.shop, orderId, { amount: 1_000 });
    await Promise.all(Array.from({ length: 6 }, () => capture(operation, 'c1')));
    const { order, types } = await story();
    expect(order.captured_amount).toBe(1_000);
    expect(types).toEqual(['order.created', 'order.captured']);
  });

  it('never gets lost among others of the order written at the same time, and the timeline has no gaps', async () => {
    await Promise.all(Array.from({ length: 7 }, (_, n) => capture(anOperation(gateway.shop, orderId, { amount: 1_000 }), `c${n}`)));
    const { order, events } = await story();
    expect([order.captured_amount, order.remaining_authorized_amount]).toEqual([7_000, 3_000]);
    expect(events.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });
});

describe('a refund', () => {
  it('is counted once and gives nothing back to capture', async () => {
    await capture(anOperation(gateway.shop, orderId, { amount: 4_000 }), 'c1');
    const operation = anOperation(gateway.shop, orderId, { kind: 'order-management.refund', amount: 1_500 });
    await refund(operation, 'r1', true);
    await refund(operation, 'r1', true);
    const { order, events } = await story();
    expect(order).toMatchObject({
      status: 'PART_CAPTURED',
      captured_amount: 4_000,
      refunded_amount: 1_500,
      remaining_authorized_amount: 6_000,
    });
    expect(order.refunds).toEqual([
      { refund_id: 'r1', refunded_amount: 1_500, reference: null, refunded_at: null, operation_id: operation.id },
    ]);
    expect(events.at(-1)).toMatchObject({ type: 'order.refunded', data: { refund_id: 'r1', amount: 1_500, late: true } });
    expect(events).toHaveLength(3);
  });

  it('with the id of a capture is something else', async () => {
    const operation = anOperation(gateway.shop, orderId, { amount: 4_000 });
    await capture(operation, 'same');
    await refund(anOperation(gateway.shop, orderId, { amount: 1_000 }), 'same');
    expect((await story()).order).toMatchObject({ captured_amount: 4_000, refunded_amount: 1_000 });
  });
});

describe('the end of an authorization', () => {
  it.each(['cancelled', 'released'] as const)('(%s) is told of once per operation, with what was let go of', async (end) => {
    const operation = anOperation(gateway.shop, orderId, { kind: 'order-management.cancel' });
    if (end === 'released') await capture(anOperation(gateway.shop, orderId, { amount: 4_000 }), 'c1');
    for (let time = 1; time <= 2; time++) await gateway.database.transaction((tx) => gateway.lifecycle[end](tx, operation, learned()));
    const { order, events } = await story();
    expect(order).toMatchObject({ status: end === 'cancelled' ? 'CANCELLED' : 'PART_CAPTURED', remaining_authorized_amount: 0 });
    const ends = events.filter(({ type }) => type === `order.${end}`);
    expect(ends).toMatchObject([{ operation_id: operation.id, data: { amount: end === 'cancelled' ? 10_000 : 6_000 } }]);
  });
});

describe('a change of the order', () => {
  const change = (work: (tx: Transaction, operation: OperationContext) => Promise<void>, operation = anOperation(gateway.shop, orderId)) =>
    gateway.database.transaction((tx) => work(tx, operation));
  const forget = () => gateway.database.query('UPDATE orders SET refresh_at = NULL WHERE provider_order_id = $1', [orderId]);
  const isReadSoon = async () => {
    const rows = await gateway.database.query('SELECT FROM orders WHERE provider_order_id = $1 AND refresh_at IS NOT NULL', [orderId]);
    return rows.length === 1;
  };

  it('of the authorization counts at once; what remains is what was not captured', async () => {
    await capture(anOperation(gateway.shop, orderId, { amount: 4_000 }), 'c1');
    await forget();
    const operation = anOperation(gateway.shop, orderId);
    for (let time = 1; time <= 2; time++)
      await change((tx, of) => gateway.lifecycle.authorizationUpdated(tx, of, learned(), 9_000), operation);
    const { order, events } = await story();
    expect(order).toMatchObject({ order_amount: 9_000, captured_amount: 4_000, remaining_authorized_amount: 5_000 });
    expect(events.filter(({ type }) => type === 'order.authorization_updated')).toMatchObject([
      { operation_id: operation.id, data: { order_amount: 9_000, from: 10_000, remaining_authorized_amount: 5_000 } },
    ]);
    expect(await isReadSoon()).toBe(true);
  });

  it('of its end is read soon: only Klarna knows until when', async () => {
    await forget();
    await change((tx, operation) => gateway.lifecycle.authorizationExtended(tx, operation, learned()));
    expect((await story()).events.at(-1)).toMatchObject({ type: 'order.authorization_extended', data: { from: null } });
    expect(await isReadSoon()).toBe(true);
  });

  it('of its references counts at once; the timeline says which, and not what they are', async () => {
    await change((tx, operation) =>
      gateway.lifecycle.referencesUpdated(tx, operation, learned(), { merchantReference1: 'new', merchantReference2: null }),
    );
    const { order, events } = await story();
    expect(order).toMatchObject({ merchant_reference1: 'new', merchant_reference2: null });
    expect(events.at(-1)).toMatchObject({
      ...{ type: 'order.references_updated', data: { fields: ['merchant_reference1', 'merchant_reference2'] } },
    });
    await change((tx, operation) => gateway.lifecycle.referencesUpdated(tx, operation, learned(), { merchantReference2: 'second' }));
    expect((await story()).order).toMatchObject({ merchant_reference1: 'new', merchant_reference2: 'second' });
  });

  it('that is not kept here is told of, and needs no reading', async () => {
    await forget();
    await change((tx, operation) => gateway.lifecycle.noted(tx, operation, learned(), 'order.shipping_info_added', { parcels: 2 }));
    expect((await story()).events.at(-1)).toMatchObject({ type: 'order.shipping_info_added', data: { parcels: 2 } });
    expect(await isReadSoon()).toBe(false);
  });

  it('adopts an order that is not known here', async () => {
    orderId = randomUUID();
    await change((tx, operation) => gateway.lifecycle.authorizationUpdated(tx, operation, learned(), 9_000));
    const { order, types } = await story();
    expect(types).toEqual(['order.adopted', 'order.authorization_updated']);
    expect(order).toMatchObject({ order_amount: 9_000, remaining_authorized_amount: null });
  });
});

describe('a refusal', () => {
  const refused = (operation: OperationContext, code: string | null) =>
    gateway.database.transaction((tx) => gateway.lifecycle.refused(tx, operation, code));
  const refreshAt = async () => {
    const [row] = await gateway.database.query<{ at: Date | null }>('SELECT refresh_at AS at FROM orders WHERE provider_order_id = $1', [
      orderId,
    ]);
    return row?.at;
  };

  it('makes the order be read again at once, and never later than it would have been', async () => {
    await gateway.database.query('UPDATE orders SET refresh_at = NULL WHERE provider_order_id = $1', [orderId]);
    await refused(anOperation(gateway.shop, orderId), 'CAPTURE_NOT_ALLOWED');
    expect(await refreshAt()).toEqual(new Date(START));
    gateway.clock.advance(1_000);
    await refused(anOperation(gateway.shop, orderId), null);
    expect(await refreshAt()).toEqual(new Date(START));
  });

  it.each([
    ['CAPTURE_NOT_ALLOWED', true],
    ['NOT_ALLOWED', true],
    ['NO_SUCH_ORDER', false],
    ['NOT_FOUND', false],
    ['BAD_VALUE', false],
    [null, false],
  ])('by %s adopts an unknown order: %s', async (code, adopts) => {
    orderId = randomUUID();
    await refused(anOperation(gateway.shop, orderId), code);
    expect(await gateway.orders.findByProviderId(orderId)).toHaveLength(adopts ? 1 : 0);
  });
});

describe('the timeline', () => {
  it('takes entries of several orders at once, in any order, without deadlock or gap', async () => {
    const ids = await Promise.all(
      [orderId, await placeOrder(gateway, gateway.shop), await placeOrder(gateway, gateway.shop)].map(
        async (id) => (await gateway.service.read(gateway.shop, id)).id,
      ),
    );
    const entries = (order: string[]) =>
      order.flatMap((id) => [1, 2].map((n) => ({ orderId: id, type: `t${n}`, at: new Date(START), operationId: null, data: { n } })));
    await Promise.all(
      Array.from({ length: 8 }, (_, n) =>
        gateway.database.transaction((tx) => gateway.timeline.append(tx, entries(n % 2 === 0 ? ids : ids.toReversed()))),
      ),
    );
    for (const id of ids) {
      const list = await gateway.timeline.list(id, 0, 100);
      expect(list.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 17 }, (_, n) => n + 1));
      expect(list.slice(1).map(({ type }) => type)).toEqual(Array.from({ length: 8 }, () => ['t1', 't2']).flat());
    }
  });

  it('takes the entries of a lane, and drops those of an order that is not known here', async () => {
    const account = gateway.shop.accounts['order-management'];
    const noted = { type: 'operation.waiting', at: new Date(START), operationId: randomUUID(), data: { kind: 'x' } };
    await gateway.database.transaction((tx) => gateway.timeline.appendForLane(tx, account, orderId, noted));
    await gateway.database.transaction((tx) => gateway.timeline.appendForLane(tx, account, randomUUID(), noted));
    await gateway.database.transaction((tx) => gateway.timeline.append(tx, []));
    expect((await story()).types).toEqual(['order.created', 'operation.waiting']);
  });
});
