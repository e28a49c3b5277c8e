import type { KnownMovement, Movement, MovementKind, NewMovement } from '../persistence/repositories/movements.repository.js';
import type { Difference, OrderState } from '../persistence/repositories/stored-order.js';
import type { NewEvent } from '../persistence/repositories/timeline.repository.js';
import { type Act, absence, compare, COMPARED, currencyDiffers, isComparable, type ReadingSource, unknownHere, untold } from './drift.js';
import { afterMovement, anomaliesOf, earlier, flagged, LASTING_ANOMALIES } from './order-picture.js';
import type { OrderSnapshot } from './order-snapshot.js';
import { nextRead } from './read-schedule.js';

/** When a question was asked, and what was found under the order's lock when its answer was to be applied. */
export interface Moment {
  source: ReadingSource;
  /** Business time before the question was sent. */
  startedAt: Date;
  now: Date;
  /** No operation of the order was sent or settled between the question and this moment. */
  undisturbed: boolean;
  /** The `refresh_at` by which the reader claimed the order; null for reads that nobody scheduled. */
  claimedUntil: Date | null;
}

/** A snapshot, and what is known besides the order's row when it is to be applied. */
export interface Reading extends Moment {
  snapshot: OrderSnapshot;
  /** Operations that may have happened and are not settled: a new movement may be the effect of one of its kind. */
  unsettled: Readonly<Record<Act, boolean>>;
  /** Operations that succeeded since the last snapshot was applied in full. */
  settled: Readonly<Record<Act, boolean>>;
  /** Captures and refunds that we have. */
  known: readonly KnownMovement[];
}

/** What a snapshot does to an order. */
export interface Application {
  /** The order is now as the snapshot says; else only new captures and refunds were added, and it is read again. */
  full: boolean;
  state: OrderState;
  takeOver: Record<MovementKind, NewMovement[]>;
  events: NewEvent[];
  /** What this snapshot showed otherwise, and nothing explains; flagged ones as long as they stand. */
  differences: Difference[];
}

/** How long reads may lag behind what Klarna has already confirmed; after that, what it shows is believed even if it goes back. */
const READS_MAY_LAG_MS = 300_000;
const AGAIN_AFTER_DISTURBANCE_MS = 5_000;
const AGAIN_AFTER_LAG_MS = 30_000;

const REFERENCES = ['merchantReference1', 'merchantReference2'] as const;

const WORDS = {
  capture: { event: 'order.captured', id: 'capture_id', at: 'captured_at' },
  refund: { event: 'order.refunded', id: 'refund_id', at: 'refunded_at' },
} as const;

/**
 * Applies a snapshot to an order. In full only if nothing was sent or settled since it began, it is newer than the last one, and it does
 * not go back behind what Klarna has confirmed; else only new captures and refunds are added, which is right whatever the snapshot's
 * age, because neither ever disappears. Every transition that Klarna shows is legal.
 */
export function applySnapshot(order: OrderState, reading: Reading): Application {
  const { snapshot, startedAt, now } = reading;
  const fresh = { capture: unknownIn('capture', snapshot.captures, reading), refund: unknownIn('refund', snapshot.refunds, reading) };
  const wentBack = goesBack(order, reading);
  const lags = wentBack || isPerhapsBeforeOurs(order, reading);
  const full =
    reading.undisturbed && isNewer(order, startedAt, now) && !(lags && startedAt.getTime() - order.updatedAt.getTime() < READS_MAY_LAG_MS);

  let picture = order;
  for (const kind of ['capture', 'refund'] as const) {
    for (const { amount } of fresh[kind]) picture = afterMovement(kind, picture, amount ?? 0);
  }
  const { events, heldBack, elsewhere } = tell(order, picture, fresh, reading);
  const differences = isComparable(order) ? [...elsewhere] : [];
  let state = elsewhere.length === 0 ? picture : { ...picture, movedElsewhereAt: now };
  let changed: Record<string, unknown> | undefined;
  if (full) {
    state = { ...state, ...shown(snapshot, picture), readAt: startedAt, anomaly: null };
    state = withAnomalies(state, order, snapshot, wentBack);
    const { drift, explained } = compare(order, reading);
    differences.push(...drift);
    changed = changes(explained, picture, state);
  }
  const news = untold(differences, order.flaggedDifferences);
  if (full) state = { ...state, flaggedDifferences: standing(differences) };
  if (news.length > 0) events.push(driftFound(news, reading));
  if (changed !== undefined) events.push({ type: 'order.changed', at: now, operationId: null, data: changed });
  if (state.anomaly !== null && state.anomaly !== order.anomaly) {
    events.push({ type: 'order.anomaly', at: now, operationId: null, data: { anomaly: state.anomaly } });
  }
  const wanted = full ? nextRead(state, heldBack, now) : new Date(now.getTime() + (lags ? AGAIN_AFTER_LAG_MS : AGAIN_AFTER_DISTURBANCE_MS));
  const touched = events.length > 0 || fresh.capture.length > 0 || fresh.refund.length > 0;
  return {
    full,
    state: { ...state, updatedAt: touched ? now : order.updatedAt, refreshAt: rescheduled(order, reading, wanted) },
    takeOver: full ? { capture: snapshot.captures ?? [], refund: snapshot.refunds ?? [] } : fresh,
    events,
    differences,
  };
}

/** What it does to an order that Klarna does not show it, or shows another one under its id. */
export function applyAbsence(
  order: OrderState,
  providerOrderId: string,
  moment: Moment,
): Pick<Application, 'state' | 'events' | 'differences'> {
  const { now, startedAt, undisturbed } = moment;
  if (!undisturbed || !isNewer(order, startedAt, now)) {
    const refreshAt = rescheduled(order, moment, new Date(now.getTime() + AGAIN_AFTER_DISTURBANCE_MS));
    return { state: { ...order, refreshAt }, events: [], differences: [] };
  }
  const difference = absence(providerOrderId);
  const news = untold([difference], order.flaggedDifferences);
  const state = flagged(order, 'NO_SUCH_ORDER_AT_PROVIDER');
  const events = news.length === 0 ? [] : [driftFound(news, moment)];
  if (state.anomaly !== order.anomaly) {
    events.push({ type: 'order.anomaly', at: now, operationId: null, data: { anomaly: state.anomaly } });
  }
  return {
    state: {
      ...state,
      updatedAt: events.length > 0 ? now : order.updatedAt,
      refreshAt: rescheduled(order, moment, null),
      flaggedDifferences: [...(order.flaggedDifferences ?? []), ...news],
    },
    events,
    differences: [difference],
  };
}

function driftFound(fields: readonly Difference[], { source, now }: Moment): NewEvent {
  return { type: 'drift.found', at: now, operationId: null, data: { source, fields } };
}

function standing(differences: readonly Difference[]): Difference[] | null {
  const kept = differences.filter(({ resolution }) => resolution === 'flagged');
  return kept.length === 0 ? null : kept;
}

function unknownIn(kind: MovementKind, seen: readonly NewMovement[] | null, { known }: Reading): NewMovement[] {
  const ids = new Set(known.filter((movement) => movement.kind === kind).map(({ providerId }) => providerId));
  return (seen ?? []).filter(({ providerId }) => !ids.has(providerId));
}

/** A clock that was set back makes the last read look as if it were to come: then the newer read is the one at hand. */
function isNewer(order: OrderState, startedAt: Date, now: Date): boolean {
  return order.readAt === null || order.readAt <= startedAt || order.readAt > now;
}

/**
 * Whether a snapshot shows less than Klarna has confirmed before: a capture is missing, a cancelled or released order has money again, an
 * amount or an end that we have changed since the last reading is as it was.
 */
function goesBack(order: OrderState, { snapshot, known, settled }: Reading): boolean {
  const lacks = (kind: MovementKind, seen: readonly NewMovement[] | null) =>
    seen !== null && known.some((movement) => movement.kind === kind && !seen.some(({ providerId }) => providerId === movement.providerId));
  if (lacks('capture', snapshot.captures) || lacks('refund', snapshot.refunds)) return true;
  if (order.status === 'CANCELLED' && snapshot.status !== 'CANCELLED') return true;
  if (isComparable(order) && isBeforeOurs(order, snapshot, settled)) return true;
  const { remainingAuthorizedAmount: before, orderAmount } = order;
  const after = snapshot.remainingAuthorizedAmount;
  return before !== null && after !== null && after > before && snapshot.orderAmount === orderAmount;
}

/** Whether a snapshot shows what we have changed since the last reading as it was, which nothing but a lag explains. */
function isBeforeOurs(order: OrderState, snapshot: OrderSnapshot, settled: Reading['settled']): boolean {
  if (settled['authorization-update'] && differ(order.orderAmount, snapshot.orderAmount)) return true;
  // A capture may have renewed the authorization since, to an earlier end than the extension's.
  return settled['extend-authorization'] && !settled.capture && endsEarlier(order, snapshot);
}

function endsEarlier({ expiresAt }: OrderState, snapshot: OrderSnapshot): boolean {
  return expiresAt !== null && snapshot.expiresAt !== null && snapshot.expiresAt < expiresAt;
}

/**
 * Whether a snapshot may be older than what we have changed since the last reading, and may as well be the last word: an extension that
 * moved nothing (on the day of the last one), or whose end was read before it was known to be ours, or of an order whose end was not known, or
 * after which a capture may have renewed the authorization;
 * references of which Klarna carried out another update last. It is taken for a lag until lags are over, and nothing is wrong then.
 */
function isPerhapsBeforeOurs(order: OrderState, { snapshot, settled }: Reading): boolean {
  if (!isComparable(order)) return false;
  if (settled['merchant-references'] && REFERENCES.some((name) => differ(order[name], snapshot[name]))) return true;
  if (!settled['extend-authorization'] || snapshot.expiresAt === null) return false;
  if (settled.capture && endsEarlier(order, snapshot)) return true;
  return order.expiresAt === null || snapshot.expiresAt.getTime() === order.expiresAt.getTime();
}

/** What is not known says nothing; but a reference that was cleared is known to be none. */
function differ(ours: string | number | null, klarna: string | number | null): boolean {
  return klarna !== null && ours !== klarna && !(ours === null && klarna === '');
}

/**
 * Events for captures and refunds that the timeline has not told of. One that no operation is known to have made was made elsewhere,
 * unless an operation of its kind is unsettled: then it may be ours, and whoever settles that operation tells of it (or, when it was
 * not, the next read does).
 */
function tell(
  order: OrderState,
  picture: OrderState,
  fresh: Record<MovementKind, NewMovement[]>,
  { snapshot, known, unsettled, now }: Reading,
): { events: NewEvent[]; heldBack: boolean; elsewhere: Difference[] } {
  // Placed with auto capture and never read: what is there was captured by Klarna, as asked for.
  const automatic = order.readAt === null && order.status === null && order.orderAmount !== null;
  const events: NewEvent[] = [];
  const elsewhere: Difference[] = [];
  let heldBack = false;
  for (const kind of ['capture', 'refund'] as const) {
    const seen = kind === 'capture' ? snapshot.captures : snapshot.refunds;
    const isShown = ({ providerId }: Movement) => seen === null || seen.some((movement) => movement.providerId === providerId);
    const untold = known.filter((movement) => movement.kind === kind && !movement.told && movement.operationId === null);
    const open = [...untold.filter(isShown), ...fresh[kind]];
    const asked = automatic && kind === 'capture';
    if (open.length > 0 && unsettled[kind]) heldBack = true;
    else {
      events.push(...open.map((movement) => made(kind, movement, picture, asked, now)));
      if (!asked) elsewhere.push(...open.map((movement) => unknownHere(kind, movement)));
    }
  }
  return { events, heldBack, elsewhere };
}

function made(kind: MovementKind, movement: NewMovement | Movement, picture: OrderState, asked: boolean, now: Date): NewEvent {
  const { event, id, at } = WORDS[kind];
  const data = {
    [id]: movement.providerId,
    amount: movement.amount,
    captured_amount: picture.capturedAmount,
    refunded_amount: picture.refundedAmount,
    remaining_authorized_amount: picture.remainingAuthorizedAmount,
    [at]: movement.at?.toISOString() ?? null,
    ...(asked ? { auto_capture: true } : { elsewhere: true }),
  };
  return { type: event, at: now, operationId: null, data };
}

/** What the snapshot shows wins; what it leaves out stays, and so do all amounts while it speaks of another currency. */
function shown(snapshot: OrderSnapshot, picture: OrderState): Partial<OrderState> {
  const foreign = currencyDiffers(picture, snapshot);
  const amount = (member: 'orderAmount' | 'originalOrderAmount' | 'remainingAuthorizedAmount') =>
    foreign ? picture[member] : (snapshot[member] ?? picture[member]);
  return {
    status: snapshot.status ?? picture.status,
    fraudStatus: snapshot.fraudStatus ?? picture.fraudStatus,
    currency: picture.currency ?? snapshot.currency,
    orderAmount: amount('orderAmount'),
    originalOrderAmount: amount('originalOrderAmount'),
    capturedAmount: foreign ? picture.capturedAmount : (snapshot.capturedAmount ?? picture.capturedAmount),
    refundedAmount: foreign ? picture.refundedAmount : (snapshot.refundedAmount ?? picture.refundedAmount),
    remainingAuthorizedAmount: amount('remainingAuthorizedAmount'),
    merchantReference1: snapshot.merchantReference1 ?? picture.merchantReference1,
    merchantReference2: snapshot.merchantReference2 ?? picture.merchantReference2,
    klarnaReference: snapshot.klarnaReference ?? picture.klarnaReference,
    expiresAt: snapshot.expiresAt ?? picture.expiresAt,
    createdAt: snapshot.createdAt ?? picture.createdAt,
  };
}

/** What changed in the ordinary course of things, beyond what new captures and refunds explain: each from what to what. */
function changes(
  explained: readonly (keyof typeof COMPARED)[],
  picture: OrderState,
  state: OrderState,
): Record<string, unknown> | undefined {
  const changed: Record<string, unknown> = {};
  for (const member of explained) {
    const [from, to] = [picture[member], state[member]].map((value) => (value instanceof Date ? value.toISOString() : value));
    if (from !== to) changed[COMPARED[member].field] = [from, to];
  }
  return Object.keys(changed).length === 0 ? undefined : changed;
}

function withAnomalies(state: OrderState, order: OrderState, snapshot: OrderSnapshot, wentBack: boolean): OrderState {
  let noted = state;
  const before = anomaliesOf(order);
  for (const lasting of LASTING_ANOMALIES) if (before.includes(lasting)) noted = flagged(noted, lasting);
  for (const anomaly of snapshot.anomalies) noted = flagged(noted, anomaly);
  if (!addsUp(snapshot.captures, snapshot.capturedAmount)) noted = flagged(noted, 'CAPTURES_DO_NOT_ADD_UP');
  if (!addsUp(snapshot.refunds, snapshot.refundedAmount)) noted = flagged(noted, 'REFUNDS_DO_NOT_ADD_UP');
  if (currencyDiffers(order, snapshot)) noted = flagged(noted, 'CURRENCY_DIFFERS');
  if (state.refundedAmount > state.capturedAmount) noted = flagged(noted, 'REFUNDED_MORE_THAN_CAPTURED');
  return wentBack ? flagged(noted, 'WENT_BACK') : noted;
}

function addsUp(seen: readonly NewMovement[] | null, total: number | null): boolean {
  return seen === null || total === null || seen.reduce((sum, { amount }) => sum + (amount ?? 0), 0) === total;
}

/**
 * The time of the next read. This read satisfies a wish that was there before it began, and its own claim; a later wish stays, because
 * what it is about may have happened after the snapshot was taken.
 */
function rescheduled(order: OrderState, { startedAt, claimedUntil }: Moment, wanted: Date | null): Date | null {
  const { refreshAt } = order;
  const satisfied = refreshAt === null || refreshAt <= startedAt || refreshAt.getTime() === claimedUntil?.getTime();
  return satisfied ? wanted : earlier(refreshAt, wanted);
}
