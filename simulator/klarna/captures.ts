import { randomUUID } from 'node:crypto';
import { bareAnswer, jsonAnswer, KlarnaRefusal, type Answer } from './answers.js';
import { readBody, refuseProblems } from './body.js';
import type { Problem } from './fields.js';
import type { Order, OrderLine } from './model.js';
import { lineProblems, totalOfLines } from './order-line-arithmetic.js';
import { captureShape } from './order-management-shapes.js';
import { isExpired, ORDER_LIFETIME_MS, remainingAmount, withCapture, type CaptureDetails } from './order-state.js';
import { capturesOf, captureView } from './order-view.js';
import { findOrder, findOrderForReading } from './orders.js';
import type { Work } from './work.js';

type CaptureRequest = CaptureDetails & { captured_amount: number; shipping_delay?: number };

const refusal = (message: string) => new KlarnaRefusal(403, 'CAPTURE_NOT_ALLOWED', [message]);

/**
 * Takes part or all of what is authorized.
 * @returns 201 without a body; the id is in `Capture-Id`, the absolute address in `Location`
 * @see Order Management API v1, `POST .../captures`
 */
export function createCapture(work: Work, orderId: string): Answer {
  const order = findOrder(work, orderId);
  const request = readBody(work, captureShape, 'order-management') as unknown as CaptureRequest;
  refuseProblems(problemsOf(work, request), 'order-management');
  judge(work, order, request);
  const captureId = randomUUID();
  const taken = withCapture(order, captureId, request.captured_amount, work.now, work.idempotencyKey, request);
  const renewed = work.world.switches.get('expires_after_capture') === 'renewed' && taken.order.captured_amount < order.order_amount;
  work.put('captures', captureId, taken.capture);
  work.put('orders', order.order_id, renewed ? { ...taken.order, expires_at: work.now + ORDER_LIFETIME_MS } : taken.order);
  return bareAnswer(201, { 'Capture-Id': captureId, Location: `${work.call.baseUrl}${work.call.path}/${captureId}` });
}

/** @see Order Management API v1, `GET .../captures` */
export function listCaptures(work: Work, orderId: string): Answer {
  const order = findOrderForReading(work, orderId);
  return jsonAnswer(
    200,
    capturesOf(work.world, order).map((capture) => captureView(work.world, order, capture)),
  );
}

/** @see Order Management API v1, `GET .../captures/{capture_id}` */
export function readCapture(work: Work, orderId: string, captureId: string): Answer {
  const order = findOrderForReading(work, orderId);
  const capture = capturesOf(work.world, order).find((known) => known.capture_id === captureId);
  if (capture === undefined) throw new KlarnaRefusal(404, 'NO_SUCH_CAPTURE', [`No capture with id ${captureId} exists`]);
  return jsonAnswer(200, captureView(work.world, order, capture));
}

function problemsOf(work: Work, request: CaptureRequest): Problem[] {
  const { switches } = work.world;
  const lines: OrderLine[] = request.order_lines ?? [];
  if (request.captured_amount === 0 && switches.get('zero_amount_capture') === 'rejected')
    return [{ path: 'captured_amount', reason: 'value' }];
  if (switches.get('capture_line_sums') === 'ignored' || lines.length === 0) return [];
  const sum: Problem[] = totalOfLines(lines) === request.captured_amount ? [] : [{ path: 'captured_amount', reason: 'value' }];
  return [...lineProblems(lines), ...sum];
}

function judge(work: Work, order: Order, request: CaptureRequest): void {
  const { switches } = work.world;
  if (order.cancelled) throw refusal(`Order ${order.order_id} is cancelled. Capture not possible.`);
  if (isExpired(order, work.now)) throw refusal(`Order ${order.order_id} is expired. Capture not possible.`);
  if (order.fraud_status === 'PENDING' && switches.get('capture_while_pending') === 'refused') {
    throw refusal(`Order ${order.order_id} is pending. Capture not possible.`);
  }
  const remaining = remainingAmount(order, work.now);
  const nothingLeft = remaining === 0 && order.capture_ids.length > 0;
  if (request.captured_amount > remaining || nothingLeft) {
    throw refusal('Captured amount is higher than the remaining authorized amount. Capture not possible.');
  }
  const most = switches.get('max_captures_and_refunds');
  if (most > 0 && order.capture_ids.length >= most) throw refusal(`Order has ${most} captures already. Capture not possible.`);
  if ((request.shipping_delay ?? 0) > 0 && switches.get('shipping_delay') === 'refused') {
    throw refusal('Shipping delay is not enabled. Capture not possible.');
  }
}
