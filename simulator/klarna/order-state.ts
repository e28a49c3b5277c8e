import type { SwitchValues } from '../switches.js';
import type { Capture, Order, OrderLine, OrderStatus } from './model.js';

/** An authorization lasts 28 days. */
export const ORDER_LIFETIME_MS = 28 * 24 * 3_600_000;

const DAY_MS = 24 * 3_600_000;

/** Authorizations can be extended until their order is so old. */
export const EXTENDABLE_MS = 180 * DAY_MS;

/**
 * The end of an authorization that is extended at `now`: as in Klarna's guide the start of the 29th day after today, so that all extensions of
 * one day end at the same time. Never earlier than before.
 */
export function extendedEnd(order: Order, now: number): number {
  return Math.max(order.expires_at, (Math.floor(now / DAY_MS) + 29) * DAY_MS);
}

/** Whether the time to capture ran out while something was left to capture. */
export function isExpired(order: Order, now: number): boolean {
  const done = order.cancelled || order.released !== undefined || isFullyCaptured(order);
  return !done && now >= order.expires_at;
}

/** What can still be captured, in minor units: 0 once cancelled, released or expired. */
export function remainingAmount(order: Order, now: number): number {
  if (order.cancelled || order.released !== undefined || isExpired(order, now)) return 0;
  return order.order_amount - order.captured_amount;
}

/** The status Order Management shows. It follows from amounts, time and what was cancelled or released; it is not stored. */
export function statusOf(order: Order, now: number, statusAfterExpiry: SwitchValues['status_after_expiry']): OrderStatus {
  if (order.cancelled) return 'CANCELLED';
  if (order.released !== undefined) return order.released;
  if (isFullyCaptured(order)) return 'CAPTURED';
  const captured = order.capture_ids.length > 0;
  if (isExpired(order, now)) return captured ? statusAfterExpiry : 'EXPIRED';
  return captured ? 'PART_CAPTURED' : 'AUTHORIZED';
}

function isFullyCaptured(order: Order): boolean {
  return order.capture_ids.length > 0 && order.captured_amount === order.order_amount;
}

/** What a capture consists of besides its amount. */
export interface CaptureDetails {
  reference?: string;
  description?: string;
  order_lines?: OrderLine[];
  shipping_info?: Capture['shipping_info'];
}

/**
 * The order and the capture that taking `amount` (minor units) leads to. Judges nothing: callers have checked that it is allowed.
 * Capturing counts as acknowledging.
 */
export function withCapture(
  order: Order,
  captureId: string,
  amount: number,
  at: number,
  key: string | null,
  details: CaptureDetails,
): { order: Order; capture: Capture } {
  const capture: Capture = {
    capture_id: captureId,
    order_id: order.order_id,
    klarna_reference: `${order.klarna_reference}-${order.capture_ids.length + 1}`,
    captured_amount: amount,
    refunded_amount: 0,
    captured_at: at,
    idempotency_key: key,
    ...(details.reference !== undefined && { reference: details.reference }),
    ...(details.description !== undefined && { description: details.description }),
    order_lines: details.order_lines ?? [],
    shipping_info: details.shipping_info ?? [],
  };
  const captured: Order = {
    ...order,
    captured_amount: order.captured_amount + amount,
    capture_ids: [...order.capture_ids, captureId],
    acknowledged: true,
  };
  return { order: captured, capture };
}
