import { describe, expect, it } from '@jest/globals';
import type { KnownMovement, NewMovement } from '../persistence/repositories/movements.repository.js';
import type { OrderState } from '../persistence/repositories/stored-order.js';
import { type Act, ACTS, compare, COMPARED, COMPARED_MEMBERS, type ComparisonFacts, untold } from './drift.js';
import { unknownOrder } from './order-picture.js';
import type { OrderSnapshot } from './order-snapshot.js';
import { applyAbsence, applySnapshot } from './snapshot-rule.js';

const T0 = new Date('2026-11-20T09:00:00Z');
const at = (hours: number) => new Date(T0.getTime() + hours * 3_600_000);
const NOW = at(24);
const NONE = Object.fromEntries(ACTS.map((act) => [act, false])) as Record<Act, boolean>;
/** A part-captured, part-refunded order that was read a day ago; both sides say the same of it. */
const SAME = {
  ...{ status: 'PART_CAPTURED', fraudStatus: 'ACCEPTED', currency: 'SEK', orderAmount: 10_000, originalOrderAmount: 10_000 },
  ...{ capturedAmount: 4_000, refundedAmount: 1_000, remainingAuthorizedAmount: 6_000, klarnaReference: 'K1' },
  ...{ merchantReference1: 'm1', merchantReference2: 'm2', expiresAt: at(600) },
};
const movement = (providerId: string, amount: number): NewMovement => ({
  ...{ providerId, amount, reference: 'r', description: null, klarnaReference: null, at: T0 },
});
const row = (kind: 'capture' | 'refund', providerId: string, amount: number): KnownMovement => ({
  ...{ ...movement(providerId, amount), orderId: 'o', kind, operationId: 'op', createdAt: T0, told: true },
});
const stored = (given: Partial<OrderState> = {}): OrderState => ({
  ...unknownOrder('s', T0),
  ...SAME,
  readAt: T0,
  refreshAt: null,
  ...given,
});
const shown = (given: Partial<OrderSnapshot> = {}): OrderSnapshot => ({
  ...SAME,
  ...{ orderId: 'o', createdAt: T0, captures: [movement('c', 4_000)], refunds: [movement('r', 1_000)], anomalies: [] },
  ...given,
});
const facts = (snapshot: Partial<OrderSnapshot>, given: Partial<ComparisonFacts> = {}): ComparisonFacts => ({
  ...{ now: NOW, unsettled: NONE, settled: NONE, known: [row('capture', 'c', 4_000), row('refund', 'r', 1_000)] },
  snapshot: shown(snapshot),
  ...given,
});
const driftOf = (snapshot: Partial<OrderSnapshot>, given: Partial<ComparisonFacts> = {}, order = stored()) =>
  compare(order, facts(snapshot, given)).drift.map(({ field, ours, klarna, resolution }) => [field, ours, klarna, resolution]);

describe('two orders that are equal', () => {
  it('have no differences', () => {
    expect(driftOf({})).toEqual([]);
  });

  it('have none when Klarna leaves something out, or something becomes known', () => {
    const nothing = Object.fromEntries(COMPARED_MEMBERS.map((member) => [member, null]));
    expect(driftOf({ ...nothing, captures: null, refunds: null })).toEqual([]);
    expect(
      driftOf({}, {}, stored({ expiresAt: null, klarnaReference: null, merchantReference1: null, remainingAuthorizedAmount: null })),
    ).toEqual([]);
  });

  it('can not be compared while one is known by its id alone', () => {
    expect(driftOf({ capturedAmount: 5_000 }, {}, stored({ status: null, readAt: null }))).toEqual([]);
  });
});

describe('a difference that nothing explains', () => {
  const rows: [field: string, snapshot: Partial<OrderSnapshot>, ours: unknown, klarna: unknown, resolution: string][] = [
    ['status', { status: 'CAPTURED' }, 'PART_CAPTURED', 'CAPTURED', 'adopted'],
    ['fraud_status', { fraudStatus: 'REJECTED' }, 'ACCEPTED', 'REJECTED', 'adopted'],
    ['currency', { currency: 'EUR' }, 'SEK', 'EUR', 'flagged'],
    ['order_amount', { orderAmount: 12_000 }, 10_000, 12_000, 'adopted'],
    ['original_order_amount', { originalOrderAmount: 9_000 }, 10_000, 9_000, 'adopted'],
    ['captured_amount', { capturedAmount: 5_000 }, 4_000, 5_000, 'adopted'],
    ['refunded_amount', { refundedAmount: 2_000 }, 1_000, 2_000, 'adopted'],
    ['remaining_authorized_amount', { remainingAuthorizedAmount: 5_000 }, 6_000, 5_000, 'adopted'],
    ['merchant_reference1', { merchantReference1: 'x' }, 'm1', 'x', 'adopted'],
    ['merchant_reference2', { merchantReference2: 'x' }, 'm2', 'x', 'adopted'],
    ['klarna_reference', { klarnaReference: 'K2' }, 'K1', 'K2', 'adopted'],
    ['expires_at', { expiresAt: at(700) }, at(600).toISOString(), at(700).toISOString(), 'adopted'],
    ['captures.c', { captures: [] }, 4_000, null, 'flagged'],
    ['refunds.r', { refunds: [] }, 1_000, null, 'flagged'],
    ['captures.c.amount', { captures: [movement('c', 4_001)] }, 4_000, 4_001, 'adopted'],
    ['refunds.r.amount', { refunds: [movement('r', 999)] }, 1_000, 999, 'adopted'],
    ['captures.c.reference', { captures: [{ ...movement('c', 4_000), reference: 'q' }] }, 'r', 'q', 'adopted'],
  ];

  it.each(rows)('in %s is one row, and becomes what the table says', (field, snapshot, ours, klarna, resolution) => {
    expect(driftOf(snapshot)).toEqual([[field, ours, klarna, resolution]]);
  });

  it('has a row above for every field that is compared', () => {
    const tested = rows.map(([field]) => field);
    expect(Object.values(COMPARED).filter(({ field }) => !tested.includes(field))).toEqual([]);
  });

  it.each(rows)('in %s is in our order afterwards when adopted, and not when flagged', (field, snapshot, ours, klarna, resolution) => {
    const { state } = applySnapshot(stored(), reading(snapshot));
    const member = COMPARED_MEMBERS.find((name) => COMPARED[name].field === field);
    if (member === undefined)
      return expect(state.flaggedDifferences?.map((each) => each.field) ?? []).toEqual(resolution === 'flagged' ? [field] : []);
    const now = state[member];
    expect(now instanceof Date ? now.toISOString() : now).toBe(resolution === 'adopted' ? klarna : ours);
  });

  it('in the currency keeps every amount ours', () => {
    expect(driftOf({ currency: 'EUR', orderAmount: 900, capturedAmount: 300 })).toEqual([
      ['currency', 'SEK', 'EUR', 'flagged'],
      ['order_amount', 10_000, 900, 'flagged'],
      ['captured_amount', 4_000, 300, 'flagged'],
    ]);
    const { state } = applySnapshot(stored(), reading({ currency: 'EUR', orderAmount: 900, capturedAmount: 300 }));
    expect(state).toMatchObject({ currency: 'SEK', orderAmount: 10_000, capturedAmount: 4_000 });
    expect(state.anomaly).toContain('CURRENCY_DIFFERS');
  });
});

describe('what an open operation may have done', () => {
  const captured = { status: 'CAPTURED', capturedAmount: 10_000, remainingAuthorizedAmount: 0, expiresAt: at(700) };
  it.each([
    ['capture', captured, []],
    ['refund', { refundedAmount: 2_000 }, []],
    ['cancel', { status: 'CANCELLED', remainingAuthorizedAmount: 0 }, []],
    ['release', { status: 'CLOSED', remainingAuthorizedAmount: 0 }, []],
    ['capture', { status: 'CANCELLED', refundedAmount: 2_000 }, ['status', 'refunded_amount']],
    ['refund', { capturedAmount: 5_000 }, ['captured_amount']],
    ['cancel', captured, ['status', 'captured_amount', 'expires_at']],
    ['release', { merchantReference1: 'x', orderAmount: 1 }, ['order_amount', 'merchant_reference1']],
  ] as [keyof typeof NONE, Partial<OrderSnapshot>, string[]][])('%s: %j leaves %j', (act, snapshot, left) => {
    expect(driftOf(snapshot, { unsettled: { ...NONE, [act]: true } }).map(([field]) => field)).toEqual(left);
  });
});

describe('what one of our successes leaves to the next reading', () => {
  it.each([
    ['capture', { expiresAt: at(700) }, []],
    ['release', { status: 'CAPTURED' }, []],
    ['capture', { capturedAmount: 5_000 }, ['captured_amount']],
    ['release', { remainingAuthorizedAmount: 5_000 }, ['remaining_authorized_amount']],
    ['refund', { refundedAmount: 2_000 }, ['refunded_amount']],
    ['cancel', { status: 'CLOSED' }, ['status']],
  ] as [keyof typeof NONE, Partial<OrderSnapshot>, string[]][])('%s: %j leaves %j', (act, snapshot, left) => {
    expect(driftOf(snapshot, { settled: { ...NONE, [act]: true } }).map(([field]) => field)).toEqual(left);
  });
});

describe('ordinary life', () => {
  const open = stored({ status: 'AUTHORIZED', capturedAmount: 0, refundedAmount: 0, remainingAuthorizedAmount: 10_000 });
  const bare = { capturedAmount: 0, refundedAmount: 0, captures: [], refunds: [] };
  const over = { ...bare, status: 'EXPIRED', remainingAuthorizedAmount: 0 };
  const after = (order: Partial<OrderState>, snapshot: Partial<OrderSnapshot>, now = NOW) =>
    driftOf({ ...bare, ...snapshot }, { known: [], now }, { ...open, ...order }).map(([field]) => field);

  it.each<[string, Partial<OrderState>, Partial<OrderSnapshot>, Date, string[]]>([
    ['a fraud decision', { fraudStatus: 'PENDING' }, { ...open, ...bare, fraudStatus: 'ACCEPTED' }, NOW, []],
    ['expiry in time', {}, over, at(600), []],
    ['expiry a moment early by our clock', {}, over, at(599.95), []],
    ['expiry of an order whose time we never learned', { expiresAt: null }, { ...over, expiresAt: at(10) }, NOW, []],
    ['expiry of what remained of a captured order', { status: 'PART_CAPTURED' }, { remainingAuthorizedAmount: 0 }, at(601), []],
    ['a cancel by Klarna after it rejected', {}, { ...over, status: 'CANCELLED', fraudStatus: 'REJECTED' }, NOW, ['fraud_status']],
    ['closing what is over', { status: 'CAPTURED', remainingAuthorizedAmount: 0 }, { ...over, status: 'CLOSED' }, NOW, []],
    ['NOT: expiry long before its time', {}, over, NOW, ['status', 'remaining_authorized_amount']],
    [
      'NOT: a second thought about fraud',
      {},
      { status: 'AUTHORIZED', remainingAuthorizedAmount: 10_000, fraudStatus: 'REJECTED' },
      NOW,
      ['fraud_status'],
    ],
    ['NOT: a cancel', {}, { ...over, status: 'CANCELLED' }, NOW, ['status', 'remaining_authorized_amount']],
    [
      'NOT: an authorization that comes back',
      { status: 'EXPIRED', remainingAuthorizedAmount: 0 },
      { status: 'AUTHORIZED', remainingAuthorizedAmount: 10_000 },
      at(601),
      ['status', 'remaining_authorized_amount'],
    ],
  ])('%s', (_, order, snapshot, now, left) => {
    expect(after(order, snapshot, now)).toEqual(left);
  });
});

describe('telling', () => {
  it('says in one event all that a reading found, and what made the reading', () => {
    const { events } = applySnapshot(stored(), { ...reading({ orderAmount: 12_000, currency: 'EUR' }), source: 'scan' });
    const found = events.filter(({ type }) => type === 'drift.found');
    expect(found).toHaveLength(1);
    expect(found[0]?.data).toMatchObject({ source: 'scan', fields: [{ field: 'currency' }, { field: 'order_amount' }] });
  });

  it('says what was flagged once, as long as it stands, and again when it is another value', () => {
    const first = applySnapshot(stored(), reading({ currency: 'EUR' }));
    const again = applySnapshot(first.state, reading({ currency: 'EUR' }));
    expect([again.events, again.differences.length]).toEqual([[], 1]);
    expect(untold(again.differences, first.state.flaggedDifferences)).toEqual([]);
    expect(applySnapshot(first.state, reading({ currency: 'NOK' })).events.map(({ type }) => type)).toEqual(['drift.found']);
    expect(applySnapshot(first.state, reading({})).state).toMatchObject({ flaggedDifferences: null, anomaly: null });
  });

  it('says of a capture that was never told of and is not shown any more only that it is not shown', () => {
    const ghost = { ...row('capture', 'ghost', 700), operationId: null, told: false };
    const { events } = applySnapshot(stored(), { ...reading({}), known: [...facts({}).known, ghost] });
    expect(events.map(({ type }) => type)).toEqual(['drift.found', 'order.anomaly']);
    expect(events[0]?.data).toMatchObject({ fields: [{ field: 'captures.ghost', ours: 700, klarna: null, resolution: 'flagged' }] });
  });

  it('is not that an order expired while its answer was on the way', () => {
    const order = { ...stored(), expiresAt: at(3_600) };
    const asked = { ...reading({ status: 'CLOSED', remainingAuthorizedAmount: 0, expiresAt: at(3_600) }), startedAt: at(1) };
    expect(applySnapshot(order, { ...asked, now: at(2) }).events.map(({ type }) => type)).toContain('drift.found');
    const { events, state } = applySnapshot(order, { ...asked, now: at(3_601) });
    expect([events.map(({ type }) => type), state.status]).toEqual([['order.changed'], 'CLOSED']);
  });

  it('says nothing by a reading that something of ours overtook, or that is older than the last', () => {
    const moved = { status: 'CAPTURED', orderAmount: 1, capturedAmount: 9 };
    for (const late of [{ undisturbed: false }, { startedAt: at(-1) }]) {
      const { full, events, differences } = applySnapshot(stored(), { ...reading(moved), ...late });
      expect([full, events, differences]).toEqual([false, [], []]);
    }
  });

  it('says that Klarna does not show the order any more, once', () => {
    const moment = { source: 'scan', startedAt: NOW, now: NOW, undisturbed: true, claimedUntil: null } as const;
    const first = applyAbsence(stored(), 'o', moment);
    expect(first.events).toMatchObject([
      { type: 'drift.found', data: { fields: [{ field: 'provider_order_id', ours: 'o', klarna: null, resolution: 'flagged' }] } },
      { type: 'order.anomaly', data: { anomaly: 'NO_SUCH_ORDER_AT_PROVIDER' } },
    ]);
    expect(first.state).toMatchObject({ status: 'PART_CAPTURED', capturedAmount: 4_000 });
    expect(applyAbsence(first.state, 'o', moment)).toMatchObject({ events: [], differences: [{ field: 'provider_order_id' }] });
    expect(applyAbsence(stored(), 'o', { ...moment, undisturbed: false })).toMatchObject({
      events: [],
      differences: [],
      state: { anomaly: null },
    });
    expect(applySnapshot(first.state, reading({})).state).toMatchObject({ flaggedDifferences: null, anomaly: null });
  });
});

function reading(snapshot: Partial<OrderSnapshot>): Parameters<typeof applySnapshot>[1] {
  return { ...facts(snapshot), source: 'refresh', startedAt: NOW, undisturbed: true, claimedUntil: null };
}

describe('what we changed ourselves', () => {
  it.each<[act: Act, snapshot: Partial<OrderSnapshot>]>([
    ['authorization-update', { status: 'CAPTURED', remainingAuthorizedAmount: 0 }],
    ['extend-authorization', { expiresAt: at(900) }],
    ['merchant-references', { merchantReference1: 'new', merchantReference2: '' }],
  ])('(%s) is no drift once it has succeeded, and told by the next reading', (act, snapshot) => {
    expect(driftOf(snapshot)).not.toEqual([]);
    expect(driftOf(snapshot, { settled: { ...NONE, [act]: true } })).toEqual([]);
  });

  it.each<[act: Act, snapshot: Partial<OrderSnapshot>]>([
    ['authorization-update', { orderAmount: 9_000, remainingAuthorizedAmount: 5_000 }],
    ['extend-authorization', { expiresAt: at(900) }],
    ['merchant-references', { merchantReference1: 'new' }],
  ])('(%s) is no drift while it is open, either', (act, snapshot) => {
    expect(driftOf(snapshot)).not.toEqual([]);
    expect(driftOf(snapshot, { unsettled: { ...NONE, [act]: true } })).toEqual([]);
  });
});
