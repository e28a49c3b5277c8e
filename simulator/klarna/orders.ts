import type { JsonObject } from '../json.js';
import { bareAnswer, jsonAnswer, KlarnaRefusal, type Answer } from './answers.js';
import { readBody, refuseProblems } from './body.js';
import { lineProblems, totalOfLines } from './order-line-arithmetic.js';
import { authorizationShape } from './order-management-shapes.js';
import { isExpired, remainingAmount, statusOf } from './order-state.js';
import type { Order, OrderLine, OrderStatus } from './model.js';
import { refuseForeign } from './sessions.js';
import { orderView } from './order-view.js';
import type { Work } from './work.js';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Payment methods whose authorization can be raised, each with the countries where that holds (null: all). */
const RAISABLE: Record<string, readonly string[] | null> = {
  INVOICE: null,
  B2B_INVOICE: null,
  BASE_ACCOUNT: null,
  FIXED_AMOUNT: ['AT', 'DE', 'DK', 'FI', 'FR', 'NL', 'NO', 'SE'],
};

/**
 * The order as it is now.
 * @throws KlarnaRefusal INVALID_ORDER_ID for an id that is no UUID; NO_SUCH_ORDER when unknown, foreign, or younger than the read lag
 */
export function findOrder(work: Work, orderId: string): Order {
  const { switches, store } = work.world;
  if (!UUID.test(orderId)) {
    throw new KlarnaRefusal(switches.get('invalid_order_id_status'), 'INVALID_ORDER_ID', ['Order ID must be a valid UUID.']);
  }
  const unknown = new KlarnaRefusal(404, 'NO_SUCH_ORDER', [`No order with id ${orderId} exists`]);
  const order = store.rows.orders.get(orderId.toLowerCase());
  if (order === undefined) throw unknown;
  work.orderId = order.order_id;
  if (order.merchant !== work.merchant) throw refuseForeign(work.world, unknown);
  if (work.now < order.created_at + switches.get('read_lag_seconds') * 1000) throw unknown;
  return order;
}

/** The order as a read shows it: `stale_read_seconds` behind. */
export function findOrderForReading(work: Work, orderId: string): Order {
  const order = findOrder(work, orderId);
  const staleMs = work.world.switches.get('stale_read_seconds') * 1000;
  if (staleMs === 0) return order;
  const versions = work.world.store.orderVersions.get(order.order_id) ?? [];
  return versions.findLast((version) => version.at <= work.now - staleMs)?.order ?? versions[0]?.order ?? order;
}

export function statusNow(work: Work, order: Order): OrderStatus {
  return statusOf(order, work.now, work.world.switches.get('status_after_expiry'));
}

/** @see Order Management API v1, `GET /ordermanagement/v1/orders/{order_id}` */
export function readOrder(work: Work, orderId: string): Answer {
  return jsonAnswer(200, orderView(work.world, findOrderForReading(work, orderId), work.now));
}

/**
 * Replaces amount and lines; lines that are left out are deleted. Raising starts a new assessment, which fails for payment
 * methods that cannot be raised and for shoppers marked `+no-raise`.
 * @see Order Management API v1, `PATCH .../authorization` (204)
 */
export function updateAuthorization(work: Work, orderId: string): Answer {
  const order = findOrder(work, orderId);
  const body = readBody(work, authorizationShape, 'order-management') as { order_amount: number; order_lines?: OrderLine[] };
  const lines = body.order_lines ?? [];
  if (work.world.switches.get('capture_line_sums') === 'checked' && lines.length > 0) {
    refuseProblems(lineProblems(lines), 'order-management');
    if (totalOfLines(lines) !== body.order_amount) refuseProblems([{ path: 'order_amount', reason: 'value' }], 'order-management');
  }
  const status = statusNow(work, order);
  if ((status !== 'AUTHORIZED' && status !== 'PART_CAPTURED') || isExpired(order, work.now)) {
    throw new KlarnaRefusal(403, 'NOT_ALLOWED', ['Update not allowed.']);
  }
  if (body.order_amount < order.captured_amount) {
    throw new KlarnaRefusal(403, 'NOT_ALLOWED', [
      `Resulting authorization amount ${body.order_amount} cannot be less than the captured amount ${order.captured_amount}`,
    ]);
  }
  if (body.order_amount > order.order_amount && !canRaise(order)) throw new KlarnaRefusal(403, 'NOT_ALLOWED', ['Update not allowed.']);
  const purchase = { ...order.purchase, order_lines: lines };
  work.put('orders', order.order_id, { ...order, order_amount: body.order_amount, purchase });
  return bareAnswer(204);
}

/** @see Order Management API v1, `POST .../cancel` (204) */
export function cancel(work: Work, orderId: string): Answer {
  const order = findOrder(work, orderId);
  const refusal = (state: string) => new KlarnaRefusal(403, 'CANCEL_NOT_ALLOWED', [`Order ${state}. Cancel not possible`]);
  if (order.cancelled) {
    if (work.world.switches.get('cancel_on_cancelled') === 'no_content') return bareAnswer(204);
    throw refusal('is cancelled');
  }
  if (statusNow(work, order) === 'CLOSED') throw refusal('is closed');
  if (order.capture_ids.length > 0) throw refusal('has previous captures');
  if (isExpired(order, work.now)) throw refusal('is expired');
  work.put('orders', order.order_id, { ...order, cancelled: true });
  return bareAnswer(204);
}

/** @see Order Management API v1, `POST .../release-remaining-authorization` (204) */
export function releaseRemaining(work: Work, orderId: string): Answer {
  const order = findOrder(work, orderId);
  const refusal = (state: string) => new KlarnaRefusal(403, 'NOT_ALLOWED', [`Order ${state}. Remaining authorization cannot be released.`]);
  if (order.cancelled) throw refusal('is cancelled');
  if (isExpired(order, work.now)) {
    const allowed = order.capture_ids.length > 0 && work.world.switches.get('release_on_expired') === 'no_content';
    if (!allowed) throw refusal('is expired');
  } else {
    if (order.capture_ids.length === 0) throw refusal('has no captures');
    if (remainingAmount(order, work.now) === 0) throw refusal('is fully captured');
  }
  work.put('orders', order.order_id, { ...order, released: work.world.switches.get('status_after_release') });
  return bareAnswer(204);
}

function canRaise(order: Order): boolean {
  const address: JsonObject = order.purchase.billing_address ?? {};
  if (typeof address.email === 'string' && address.email.includes('+no-raise')) return false;
  const countries = RAISABLE[order.payment_method];
  return countries === null || (countries?.includes(order.purchase.purchase_country.toUpperCase()) ?? false);
}
