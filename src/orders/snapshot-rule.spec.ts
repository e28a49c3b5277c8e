import { describe, expect, it } from '@jest/globals';
import type { KnownMovement, NewMovement } from '../persistence/repositories/movements.repository.js';
import type { OrderState } from '../persistence/repositories/stored-order.js';
import { type Act, ACTS } from './drift.js';
import { unknownOrder } from './order-picture.js';
import type { OrderSnapshot } from './order-snapshot.js';
import { applySnapshot, type Reading } from './snapshot-rule.js';

const T0 = new Date('2026-11-20T09:00:00Z');
const at = (seconds: number) => new Date(T0.getTime() + seconds * 1_000);
const known = (given: Partial<OrderState> = {}): OrderState => ({
  ...unknownOrder('subject', T0),
  ...{ status: 'AUTHORIZED', currency: 'SEK', orderAmount: 10_000, originalOrderAmount: 10_000, remainingAuthorizedAmount: 10_000 },
  ...{ readAt: at(0), updatedAt: at(0), refreshAt: null },
  ...given,
});
const snapshot = (given: Partial<OrderSnapshot> = {}): OrderSnapshot => ({
  ...{ orderId: 'o', status: 'AUTHORIZED', fraudStatus: 'ACCEPTED', currency: 'SEK', orderAmount: 10_000, originalOrderAmount: 10_000 },
  ...{ capturedAmount: 0, refundedAmount: 0, remainingAuthorizedAmount: 10_000, merchantReference1: null, merchantReference2: null },
  ...{ klarnaReference: null, expiresAt: null, createdAt: null, captures: [], refunds: [], anomalies: [] },
  ...given,
});
const moved = (providerId: string, amount: number): NewMovement => ({
  ...{ providerId, amount, reference: null, description: null, klarnaReference: null, at: at(1) },
});
const row = (providerId: string, given: Partial<KnownMovement> = {}): KnownMovement => ({
  ...{ ...moved(providerId, 4_000), orderId: 'o', kind: 'capture', operationId: 'op', createdAt: at(1), told: true },
  ...given,
});
const NONE = Object.fromEntries(ACTS.map((act) => [act, false])) as Record<Act, boolean>;
const reading = (given: Partial<Reading> = {}): Reading => ({
  ...{ snapshot: snapshot(), startedAt: at(10), now: at(11), undisturbed: true, known: [], claimedUntil: null },
  ...{ source: 'refresh', unsettled: NONE, settled: NONE },
  ...given,
});
const captured = snapshot({
  status: 'PART_CAPTURED',
  capturedAmount: 4_000,
  remainingAuthorizedAmount: 6_000,
  captures: [moved('c', 4_000)],
});
const types = (application: { events: { type: string }[] }) => application.events.map(({ type }) => type);

describe('a snapshot', () => {
  it('changes nothing and says nothing when nothing is new', () => {
    const { full, state, events } = applySnapshot(known({ fraudStatus: 'ACCEPTED' }), reading());
    expect([full, events, state.updatedAt, state.readAt]).toEqual([true, [], at(0), at(10)]);
  });

  it('wins over what we know, and tells what changed from what in the ordinary course of things', () => {
    const { state, events } = applySnapshot(
      known({ fraudStatus: 'PENDING', expiresAt: at(9) }),
      reading({ snapshot: snapshot({ status: 'EXPIRED', remainingAuthorizedAmount: 0 }) }),
    );
    expect(state).toMatchObject({ status: 'EXPIRED', remainingAuthorizedAmount: 0, fraudStatus: 'ACCEPTED' });
    expect(events).toEqual([
      {
        ...{ type: 'order.changed', at: at(11), operationId: null },
        data: { status: ['AUTHORIZED', 'EXPIRED'], fraud_status: ['PENDING', 'ACCEPTED'], remaining_authorized_amount: [10_000, 0] },
      },
    ]);
  });

  it('does not call it a change when a value becomes known', () => {
    const { state, events } = applySnapshot(
      known(),
      reading({ snapshot: snapshot({ expiresAt: at(999), klarnaReference: 'K1', merchantReference1: 'm' }) }),
    );
    expect(state).toMatchObject({ expiresAt: at(999), klarnaReference: 'K1', merchantReference1: 'm' });
    expect(events).toEqual([]);
  });

  it('keeps what it leaves out', () => {
    const { state } = applySnapshot(
      known({ merchantReference1: 'm' }),
      reading({ snapshot: snapshot({ status: null, orderAmount: null }) }),
    );
    expect(state).toMatchObject({ merchantReference1: 'm', status: 'AUTHORIZED', orderAmount: 10_000 });
  });

  it.each([
    ['CANCELLED', 'AUTHORIZED'],
    ['EXPIRED', 'PART_CAPTURED'],
    ['CLOSED', 'AUTHORIZED'],
    ['SOMETHING_NEW', 'CAPTURED'],
  ])('may show %s after %s, long after: every transition Klarna shows is legal', (to, from) => {
    const { state } = applySnapshot(
      known({ status: from }),
      reading({ snapshot: snapshot({ status: to }), startedAt: at(9_999), now: at(9_999) }),
    );
    expect(state.status).toBe(to);
  });
});

describe('a capture that we did not know', () => {
  it('was made elsewhere when nothing of ours is open; the amounts it explains are no further change', () => {
    const application = applySnapshot(known(), reading({ snapshot: captured }));
    expect(application.takeOver.capture).toHaveLength(1);
    expect(application.state).toMatchObject({ status: 'PART_CAPTURED', capturedAmount: 4_000, remainingAuthorizedAmount: 6_000 });
    expect(application.events).toMatchObject([
      { type: 'order.captured', data: { capture_id: 'c', amount: 4_000, elsewhere: true } },
      { type: 'drift.found', data: { source: 'refresh', fields: application.differences } },
    ]);
    expect(application.state.movedElsewhereAt).toEqual(at(11));
  });

  it('is stored but not announced while a capture of ours is unsettled, and looked at again', () => {
    const application = applySnapshot(known(), reading({ snapshot: captured, unsettled: { ...NONE, capture: true } }));
    expect(application.takeOver.capture).toHaveLength(1);
    expect(application.events).toEqual([]);
    expect(application.state.refreshAt).toEqual(at(71));
  });

  it('is announced by the first read after that operation came to something else', () => {
    const untold = row('c', { operationId: null, told: false });
    const order = known({ status: 'PART_CAPTURED', capturedAmount: 4_000, remainingAuthorizedAmount: 6_000 });
    expect(
      types(applySnapshot(order, reading({ snapshot: captured, known: [untold], unsettled: { ...NONE, capture: true, refund: true } }))),
    ).toEqual([]);
    expect(types(applySnapshot(order, reading({ snapshot: captured, known: [untold] })))).toEqual(['order.captured', 'drift.found']);
  });

  it('is announced although a refund is unsettled', () => {
    expect(types(applySnapshot(known(), reading({ snapshot: captured, unsettled: { ...NONE, refund: true } })))).toEqual([
      ...['order.captured', 'drift.found'],
    ]);
  });

  it('was made by Klarna when the order was placed with auto capture and never read', () => {
    const placed = known({ status: null, remainingAuthorizedAmount: null, readAt: null });
    const { events } = applySnapshot(placed, reading({ snapshot: captured }));
    expect(events[0]?.data).toMatchObject({ auto_capture: true });
    expect(events[0]?.data).not.toHaveProperty('elsewhere');
    expect(events).toHaveLength(1);
  });
});

describe('a snapshot that is not the newest word', () => {
  const disturbed = { snapshot: captured, undisturbed: false };

  it('adds captures when an operation was sent or settled since it began, changes nothing else, and is read again', () => {
    const elsewhere = { ...captured, status: 'CLOSED', merchantReference1: 'other' };
    const { full, state, takeOver } = applySnapshot(known(), reading({ ...disturbed, snapshot: elsewhere }));
    expect([full, state.status, state.capturedAmount, state.remainingAuthorizedAmount]).toEqual([false, 'PART_CAPTURED', 4_000, 6_000]);
    expect([state.merchantReference1, state.readAt, state.refreshAt, takeOver.capture.length]).toEqual([null, at(0), at(16), 1]);
  });

  it('never takes back what was settled meanwhile', () => {
    const settled = known({ status: 'CAPTURED', capturedAmount: 10_000, remainingAuthorizedAmount: 0 });
    const { state } = applySnapshot(settled, reading({ undisturbed: false, known: [row('c', { amount: 10_000 })] }));
    expect(state).toMatchObject({ status: 'CAPTURED', capturedAmount: 10_000, remainingAuthorizedAmount: 0 });
  });

  it('is not applied in full when a younger one was', () => {
    expect(applySnapshot(known({ readAt: at(10.5) }), reading({ startedAt: at(10) })).full).toBe(false);
  });

  it('is applied when our clock was set back: the last read can not be yet to come', () => {
    expect(applySnapshot(known({ readAt: at(5_000) }), reading()).full).toBe(true);
  });
});

describe('a read that lags behind what Klarna has confirmed', () => {
  const lagging: [string, OrderState, Partial<Reading>][] = [
    ['a capture is missing', known({ capturedAmount: 4_000, remainingAuthorizedAmount: 6_000 }), { known: [row('c')] }],
    ['a cancelled order is alive', known({ status: 'CANCELLED', remainingAuthorizedAmount: 0 }), {}],
    ['released money is back', known({ status: 'PART_CAPTURED', remainingAuthorizedAmount: 0 }), {}],
  ];

  it.each(lagging)('is not applied (%s), and asked again', (_, order, given) => {
    const { full, state } = applySnapshot(order, reading(given));
    expect([full, state.status, state.capturedAmount, state.refreshAt]).toEqual([false, order.status, order.capturedAmount, at(41)]);
  });

  it.each(lagging)('is believed and flagged when Klarna still says so after five minutes (%s)', (_, order, given) => {
    const { full, state, events } = applySnapshot(order, reading({ ...given, startedAt: at(301), now: at(302) }));
    expect([full, state.status, state.anomaly?.split(', ')]).toEqual([true, 'AUTHORIZED', expect.arrayContaining(['WENT_BACK'])]);
    expect(events.map(({ type }) => type)).toContain('order.anomaly');
  });

  it('is not suspected when the order was raised', () => {
    const raised = snapshot({ orderAmount: 12_000, remainingAuthorizedAmount: 8_000 });
    expect(applySnapshot(known({ remainingAuthorizedAmount: 6_000 }), reading({ snapshot: raised })).full).toBe(true);
  });
});

describe('what does not add up', () => {
  it('is flagged and told once, and the flag goes when it adds up again', () => {
    const odd = reading({ snapshot: snapshot({ capturedAmount: 1, remainingAuthorizedAmount: 9_999 }) });
    const first = applySnapshot(known({ fraudStatus: 'ACCEPTED' }), odd);
    expect(first.state.anomaly).toBe('CAPTURES_DO_NOT_ADD_UP');
    expect(types(first)).toEqual(['drift.found', 'order.anomaly']);
    expect(types(applySnapshot(first.state, odd))).toEqual([]);
    const later = reading({ startedAt: at(999), now: at(999) });
    expect(applySnapshot(first.state, later).state.anomaly).toBe('WENT_BACK');
    expect(applySnapshot(known({ anomaly: 'CAPTURES_DO_NOT_ADD_UP' }), later).state.anomaly).toBeNull();
  });

  it('keeps what a person has to look at', () => {
    const { state } = applySnapshot(known({ anomaly: 'SECOND_CAPTURE_OF_ONE_OPERATION, UNREADABLE_AMOUNT' }), reading());
    expect(state.anomaly).toBe('SECOND_CAPTURE_OF_ONE_OPERATION');
  });
});

describe('the next read', () => {
  it.each([
    ['a wish from before this read began is satisfied', at(9), null],
    ['a wish from while it ran stays', at(10.5), at(10.5)],
    ["another reader's claim stays", at(190), at(190)],
  ])('%s', (_, refreshAt, then) => {
    expect(applySnapshot(known({ refreshAt }), reading()).state.refreshAt).toEqual(then);
  });

  it('gives its own claim back', () => {
    expect(applySnapshot(known({ refreshAt: at(190) }), reading({ claimedUntil: at(190) })).state.refreshAt).toBeNull();
  });

  it('comes after expiry', () => {
    const { state } = applySnapshot(known(), reading({ snapshot: snapshot({ expiresAt: at(10_000) }) }));
    expect(state.refreshAt).toEqual(at(10_060));
  });
});

describe('a reading that lags behind what we have just changed', () => {
  const late = (act: Act, shown: Partial<OrderSnapshot>, given: Partial<Reading> = {}) =>
    reading({ snapshot: snapshot(shown), settled: { ...NONE, [act]: true }, ...given });
  const rows: [act: Act, order: Partial<OrderState>, shown: Partial<OrderSnapshot>][] = [
    ['authorization-update', { orderAmount: 9_000, remainingAuthorizedAmount: 9_000 }, {}],
    ['merchant-references', { merchantReference1: 'new' }, { merchantReference1: 'old' }],
    ['merchant-references', { merchantReference2: null }, { merchantReference2: 'cleared' }],
    ['extend-authorization', { expiresAt: at(1_000) }, { expiresAt: at(1_000) }],
    ['extend-authorization', { expiresAt: null }, { expiresAt: at(1_000) }],
  ];

  it.each(rows)('(%s) is not believed for some minutes', (act, order, shown) => {
    const { full, state, differences } = applySnapshot(known({ ...order, updatedAt: at(9) }), late(act, shown));
    expect([full, differences, state.refreshAt]).toEqual([false, [], at(41)]);
  });

  it.each(rows)('(%s) is believed in the end', (act, order, shown) => {
    const { full } = applySnapshot(known(order), late(act, shown, { startedAt: at(301), now: at(302) }));
    expect(full).toBe(true);
  });

  it('is flagged then where Klarna can only have gone back: an amount, an earlier end', () => {
    const earlier = ['extend-authorization', { expiresAt: at(1_000) }, { expiresAt: at(999) }] as const;
    const flags = [...rows, earlier].map(([act, order, shown]) => {
      const { state } = applySnapshot(known(order), late(act, shown, { startedAt: at(301), now: at(302) }));
      return [act, state.anomaly];
    });
    expect(flags).toEqual([
      ['authorization-update', 'WENT_BACK'],
      // Of two updates, Klarna may have carried out the other one last.
      ['merchant-references', null],
      ['merchant-references', null],
      // The new end was seen before it was known whose it is; or the last extension was of the same day; or no end was known.
      ['extend-authorization', null],
      ['extend-authorization', null],
      ['extend-authorization', 'WENT_BACK'],
    ]);
  });

  it('is no lag for ever when a capture that came after an extension has renewed the authorization to an earlier end', () => {
    const order = known({ expiresAt: at(1_000) });
    const settled = { ...NONE, 'extend-authorization': true, capture: true };
    const read = (when: number) =>
      applySnapshot(order, reading({ snapshot: snapshot({ expiresAt: at(999) }), settled, startedAt: at(when), now: at(when + 1) }));
    expect(read(2).full).toBe(false);
    const { full, state } = read(301);
    expect([full, state.anomaly, state.expiresAt]).toEqual([true, null, at(999)]);
  });

  it('does not lag when it shows the change, or when we changed nothing', () => {
    const order = known({ orderAmount: 9_000, remainingAuthorizedAmount: 9_000, updatedAt: at(9) });
    const changed = { orderAmount: 9_000, remainingAuthorizedAmount: 9_000 };
    expect(applySnapshot(order, late('authorization-update', changed)).full).toBe(true);
    expect(applySnapshot(order, reading({ snapshot: snapshot() })).full).toBe(true);
    expect(applySnapshot(known({ merchantReference1: 'a' }), reading({ snapshot: snapshot({ merchantReference1: 'b' }) })).full).toBe(true);
  });
});
