import { randomBytes, randomUUID } from 'node:crypto';
import type { JsonObject } from '../json.js';
import { jsonAnswer, type Answer } from './answers.js';
import type { Order, Purchase } from './model.js';
import { ORDER_LIFETIME_MS, withCapture } from './order-state.js';
import type { Change, Work } from './work.js';

/** How each payment method category is reported: in the answer of create order, and as `initial_payment_method` of the order. */
export const paymentMethods: Record<string, { authorized: JsonObject; initial: string }> = {
  pay_later: { authorized: { type: 'invoice', number_of_days: 30 }, initial: 'INVOICE' },
  pay_now: { authorized: { type: 'card' }, initial: 'CARD' },
  pay_over_time: { authorized: { type: 'fixed_amount', number_of_installments: 3 }, initial: 'FIXED_AMOUNT' },
};

/** What an order is made of: a session's authorization, a customer token, or a checkout. */
export interface OrderSource {
  /** Given by a checkout, which keeps its id as an order. */
  order_id?: string;
  merchant: string;
  session_id: string | null;
  authorization_token: string | null;
  customer_token?: string;
  payment_method_category: string;
}

/** `authorized_payment_method`, in the form that the switch has. */
export function methodShown({ world }: Change, category: string): JsonObject | JsonObject[string] {
  const { authorized } = paymentMethods[category] ?? paymentMethods.pay_later!;
  return world.switches.get('authorized_payment_method') === 'object' ? authorized : authorized.type;
}

/**
 * Makes an order that was judged to be in order, with its capture when it is captured at once. Whom it is told to is the caller's matter.
 * @param pending how Klarna will decide; undefined: it has accepted
 */
export function makeOrder(
  { world, now, puts }: Change,
  purchase: Purchase,
  pending: 'ACCEPTED' | 'REJECTED' | undefined,
  { payment_method_category, ...source }: OrderSource,
): Order {
  let order: Order = {
    order_id: randomUUID(),
    ...source,
    klarna_reference: `K${randomBytes(5).toString('hex').slice(0, 7).toUpperCase()}`,
    created_at: now,
    expires_at: now + ORDER_LIFETIME_MS,
    purchase,
    order_amount: purchase.order_amount,
    original_order_amount: purchase.order_amount,
    captured_amount: 0,
    refunded_amount: 0,
    fraud_status: pending === undefined ? 'ACCEPTED' : 'PENDING',
    ...(pending !== undefined && { decision: { outcome: pending, at: now + world.switches.get('pending_decision_seconds') * 1000 } }),
    cancelled: false,
    acknowledged: false,
    payment_method: (paymentMethods[payment_method_category] ?? paymentMethods.pay_later!).initial,
    capture_ids: [],
    refund_ids: [],
  };
  if (purchase.auto_capture === true && order.fraud_status === 'ACCEPTED') {
    const taken = withCapture(order, randomUUID(), order.order_amount, now, null, { order_lines: purchase.order_lines });
    // That Klarna captures is no sign that the shop knows of the order.
    order = { ...taken.order, acknowledged: false };
    puts.push(['captures', taken.capture.capture_id, taken.capture]);
  }
  puts.push(['orders', order.order_id, order]);
  return order;
}

/** What the merchant is answered whose call has made an order. */
export function orderAnswer(work: Work, { order_id, purchase, fraud_status }: Order, category: string): Answer {
  work.orderId = order_id;
  return jsonAnswer(200, {
    order_id,
    // Klarna's redirect page needs somewhere to send the shopper: without a confirmation URL there is none.
    ...(purchase.merchant_urls?.confirmation !== undefined && { redirect_url: `${work.call.baseUrl}/redirect/${order_id}` }),
    fraud_status,
    authorized_payment_method: methodShown(work, category),
  });
}
