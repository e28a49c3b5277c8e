import type { OrderSnapshot } from '../orders/order-snapshot.js';

/** Whether an order is cancelled: by whom can't be seen, and does not matter to who asked for it. Undefined: the order shows no status. */
export function isCancelled({ status }: OrderSnapshot): boolean | undefined {
  return status === null ? undefined : status === 'CANCELLED';
}

/**
 * Whether the rest of a partly captured order was released. Nothing remains for other reasons, too: everything was captured, the order
 * was cancelled, or it expired, and whether a release of an expired order succeeds is Klarna's to say. Whether a release leaves CAPTURED
 * or CLOSED behind is not documented; an order that says PART_CAPTURED with nothing left was released only if its time is not over.
 * @returns undefined when the order does not show its amounts
 */
export function isReleased(snapshot: OrderSnapshot, now: Date): boolean | undefined {
  const { status, orderAmount, capturedAmount, remainingAuthorizedAmount: remaining, expiresAt } = snapshot;
  if (status === null || orderAmount === null || capturedAmount === null || remaining === null) return undefined;
  if (remaining !== 0 || capturedAmount >= orderAmount) return false;
  if (status === 'CAPTURED' || status === 'CLOSED') return true;
  return status === 'PART_CAPTURED' && (expiresAt === null || now < expiresAt);
}
