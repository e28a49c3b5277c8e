import type { NewOutgoingEvent } from './events.repository.js';
import type { OrderIdentity, OrderState } from './stored-order.js';
import type { NewEvent } from './timeline.repository.js';

/** An order as it is written: what it was (null: it was not there), what it is now, and what its timeline says of that. */
export interface OrderChange {
  order: Pick<OrderIdentity, 'id' | 'merchantId' | 'providerOrderId'>;
  before: OrderState | null;
  after: OrderState;
  entries: readonly NewEvent[];
}

/** What follows for merchants from a change of an order. */
export interface Told {
  events: NewOutgoingEvent[];
  /** The order is known well enough to be told of by itself: it was placed by us, or read. */
  announce: { operationId: string | null; at: Date } | null;
}

/** Klarna takes a while to let an order expire, and clocks differ; an order is read so long after its end. */
const SURELY_OVER_MS = 60_000;

/**
 * What merchants are told of a change of an order; the one place that says so. Captures, refunds and drift are told of when the timeline
 * tells of them, which is once each. What is a state (cancelled, released, expired, assessed) is told of when the order's row comes into it,
 * so it makes no difference who sees it first, an operation of ours or a reading, and whoever comes second says nothing new. The
 * timeline's other entries are not told. `order.created` is made of the row when it is published.
 */
export function eventsOf(change: OrderChange): Told {
  const { order, before, after, entries } = change;
  const events: NewOutgoingEvent[] = [];
  const tell = (type: NewOutgoingEvent['type'], entry: Pick<NewEvent, 'at' | 'operationId' | 'data'>): void => {
    const { id: orderId, merchantId, providerOrderId } = order;
    events.push({ ...entry, merchantId, subject: orderId, type, orderId, providerOrderId });
  };
  const entryOf = (type: string): NewEvent | undefined => entries.find((entry) => entry.type === type);
  const seen = (data: Record<string, unknown>) => ({ at: learnedAt(change), operationId: null, data });

  const decision = decisionOf(before, after);
  if (decision !== undefined) tell(decision, seen({ fraud_status: after.fraudStatus, status: after.status }));
  for (const entry of entries) {
    if (entry.type === 'order.captured' || entry.type === 'order.refunded') tell(entry.type, entry);
  }
  if (before !== null) {
    const lost = lostWithoutCapture(before, after);
    const amount = lost ?? before.remainingAuthorizedAmount;
    const hasExpired = isExpired(after) || (lost !== null && isPastItsEnd(after));
    if (before.status !== 'CANCELLED' && after.status === 'CANCELLED') {
      tell('order.cancelled', entryOf('order.cancelled') ?? seen({ amount }));
    } else if (entryOf('order.released') !== undefined) {
      if (before.remainingAuthorizedAmount !== 0) tell('order.released', entryOf('order.released') ?? seen({ amount }));
    } else if (hasExpired && !isExpired(before)) {
      tell('order.expired', seen({ amount, status: after.status, expires_at: after.expiresAt?.toISOString() ?? null }));
    } else if (lost !== null && !hasExpired && !isExpired(before) && after.orderAmount === before.orderAmount) {
      tell('order.released', seen({ amount: lost }));
    }
  }
  for (const entry of entries) if (entry.type === 'drift.found') tell(entry.type, entry);
  return { events, announce: announcement(change) };
}

/** A reading that changes nothing of an order may still tell something of it: its end has passed. */
function learnedAt({ after, entries }: OrderChange): Date {
  const { readAt, updatedAt } = after;
  return entries[0]?.at ?? (readAt !== null && readAt > updatedAt ? readAt : updatedAt);
}

function announcement(change: OrderChange): Told['announce'] {
  const { after, entries } = change;
  const placed = entries.find(({ type }) => type === 'order.created');
  // Another merchant's operation is nothing to this one.
  const foreign = after.anomaly?.includes('PLACED_BY_ANOTHER_MERCHANT') === true;
  if (placed !== undefined) return { operationId: foreign ? null : placed.operationId, at: placed.at };
  return after.readAt === null ? null : { operationId: null, at: learnedAt(change) };
}

/**
 * The provider decided, or thought again: whoever was told to send the parcel must be told not to, by the same kind of word. What was not
 * known before is no decision of now: the order may have been made with it.
 */
function decisionOf(before: OrderState | null, { fraudStatus }: OrderState): NewOutgoingEvent['type'] | undefined {
  const known = before?.fraudStatus ?? null;
  if (known === null || known === fraudStatus) return undefined;
  if (fraudStatus === 'ACCEPTED') return 'order.fraud.accepted';
  return fraudStatus === 'REJECTED' ? 'order.fraud.rejected' : undefined;
}

/** Minor units that could be captured before and can't be now, though nobody captured them; null: none, or not known. */
function lostWithoutCapture(before: OrderState, after: OrderState): number | null {
  if (before.remainingAuthorizedAmount === null || after.remainingAuthorizedAmount !== 0) return null;
  const lost = before.remainingAuthorizedAmount - Math.max(0, after.capturedAmount - before.capturedAmount);
  return lost > 0 ? lost : null;
}

/** By the provider's word; or by the clock, when it was read after its end and is still called open. */
function isExpired(order: OrderState): boolean {
  const open = order.status === 'AUTHORIZED' || order.status === 'PART_CAPTURED';
  return order.status === 'EXPIRED' || (open && order.remainingAuthorizedAmount !== 0 && isPastItsEnd(order));
}

function isPastItsEnd({ readAt, expiresAt }: OrderState): boolean {
  return readAt !== null && expiresAt !== null && readAt.getTime() >= expiresAt.getTime() + SURELY_OVER_MS;
}
