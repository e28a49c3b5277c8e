import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { OWN_SKEW_MS } from '../../src/clock/skew.js';
import type { OperationContext, ReadResult, SendCall } from '../../src/operations/handler.js';
import { HandlerRegistry } from '../../src/operations/handler-registry.js';
import type { OrderManagementClient } from '../../src/klarna/order-management.client.js';
import type { ProviderAccounts } from '../../src/merchants/provider-accounts.js';
import { CaptureHandler } from '../../src/order-management/capture.handler.js';
import { Effects } from '../../src/order-management/effects.js';
import { OrderChangeHandlers } from '../../src/order-management/order-change-handlers.js';
import type { ChangeKind } from '../../src/order-management/order-changes.js';
import { RefundHandler } from '../../src/order-management/refund.handler.js';
import { Sending } from '../../src/operations/sending.js';
import { OrderSending } from '../../src/order-management/order-sending.js';
import { anOperation, answerWith, type Gateway, klarnaOrder, openGateway, placeOrder, refusal, START } from './gateway.js';

let gateway: Gateway;
let orderId: string;
let handlers: { capture: CaptureHandler; refund: RefundHandler; changes: OrderChangeHandlers };
let firstSentAt: Date;

beforeAll(async () => {
  gateway = await openGateway();
  const klarna = gateway.klarna as unknown as OrderManagementClient;
  const parts = [
    klarna,
    new OrderSending(new Sending(gateway.accounts), gateway.clock),
    new Effects(gateway.reader, gateway.movements, gateway.lanes, gateway.clock),
  ] as const;
  const registry = new HandlerRegistry();
  handlers = {
    capture: new CaptureHandler(registry, ...parts, gateway.lifecycle, gateway.settings),
    refund: new RefundHandler(registry, ...parts, gateway.lifecycle),
    changes: new OrderChangeHandlers(registry, ...parts, gateway.lifecycle, gateway.expiry, gateway.clock),
  };
});
afterAll(() => gateway.close());
beforeEach(async () => {
  gateway.clock.set(START);
  orderId = await placeOrder(gateway, gateway.shop);
  firstSentAt = gateway.clock.now();
});
afterEach(() => {
  gateway.klarna.fails = null;
});

const shown = (id: string, given: Record<string, unknown> = {}) => ({
  ...{ capture_id: id, captured_amount: 4_000, reference: 'shipment-1', captured_at: '2026-11-20T10:00:01Z' },
  ...given,
});
const show = (...captures: object[]) => gateway.klarna.orders.set(orderId, klarnaOrder(orderId, { captures }));
const capture = (given: Partial<OperationContext> = {}) =>
  anOperation(gateway.shop, orderId, { amount: 4_000, reference: 'shipment-1', ...given });
const look = (operation = capture()): Promise<ReadResult> => handlers.capture.read(operation, firstSentAt);
const settled = (operation: OperationContext, captureId: string) =>
  gateway.database.transaction((tx) =>
    handlers.capture.succeeded(tx, operation, {
      ...{ answer: handlers.capture.answerFor(operation, captureId), providerId: captureId, at: gateway.clock.now(), late: false },
    }),
  );

describe('the look for a capture', () => {
  it('finds it and gives the answer that Klarna would have given', async () => {
    show(shown('c1'));
    expect(await look()).toEqual({
      finding: 'present',
      providerId: 'c1',
      answer: { status: 201, headers: { 'Capture-Id': 'c1', Location: `/ordermanagement/v1/orders/${orderId}/captures/c1` }, body: null },
      data: {
        status: 'AUTHORIZED',
        order_amount: 10_000,
        captured_amount: 0,
        refunded_amount: 0,
        remaining_authorized_amount: 10_000,
        shown: 1,
        known: 0,
        candidates: ['c1'],
        seen: [{ id: 'c1', amount: 4_000, at: '2026-11-20T10:00:01.000Z' }],
      },
    });
  });

  it('finds nothing where nothing is', async () => {
    expect(await look()).toMatchObject({ finding: 'absent', providerId: null, answer: null });
  });

  it("does not take another operation's capture for its own", async () => {
    const other = capture();
    await settled(other, 'c1');
    show(shown('c1'));
    expect(await look()).toMatchObject({ finding: 'absent' });
    show(shown('c1'), shown('c2'));
    expect(await look()).toMatchObject({ finding: 'present', providerId: 'c2' });
    expect(await look(other)).toMatchObject({ finding: 'present', providerId: 'c1' });
  });

  it('does not take what was captured elsewhere before', async () => {
    show(shown('portal', { captured_at: '2026-11-20T09:59:00Z' }));
    await gateway.reader.refresh({ providerAccountId: gateway.shop.accounts['order-management'], providerOrderId: orderId });
    gateway.clock.advance(OWN_SKEW_MS + 1);
    firstSentAt = gateway.clock.now();
    expect(await look()).toMatchObject({ finding: 'absent' });
  });

  it('can not tell two equal ones apart, and says which they are', async () => {
    show(shown('c1'), shown('c2'));
    expect(await look()).toMatchObject({ finding: 'ambiguous', providerId: null, answer: null, data: { candidates: ['c1', 'c2'] } });
  });

  it('excludes what was linked while Klarna was asked', async () => {
    show(shown('c1'));
    const other = capture();
    gateway.klarna.gate = async () => {
      gateway.klarna.gate = null;
      await settled(other, 'c1');
    };
    expect(await look()).toMatchObject({ finding: 'absent' });
  });

  it('stores nothing: the operation is settled from it in a transaction of its own', async () => {
    show(shown('c1'));
    await look();
    expect(await gateway.service.read(gateway.shop, orderId)).toMatchObject({ captured_amount: 0, captures: [] });
  });

  it('works for an order that is not known here', async () => {
    await gateway.database.query('DELETE FROM timeline WHERE order_id = (SELECT id FROM orders WHERE provider_order_id = $1)', [orderId]);
    await gateway.database.query('DELETE FROM orders WHERE provider_order_id = $1', [orderId]);
    show(shown('c1'));
    expect(await look()).toMatchObject({ finding: 'present', providerId: 'c1' });
  });

  it.each([
    ['Klarna knows no such order', refusal(404, 'NO_SUCH_ORDER'), 'absent'],
    ['a proxy knows no such page', answerWith(404, 'not found'), 'unreadable'],
    ['5xx', refusal(500, 'INTERNAL_SERVER_ERROR'), 'unreadable'],
    ['refused credentials', refusal(401, 'UNAUTHORIZED'), 'unreadable'],
    ['a rate limit', refusal(429, 'TOO_MANY_REQUESTS'), 'unreadable'],
    ['silence', { kind: 'no-answer', code: 'TIMEOUT', reason: '' }, 'unreadable'],
    ['no order', answerWith(200, {}), 'unreadable'],
    ['another order', answerWith(200, klarnaOrder('another')), 'unreadable'],
    ['an order that does not list its captures', answerWith(200, { status: 'CAPTURED' }), 'unreadable'],
  ] as const)('concludes from %s what can be concluded', async (_, exchange, finding) => {
    gateway.klarna.fails = exchange;
    expect(await look()).toMatchObject({ finding, answer: null });
  });
});

it('the look for a refund goes by the refunds of the order', async () => {
  const refund = { refund_id: 'r1', refunded_amount: 1_500, refunded_at: '2026-11-20T10:00:01Z' };
  gateway.klarna.orders.set(orderId, klarnaOrder(orderId, { captures: [shown('c1', { captured_amount: 1_500 })], refunds: [refund] }));
  const operation = anOperation(gateway.shop, orderId, { kind: 'order-management.refund', amount: 1_500 });
  expect(await handlers.refund.read(operation, firstSentAt)).toMatchObject({
    ...{ finding: 'present', providerId: 'r1' },
    answer: { status: 201, headers: { 'Refund-Id': 'r1', Location: `/ordermanagement/v1/orders/${orderId}/refunds/r1` } },
  });
});

describe('the look for a change of an order', () => {
  const line = { name: 'Shoes', quantity: 1, unit_price: 9_000, total_amount: 9_000 };
  const to = { given_name: 'Alva', street_address: 'Lillgatan 2', country: 'SE' };
  const parcel = (number: string) => ({ shipping_company: 'dhl-express', tracking_number: number });
  const updated = { order_amount: 9_000, order_lines: [line] };
  const listed = (...numbers: string[]) => numbers.map(parcel);

  it.each<[name: string, ChangeKind, asked: object | null, shown: object, finding: string]>([
    ['a cancelled order', 'order-management.cancel', null, { status: 'CANCELLED', remaining_authorized_amount: 0 }, 'present'],
    ['an open order', 'order-management.cancel', null, {}, 'absent'],
    [
      'nothing left of a part-captured order',
      'order-management.release',
      null,
      { status: 'CAPTURED', captured_amount: 4_000, remaining_authorized_amount: 0 },
      'present',
    ],
    ['something left', 'order-management.release', null, { status: 'PART_CAPTURED', captured_amount: 4_000 }, 'absent'],
    [
      'an expired order',
      'order-management.release',
      null,
      { status: 'EXPIRED', captured_amount: 4_000, remaining_authorized_amount: 0 },
      'absent',
    ],
    ['no amounts', 'order-management.release', null, { remaining_authorized_amount: null }, 'unreadable'],

    [
      'amount and lines',
      'order-management.authorization-update',
      updated,
      { ...updated, order_lines: [{ ...line, tax_rate: 0 }] },
      'present',
    ],
    ['the old amount', 'order-management.authorization-update', updated, { order_lines: [line] }, 'absent'],
    [
      'the amount with the old lines',
      'order-management.authorization-update',
      updated,
      { ...updated, order_lines: [{ ...line, quantity: 2 }] },
      'absent',
    ],
    ['lines that were to go', 'order-management.authorization-update', { order_amount: 9_000 }, updated, 'absent'],
    ['no lines at all', 'order-management.authorization-update', updated, { order_amount: 9_000 }, 'unreadable'],

    ['a later end', 'order-management.extend-authorization', null, { expires_at: '2026-12-19T00:00:00Z' }, 'present'],
    ['the same end', 'order-management.extend-authorization', null, { expires_at: '2026-12-18T00:00:00Z' }, 'absent'],
    ['no end', 'order-management.extend-authorization', null, { expires_at: null }, 'unreadable'],

    ['nothing', 'order-management.acknowledge', null, {}, 'unreadable'],
    ['a capture, which acknowledges', 'order-management.acknowledge', null, { captured_amount: 1 }, 'present'],

    [
      'both references',
      'order-management.merchant-references',
      { merchant_reference1: 'a', merchant_reference2: '' },
      { merchant_reference1: 'a' },
      'present',
    ],
    ['the old reference', 'order-management.merchant-references', { merchant_reference1: 'a' }, { merchant_reference1: 'b' }, 'absent'],
    [
      'one that was to be cleared',
      'order-management.merchant-references',
      { merchant_reference2: '' },
      { merchant_reference2: 'b' },
      'absent',
    ],

    [
      'the address in other letters',
      'order-management.customer-details',
      { shipping_address: to },
      { shipping_address: { ...to, country: 'se', given_name: 'ALVA ', city: 'x' } },
      'present',
    ],
    [
      'the old address',
      'order-management.customer-details',
      { shipping_address: to },
      { shipping_address: { ...to, street_address: 'Storgatan 1' } },
      'absent',
    ],
    ['no address', 'order-management.customer-details', { shipping_address: to }, {}, 'unreadable'],

    ['the parcel', 'order-management.shipping-info', { shipping_info: listed('1') }, { shipping_info: listed('0', '1') }, 'present'],
    ['one of two parcels', 'order-management.shipping-info', { shipping_info: listed('1', '2') }, { shipping_info: listed('1') }, 'absent'],
    [
      'a parcel without a number',
      'order-management.shipping-info',
      { shipping_info: [{ shipping_method: 'Home' }] },
      { shipping_info: [] },
      'unreadable',
    ],
    ['no list', 'order-management.shipping-info', { shipping_info: listed('1') }, {}, 'unreadable'],
    [
      'the parcel of the capture',
      'order-management.capture-shipping-info',
      { shipping_info: listed('1') },
      { captures: [shown('c1', { shipping_info: listed('1') })] },
      'present',
    ],
    [
      'the parcel of another capture',
      'order-management.capture-shipping-info',
      { shipping_info: listed('1') },
      { captures: [shown('c1', { shipping_info: [] }), shown('c2', { shipping_info: listed('1') })] },
      'absent',
    ],
    ['no such capture', 'order-management.capture-shipping-info', { shipping_info: listed('1') }, { captures: [] }, 'absent'],

    ['the capture', 'order-management.send-out', null, { captures: [shown('c1')] }, 'unreadable'],
    ['no such capture', 'order-management.send-out', null, { captures: [shown('c2')] }, 'absent'],
    ['the capture', 'order-management.extend-due-date', { number_of_days: 14 }, { captures: [shown('c1')] }, 'unreadable'],
    ['no such capture', 'order-management.extend-due-date', { number_of_days: 14 }, { captures: [] }, 'absent'],
  ])('that finds %s for %s', async (_, kind, asked, given, finding) => {
    gateway.klarna.orders.set(orderId, klarnaOrder(orderId, { ...given }));
    const operation = anOperation(gateway.shop, orderId, {
      ...{ kind, target: { orderId, captureId: 'c1' }, before: { expires_at: '2026-12-18T00:00:00.000Z' } },
      ...{ body: asked === null ? null : Buffer.from(JSON.stringify(asked)), amount: kind.endsWith('authorization-update') ? 9_000 : null },
    });
    const result = await handlers.changes.handlerOf(kind).read(operation, firstSentAt);
    expect([result.finding, result.answer]).toEqual([finding, finding === 'present' ? { status: 204, headers: {}, body: null } : null]);
    // Evidence is codes and amounts: nothing of what was asked for or shown about a person.
    expect(JSON.stringify(result.data)).not.toMatch(/Alva|gatan|dhl/i);
  });

  it('can not tell an extension from what was there when the old end is not known', async () => {
    const operation = anOperation(gateway.shop, orderId, { kind: 'order-management.extend-authorization' });
    expect(await handlers.changes.handlerOf('order-management.extend-authorization').read(operation, firstSentAt)).toMatchObject({
      ...{ finding: 'unreadable', data: { code: 'NOT_SHOWN' } },
    });
  });
});

describe('an answer that a person found out', () => {
  it('is the one that Klarna gives, and needs an id where Klarna gives one', () => {
    expect(handlers.capture.answerFor(capture(), 'c9').headers['Capture-Id']).toBe('c9');
    expect(() => handlers.capture.answerFor(capture(), null)).toThrow('Bad value: provider_id');
    expect(handlers.changes.handlerOf('order-management.cancel').answerFor(capture(), null)).toEqual({
      status: 204,
      headers: {},
      body: null,
    });
  });
});

describe('sending', () => {
  const call = (given: Partial<SendCall> = {}): SendCall => ({
    ...capture({ body: Buffer.from('{}') }),
    ...{ by: 'caller' as const, providerKey: 'k', orderCreatedAt: firstSentAt, maySend: () => true },
    ...given,
  });
  const write = (sent: unknown[]) => (account: { id: string }, id: string, extras: object) => {
    sent.push([account.id, id, extras]);
    return Promise.resolve({
      ...{ outcome: 'succeeded' as const, answer: null, providerId: 'c', garbled: false, code: null, reason: null, correlationId: null },
      retryAfterMs: null,
    });
  };

  it("goes once, to the operation's account, with its key", async () => {
    const sent: unknown[] = [];
    const asked = call({ passedHeaders: { 'User-Agent': 'x' } });
    await new OrderSending(new Sending(gateway.accounts), gateway.clock).send(asked, write(sent));
    const { body, maySend } = asked;
    const extras = { by: 'caller', body, idempotencyKey: 'k', headers: { 'User-Agent': 'x' }, maySend, youngOrder: true };
    expect(sent).toEqual([[gateway.shop.accounts['order-management'], orderId, extras]]);
  });

  it.each([
    [119_999, true],
    [120_000, false],
  ])('says that an order of %i ms is young: %s', async (age, youngOrder) => {
    const sent: unknown[][] = [];
    gateway.clock.advance(age);
    await new OrderSending(new Sending(gateway.accounts), gateway.clock).send(call(), write(sent));
    expect(sent).toMatchObject([[expect.anything(), orderId, { youngOrder }]]);
  });

  it('certainly did not happen when the account can not be read', async () => {
    const accounts = { byId: () => Promise.reject(new Error('down')) } as unknown as ProviderAccounts;
    const sent: unknown[] = [];
    expect(await new OrderSending(new Sending(accounts), gateway.clock).send(call(), write(sent))).toMatchObject({
      outcome: 'retry',
      code: 'NOT_SENT',
    });
    expect(sent).toEqual([]);
  });
});
