import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import {
  anOperation,
  answerWith,
  anUnsettledOperation,
  type Gateway,
  klarnaOrder,
  openGateway,
  placeOrder,
  raiseRevision,
  refusal,
  settle,
  START,
  storyOf,
} from './gateway.js';
import { until } from '../support/until.js';

let gateway: Gateway;
let orderId: string;
let account: string;

beforeAll(async () => {
  Logger.overrideLogger(false);
  gateway = await openGateway();
  account = gateway.shop.accounts['order-management'];
});
afterAll(() => gateway.close());
beforeEach(async () => {
  gateway.clock.set(START);
  orderId = await placeOrder(gateway, gateway.shop);
  gateway.clock.advance(1_000);
});
afterEach(() => {
  gateway.klarna.gate = null;
  gateway.klarna.fails = null;
});

const story = () => storyOf(gateway, gateway.shop, orderId);
const address = () => ({ providerAccountId: account, providerOrderId: orderId });
const refresh = () => gateway.reader.refresh(address());
const rowOf = async <T>(column: string) => {
  const [row] = await gateway.database.query<{ value: T }>(`SELECT ${column} AS value FROM orders WHERE provider_order_id = $1`, [orderId]);
  return row?.value;
};

/** Klarna has captured 4000 of the order. */
function capturedAtKlarna(captureId: string, given: Record<string, unknown> = {}): void {
  const capture = {
    capture_id: captureId,
    captured_amount: 4_000,
    captured_at: '2026-11-20T10:00:00.500Z',
    klarna_reference: 'K-1',
    ...given,
  };
  gateway.klarna.orders.set(
    orderId,
    klarnaOrder(orderId, { status: 'PART_CAPTURED', captured_amount: 4_000, remaining_authorized_amount: 6_000, captures: [capture] }),
  );
}

function settleCapture(operation: ReturnType<typeof anOperation>, captureId: string): Promise<void> {
  return gateway.database.transaction(async (tx) => {
    await tx.query('SELECT FROM lanes WHERE provider_account_id = $1 AND lane = $2 FOR UPDATE', [account, operation.lane]);
    const captured = { captureId, amount: operation.amount ?? 0, reference: null, at: gateway.clock.now(), late: false };
    await gateway.lifecycle.captured(tx, operation, captured);
    await raiseRevision(tx, operation);
    await tx.query(`UPDATE operations SET state = 'succeeded', finished_at = created_at WHERE id = $1`, [operation.id]);
  });
}

describe('a read', () => {
  it('tells what only Klarna knows: expiry, times, references', async () => {
    const operation = anOperation(gateway.shop, orderId, { amount: 4_000 });
    await anUnsettledOperation(gateway.database, operation);
    await settleCapture(operation, 'c1');
    capturedAtKlarna('c1');
    const { application } = await refresh();
    const { order, types } = await story();
    expect(application).toBe('applied');
    expect(order).toMatchObject({ status: 'PART_CAPTURED', expires_at: '2026-12-18T00:00:00.000Z', captured_amount: 4_000 });
    expect(order.captures).toMatchObject([{ capture_id: 'c1', captured_at: '2026-11-20T10:00:00.500Z', operation_id: operation.id }]);
    expect(types).toEqual(['order.created', 'order.captured']);
  });

  it('twice of the same state writes nothing into the timeline', async () => {
    capturedAtKlarna('c1');
    await refresh();
    const once = await story();
    await refresh();
    expect(await story()).toEqual(once);
  });

  it('adopts what was done elsewhere', async () => {
    capturedAtKlarna('portal');
    await refresh();
    const { order, events } = await story();
    expect(order).toMatchObject({
      status: 'PART_CAPTURED',
      captured_amount: 4_000,
      captures: [{ capture_id: 'portal', operation_id: null }],
    });
    expect(events.slice(1)).toMatchObject([
      { type: 'order.captured', operation_id: null, data: { capture_id: 'portal', amount: 4_000, elsewhere: true } },
      {
        type: 'drift.found',
        operation_id: null,
        data: {
          source: 'refresh',
          fields: [
            { field: 'captures.portal', ours: null, klarna: 4_000, resolution: 'adopted' },
            { field: 'status', ours: 'AUTHORIZED', klarna: 'PART_CAPTURED', resolution: 'adopted' },
            { field: 'captured_amount', ours: 0, klarna: 4_000, resolution: 'adopted' },
            { field: 'remaining_authorized_amount', ours: 10_000, klarna: 6_000, resolution: 'adopted' },
          ],
        },
      },
    ]);
  });

  it('records a change that nobody here asked for as from and to', async () => {
    gateway.klarna.orders.set(orderId, klarnaOrder(orderId, { status: 'CANCELLED', remaining_authorized_amount: 0 }));
    await refresh();
    expect((await story()).events.at(-1)).toMatchObject({
      type: 'drift.found',
      data: {
        source: 'refresh',
        fields: [
          { field: 'status', ours: 'AUTHORIZED', klarna: 'CANCELLED', resolution: 'adopted' },
          { field: 'remaining_authorized_amount', ours: 10_000, klarna: 0, resolution: 'adopted' },
        ],
      },
    });
  });

  it('takes an amount from Klarna that differs from what was asked for, and flags it', async () => {
    const operation = anOperation(gateway.shop, orderId, { amount: 5_000 });
    await anUnsettledOperation(gateway.database, operation);
    await settleCapture(operation, 'c1');
    capturedAtKlarna('c1');
    gateway.clock.advance(301_000);
    await refresh();
    const { order } = await story();
    expect(order).toMatchObject({ captured_amount: 4_000, captures: [{ captured_amount: 4_000 }] });
    expect(await gateway.database.query('SELECT anomaly FROM captures WHERE operation_id = $1', [operation.id])).toEqual([
      { anomaly: 'AMOUNT_IS_NOT_WHAT_WAS_ASKED_FOR' },
    ]);
  });

  it.each([
    ['an order that adds up to nothing', { captured_amount: -5, captures: [{ capture_id: 'x', captured_amount: 1.5 }, {}] }],
    ['texts that Postgres can not store', { merchant_reference1: 'a\u0000b', status: 'X\ud800' }],
    [
      'a capture twice',
      {
        captures: [
          { capture_id: 'x', captured_amount: 1 },
          { capture_id: 'x', captured_amount: 1 },
        ],
      },
    ],
  ])('of %s is stored and flagged, never refused', async (_, given) => {
    gateway.klarna.orders.set(orderId, klarnaOrder(orderId, given));
    expect((await refresh()).application).toBe('applied');
  });

  it('schedules the next one after expiry, and no other', async () => {
    await refresh();
    expect(await rowOf('refresh_at')).toEqual(new Date('2026-12-18T00:01:00.000Z'));
  });
});

describe('a read while an operation of the order is open', () => {
  it("stores a capture that may be the operation's without calling it made elsewhere; the settlement links it and counts it once", async () => {
    const operation = anOperation(gateway.shop, orderId, { amount: 4_000 });
    await anUnsettledOperation(gateway.database, operation);
    capturedAtKlarna('c1');
    await refresh();
    const before = await story();
    expect(before.types).toEqual(['order.created']);
    expect(before.order).toMatchObject({ captured_amount: 4_000, captures: [{ capture_id: 'c1', operation_id: null }] });

    await settleCapture(operation, 'c1');
    const { order, types } = await story();
    expect(types).toEqual(['order.created', 'order.captured']);
    expect(order).toMatchObject({ captured_amount: 4_000, remaining_authorized_amount: 6_000, captures: [{ operation_id: operation.id }] });
  });

  it('leaves a capture to be told of by the first read after the operation came to something else', async () => {
    const operation = anOperation(gateway.shop, orderId, { amount: 9_000 });
    await anUnsettledOperation(gateway.database, operation);
    capturedAtKlarna('portal');
    await refresh();
    expect(await rowOf('refresh_at')).toEqual(new Date(gateway.clock.nowMs() + 60_000));
    await settle(gateway.database, operation);
    await refresh();
    expect((await story()).events.slice(-2)).toMatchObject([
      { type: 'order.captured', data: { capture_id: 'portal', elsewhere: true } },
      { type: 'drift.found', data: { fields: [{ field: 'captures.portal' }] } },
    ]);
  });

  it('tells of a capture as linked later when it was called made elsewhere before', async () => {
    capturedAtKlarna('c1');
    await refresh();
    const operation = anOperation(gateway.shop, orderId, { amount: 4_000 });
    await anUnsettledOperation(gateway.database, operation);
    await settleCapture(operation, 'c1');
    const { order, types } = await story();
    expect(types).toEqual(['order.created', 'order.captured', 'drift.found', 'order.capture_linked']);
    expect(order.captured_amount).toBe(4_000);
  });
});

describe('a read that an operation overtakes', () => {
  /** The read has seen the order, its answer is on its way; `meanwhile` happens before it arrives. */
  async function readAnd(meanwhile: () => Promise<void>) {
    gateway.klarna.gate = async () => {
      gateway.klarna.gate = null;
      await meanwhile();
    };
    return refresh();
  }

  it('does not take back a capture that was settled meanwhile', async () => {
    const operation = anOperation(gateway.shop, orderId, { amount: 4_000 });
    await anUnsettledOperation(gateway.database, operation);
    const { application } = await readAnd(() => settleCapture(operation, 'c1'));
    const { order } = await story();
    expect([application, order.status, order.captured_amount, order.remaining_authorized_amount]).toEqual([
      'added',
      'PART_CAPTURED',
      4_000,
      6_000,
    ]);
    expect(await rowOf('refresh_at')).toBeInstanceOf(Date);
    expect(await rowOf('read_at')).toBeNull();
  });

  it('does not take back the first operation of an order: there was no lane to lock when it began', async () => {
    const operation = anOperation(gateway.shop, orderId, { amount: 4_000 });
    const { application } = await readAnd(async () => {
      await anUnsettledOperation(gateway.database, operation);
      await settleCapture(operation, 'c1');
    });
    expect([application, (await story()).order.captured_amount]).toEqual(['added', 4_000]);
  });

  it('still adds the captures it shows', async () => {
    capturedAtKlarna('portal');
    const other = anOperation(gateway.shop, orderId, { kind: 'order-management.refund' });
    await readAnd(() => anUnsettledOperation(gateway.database, other));
    const { order } = await story();
    expect(order).toMatchObject({ captured_amount: 4_000, remaining_authorized_amount: 6_000, expires_at: null });
    expect(order.captures).toMatchObject([{ capture_id: 'portal' }]);
  });

  it('sees a settlement that it had to wait for, even of an order that had no lane when it began to wait', async () => {
    const operation = anOperation(gateway.shop, orderId, { amount: 4_000 });
    // The read was early enough to miss the settlement and late enough to show the capture: nothing but the lane tells.
    capturedAtKlarna('c1');
    let reading: ReturnType<typeof refresh> | undefined;
    await gateway.database.transaction(async (tx) => {
      await raiseRevision(tx, operation);
      const captured = { captureId: 'c1', amount: 4_000, reference: null, at: gateway.clock.now(), late: false };
      await gateway.lifecycle.captured(tx, operation, captured);
      reading = refresh();
      await until('the read waits for the order', async () => {
        const waiting = await gateway.database.query(
          `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
        );
        return waiting.length > 0;
      });
    });
    expect((await reading)?.application).toBe('added');
    expect((await story()).types).toEqual(['order.created', 'order.captured']);
  });

  it('is repeated and applied once it is quiet', async () => {
    const operation = anOperation(gateway.shop, orderId, { amount: 4_000 });
    await anUnsettledOperation(gateway.database, operation);
    await readAnd(() => settleCapture(operation, 'c1'));
    capturedAtKlarna('c1');
    expect((await refresh()).application).toBe('applied');
    expect((await story()).types).toEqual(['order.created', 'order.captured']);
  });
});

describe('reads at the same time', () => {
  it('of one order cost two calls, however many wishes there are, and the second begins after the last wish', async () => {
    const before = gateway.klarna.reads;
    let release = () => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    gateway.klarna.gate = () => held;
    const wishes = [refresh()];
    while (gateway.klarna.reads === before) await new Promise(setImmediate);
    capturedAtKlarna('late');
    wishes.push(...Array.from({ length: 999 }, () => refresh()));
    release();
    await Promise.all(wishes);
    expect(gateway.klarna.reads - before).toBe(2);
    expect((await story()).order.captured_amount).toBe(4_000);
  });

  it('from two processes leave the younger one standing', async () => {
    gateway.klarna.gate = async () => {
      gateway.klarna.gate = null;
      gateway.clock.advance(1);
      gateway.klarna.orders.set(orderId, klarnaOrder(orderId, { status: 'EXPIRED', remaining_authorized_amount: 0 }));
      await gateway.reader.read(address(), gateway.shop.merchantId);
    };
    expect((await refresh()).application).toBe('added');
    expect((await story()).order.status).toBe('EXPIRED');
  });

  it('a failed one does not stop the next', async () => {
    gateway.klarna.gate = () => Promise.reject(new Error('a mistake of ours'));
    await expect(Promise.all([refresh(), refresh()])).rejects.toThrow('a mistake');
    gateway.klarna.gate = null;
    expect((await refresh()).application).toBe('applied');
  });
});

describe('a read for a caller', () => {
  const read = (caller = gateway.shop, id = orderId) =>
    gateway.reader.read({ providerAccountId: account, providerOrderId: id }, caller.merchantId);

  it('adopts an order that we did not know, with its history', async () => {
    orderId = randomUUID();
    capturedAtKlarna('before us', { captured_at: '2026-11-19T10:00:00Z' });
    expect((await read()).kind).toBe('order');
    const { order, types } = await story();
    expect(order).toMatchObject({
      status: 'PART_CAPTURED',
      order_amount: 10_000,
      captured_amount: 4_000,
      created_at: START,
      currency: 'SEK',
    });
    expect(types).toEqual(['order.adopted', 'order.captured']);
  });

  it('adopts an order once when several arrive at the same time', async () => {
    orderId = randomUUID();
    gateway.klarna.orders.set(orderId, klarnaOrder(orderId));
    await Promise.all(Array.from({ length: 6 }, () => read()));
    expect((await story()).types).toEqual(['order.adopted']);
  });

  it('adopts nothing that Klarna does not know', async () => {
    const unknown = randomUUID();
    expect((await read(gateway.shop, unknown)).kind).toBe('no-such-order');
    expect(await gateway.orders.findByProviderId(unknown)).toEqual([]);
  });

  it("does not show another merchant's order, even on a shared account", async () => {
    expect((await read(gateway.rival)).kind).toBe('other-order');
  });

  it('does not adopt an order under another spelling of its id', async () => {
    const spelled = `${orderId.slice(0, -1)}x`;
    gateway.klarna.orders.set(spelled, klarnaOrder(orderId));
    expect((await read(gateway.shop, spelled)).kind).toBe('other-order');
    expect(await gateway.orders.findByProviderId(spelled)).toEqual([]);
  });

  it('answers what Klarna says when nothing follows from it', async () => {
    gateway.klarna.fails = refusal(503, 'TEMPORARILY_UNAVAILABLE');
    expect(await read()).toMatchObject({ kind: 'unreadable', code: 'TEMPORARILY_UNAVAILABLE' });
    gateway.klarna.fails = answerWith(200, 'no order');
    expect(await read()).toMatchObject({ kind: 'unreadable', code: 'GARBLED' });
  });
});
