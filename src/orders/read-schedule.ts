import { type OrderState, OVER } from '../persistence/repositories/stored-order.js';
import { earlier } from './order-picture.js';

const MINUTE_MS = 60_000;
/** A capture that may belong to an unsettled operation is looked at again. */
const HELD_BACK_MS = MINUTE_MS;
/** Klarna decides pending orders within hours, and its callback may get lost. */
const PENDING_MS = 15 * MINUTE_MS;
const AFTER_EXPIRY_MS = MINUTE_MS;
const EXPIRY_OVERDUE_MS = { least: 15 * MINUTE_MS, most: 24 * 60 * MINUTE_MS };

/**
 * When an order that was just read should be read again without anyone asking: after it expires (nothing tells of that), while Klarna
 * assesses it, while a capture or refund waits to be explained. Null: no need.
 */
export function nextRead(order: OrderState, heldBack: boolean, now: Date): Date | null {
  const open = order.status === 'AUTHORIZED' || order.status === 'PART_CAPTURED';
  const expiry = open && order.expiresAt !== null ? readAfterExpiry(order.expiresAt, now) : null;
  const decision = open && order.fraudStatus === 'PENDING' ? after(now, PENDING_MS) : null;
  return earlier(earlier(expiry, decision), heldBack ? after(now, HELD_BACK_MS) : null);
}

/** Klarna may take its time to call the order expired: then rarer and rarer, as long again as it already took. */
function readAfterExpiry(expiresAt: Date, now: Date): Date {
  const overdue = now.getTime() - expiresAt.getTime();
  if (overdue < 0) return after(expiresAt, AFTER_EXPIRY_MS);
  return after(now, Math.min(Math.max(overdue, EXPIRY_OVERDUE_MS.least), EXPIRY_OVERDUE_MS.most));
}

/** Klarna lets orders be read for three years. */
const READABLE_MS = 3 * 365 * 24 * 60 * MINUTE_MS;
/** Comparisons come up to so much of the period early, so that orders that were placed or read together do not stay one wave. */
const SPREAD = 0.25;

/**
 * When an order that was just compared is compared again if nobody reads it before: within a period while something can happen to it,
 * and when it is over (it can still be refunded elsewhere) rarer and rarer, after half as long again as it has been quiet. Null: never.
 * @param periodMs the longest time between two comparisons
 * @param random from 0 to 1
 */
export function nextComparison(order: OrderState, now: Date, periodMs: number, random: number): Date | null {
  if (now.getTime() - order.createdAt.getTime() > READABLE_MS) return null;
  const quietMs = OVER.includes(order.status) ? Math.max(0, now.getTime() - order.updatedAt.getTime()) : 0;
  return after(now, Math.round(Math.max(periodMs, quietMs / 2) * (1 - SPREAD * random)));
}

/** After a read that brought nothing: longer each time, spread out so that orders of one outage don't come back as one wave. */
export function restMs(failuresInARow: number, random: number): number {
  const full = Math.min(5_000 * 2 ** Math.min(failuresInARow - 1, 10), 5 * MINUTE_MS);
  return Math.round(full * (0.5 + random / 2));
}

function after(time: Date, ms: number): Date {
  return new Date(time.getTime() + ms);
}
