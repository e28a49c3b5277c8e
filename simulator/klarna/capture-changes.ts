import type { JsonObject } from '../json.js';
import { bareAnswer, jsonAnswer, KlarnaRefusal, type Answer } from './answers.js';
import { readBody } from './body.js';
import type { Capture, Order } from './model.js';
import { dueDateShape, shippingShape } from './order-management-shapes.js';
import { capturesOf } from './order-view.js';
import { findOrder, findOrderForReading } from './orders.js';
import type { Work } from './work.js';

/** By how many days a payment can be put off, and what that costs the merchant, in minor units. */
const DUE_DATE_OPTIONS = [
  { number_of_days: 14, amount: 495 },
  { number_of_days: 30, amount: 995 },
  { number_of_days: 60, amount: 1_495 },
];
/** Payments that have a due date: those that are paid later in one sum. */
const PAID_LATER = ['INVOICE', 'B2B_INVOICE'];

const refusal = (message: string) => new KlarnaRefusal(403, 'NOT_ALLOWED', [message]);

/**
 * Adds parcels to those that the capture lists already.
 * @see Order Management API v1, `POST .../captures/{capture_id}/shipping-info` (204)
 */
export function addCaptureShippingInfo(work: Work, orderId: string, captureId: string): Answer {
  const { capture } = findCapture(work, orderId, captureId);
  const parcels = (readBody(work, shippingShape, 'order-management') as { shipping_info: JsonObject[] }).shipping_info;
  return changed(work, capture, { shipping_info: [...capture.shipping_info, ...parcels] });
}

/**
 * Sends the shopper Klarna's message about a capture again: each call is one more.
 * @see Order Management API v1, `POST .../captures/{capture_id}/trigger-send-out` (204)
 */
export function triggerSendOut(work: Work, orderId: string, captureId: string): Answer {
  const { capture } = findCapture(work, orderId, captureId);
  return changed(work, capture, { send_outs: (capture.send_outs ?? 0) + 1 });
}

/** @see Order Management API v1, `GET .../captures/{capture_id}/extend-due-date-options` */
export function dueDateOptions(work: Work, orderId: string, captureId: string): Answer {
  const order = findOrderForReading(work, orderId);
  const capture = named(work, order, captureId);
  const options = canBePutOff(work, order, capture) ? DUE_DATE_OPTIONS : [];
  return jsonAnswer(200, { currency: order.purchase.purchase_currency, options });
}

/**
 * Puts the shopper's payment off. Klarna shows it nowhere.
 * @see Order Management API v1, `PATCH .../captures/{capture_id}/extend-due-date` (204)
 */
export function extendDueDate(work: Work, orderId: string, captureId: string): Answer {
  const { order, capture } = findCapture(work, orderId, captureId);
  const { number_of_days: days } = readBody(work, dueDateShape, 'order-management') as { number_of_days: number };
  const offered = canBePutOff(work, order, capture) && DUE_DATE_OPTIONS.some((option) => option.number_of_days === days);
  if (!offered) throw refusal(`Due date cannot be extended by ${days} days.`);
  return changed(work, capture, { due_date_extensions: [...(capture.due_date_extensions ?? []), days] });
}

/** @throws KlarnaRefusal NOT_ALLOWED when the order has no captures at all, NO_SUCH_CAPTURE when it has others */
function findCapture(work: Work, orderId: string, captureId: string): { order: Order; capture: Capture } {
  const order = findOrder(work, orderId);
  if (order.capture_ids.length === 0) throw refusal('Order has no captures.');
  return { order, capture: named(work, order, captureId) };
}

function named(work: Work, order: Order, captureId: string): Capture {
  const capture = capturesOf(work.world, order).find((known) => known.capture_id === captureId);
  if (capture === undefined) throw new KlarnaRefusal(404, 'NO_SUCH_CAPTURE', [`No capture with id ${captureId} exists`]);
  return capture;
}

function canBePutOff({ world }: Work, order: Order, { due_date_extensions: before = [] }: Capture): boolean {
  return PAID_LATER.includes(order.payment_method) && (before.length === 0 || world.switches.get('due_date_again') === 'accepted');
}

function changed(work: Work, capture: Capture, changes: Partial<Capture>): Answer {
  work.put('captures', capture.capture_id, { ...capture, ...changes });
  return bareAnswer(204);
}
