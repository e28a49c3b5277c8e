import { randomUUID } from 'node:crypto';
import { bareAnswer, jsonAnswer, KlarnaRefusal, type Answer } from './answers.js';
import { readBody, refuseProblems } from './body.js';
import type { Capture, Order, OrderLine, Refund } from './model.js';
import { lineProblems, totalOfLines } from './order-line-arithmetic.js';
import { refundShape } from './order-management-shapes.js';
import { capturesOf, refundsOf, refundView } from './order-view.js';
import { findOrder, findOrderForReading } from './orders.js';
import type { Work } from './work.js';

interface RefundRequest {
  refunded_amount: number;
  reference?: string;
  description?: string;
  order_lines?: OrderLine[];
}

/** Markets in which a return fee can be taken off a refund. */
const RETURN_FEE_MARKETS = ['AT', 'DE', 'DK', 'FI', 'FR', 'NL', 'NO', 'SE', 'IT', 'ES', 'IE', 'PT', 'CZ', 'AU', 'GR'];

const refusal = (message: string) => new KlarnaRefusal(403, 'REFUND_NOT_ALLOWED', [message]);

/**
 * Gives back part or all of what was captured. It frees nothing to be captured again.
 * @returns 201 without a body; the id is in `Refund-Id`, the absolute address in `Location`
 * @see Order Management API v1, `POST .../refunds`
 */
export function createRefund(work: Work, orderId: string): Answer {
  const order = findOrder(work, orderId);
  const request = readBody(work, refundShape, 'order-management') as unknown as RefundRequest;
  const lines = request.order_lines ?? [];
  if (work.world.switches.get('capture_line_sums') === 'checked' && lines.length > 0) {
    refuseProblems(lineProblems(lines), 'order-management');
    if (totalOfLines(lines) !== request.refunded_amount) refuseProblems([{ path: 'refunded_amount', reason: 'value' }], 'order-management');
  }
  judge(work, order, request, lines);
  const refund: Refund = {
    refund_id: randomUUID(),
    order_id: order.order_id,
    refunded_amount: request.refunded_amount,
    refunded_at: work.now,
    idempotency_key: work.idempotencyKey,
    ...(request.reference !== undefined && { reference: request.reference }),
    ...(request.description !== undefined && { description: request.description }),
    order_lines: lines,
  };
  work.put('refunds', refund.refund_id, refund);
  for (const capture of allocate(capturesOf(work.world, order), refund)) work.put('captures', capture.capture_id, capture);
  work.put('orders', order.order_id, {
    ...order,
    refunded_amount: order.refunded_amount + refund.refunded_amount,
    refund_ids: [...order.refund_ids, refund.refund_id],
  });
  return bareAnswer(201, { 'Refund-Id': refund.refund_id, Location: `${work.call.baseUrl}${work.call.path}/${refund.refund_id}` });
}

/** @see Order Management API v1, `GET .../refunds/{refund_id}` */
export function readRefund(work: Work, orderId: string, refundId: string): Answer {
  const order = findOrderForReading(work, orderId);
  const refund = refundsOf(work.world, order).find((known) => known.refund_id === refundId);
  if (refund === undefined) {
    throw new KlarnaRefusal(work.world.switches.get('unknown_refund_status'), 'NOT_FOUND', [`No refund with id ${refundId} exists`]);
  }
  return jsonAnswer(200, refundView(work.world, refund));
}

function judge(work: Work, order: Order, request: RefundRequest, lines: OrderLine[]): void {
  if (order.capture_ids.length === 0) throw refusal('Order has no captures. Refund not possible');
  const refundable = order.captured_amount - order.refunded_amount;
  if (request.refunded_amount > refundable || refundable === 0) throw refusal('Over refund is not allowed. Refund not possible.');
  const most = work.world.switches.get('max_captures_and_refunds');
  if (most > 0 && order.refund_ids.length >= most) throw refusal(`Order has ${most} refunds already. Refund not possible.`);
  if (!lines.some((line) => line.type === 'return_fee')) return;
  if (totalOfLines(lines) !== request.refunded_amount) throw refusal('Order lines with a return fee must sum up to the refunded amount.');
  if (order.capture_ids.length !== 1) throw refusal('A return fee needs an order that was captured in one single capture.');
  if (!RETURN_FEE_MARKETS.includes(order.purchase.purchase_country.toUpperCase()))
    throw refusal('A return fee is not available in this market.');
}

/** Spreads a refund over captures: first those that hold a line with the same reference, then the oldest. Returns the changed captures. */
function allocate(captures: Capture[], refund: Refund): Capture[] {
  const references = new Set(refund.order_lines.flatMap((line) => line.reference ?? []));
  const matches = (capture: Capture) => capture.order_lines.some((line) => line.reference !== undefined && references.has(line.reference));
  const changed: Capture[] = [];
  let left = refund.refunded_amount;
  for (const capture of [...captures.filter(matches), ...captures.filter((other) => !matches(other))]) {
    const share = Math.min(left, capture.captured_amount - capture.refunded_amount);
    if (share > 0) changed.push({ ...capture, refunded_amount: capture.refunded_amount + share });
    left -= share;
  }
  return changed;
}
