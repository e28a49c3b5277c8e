import { randomBytes, randomUUID } from 'node:crypto';
import type { JsonObject } from '../json.js';
import { KlarnaRefusal } from './answers.js';
import { orderPlaced } from './fraud-decision.js';
import type { Authorization, Order, Purchase, Session } from './model.js';
import { ORDER_LIFETIME_MS, withCapture } from './order-state.js';
import type { Change } from './work.js';

interface Method {
  authorized: JsonObject;
  initial: string;
}

/** How each payment method category is reported: in the answer of create order, and as `initial_payment_method` of the order. */
const METHODS: Record<string, Method> = {
  pay_later: { authorized: { type: 'invoice', number_of_days: 30 }, initial: 'INVOICE' },
  pay_now: { authorized: { type: 'card' }, initial: 'CARD' },
  pay_over_time: { authorized: { type: 'fixed_amount', number_of_installments: 3 }, initial: 'FIXED_AMOUNT' },
};

export function methodOf({ payment_method_category }: Authorization): Method {
  return METHODS[payment_method_category] ?? METHODS.pay_later!;
}

/** @throws KlarnaRefusal when no order may be placed with an authorization: it was given for a customer token */
export function refuseTokenOnly({ purchase }: Authorization): void {
  if (purchase.intent !== 'tokenize') return;
  throw new KlarnaRefusal(403, 'INVALID_OPERATION', ['The session was authorized for a customer token only']);
}

/**
 * Makes the order that a shopper has agreed to: the order, its capture when Klarna is to capture it, the end of its session, and what
 * follows (push, fraud decision).
 * @throws KlarnaRefusal 403 REJECTED when the assessment turns the shopper down
 */
export function makeOrder(change: Change, authorization: Authorization, session: Session, purchase: Purchase): Order {
  const { world, now, puts } = change;
  const marker = fraudMarker(purchase);
  if (marker === 'denied') throw new KlarnaRefusal(403, 'REJECTED', ['The purchase was not approved']);
  let order: Order = {
    order_id: randomUUID(),
    merchant: session.merchant,
    session_id: session.session_id,
    authorization_token: authorization.authorization_token,
    klarna_reference: `K${randomBytes(5).toString('hex').slice(0, 7).toUpperCase()}`,
    created_at: now,
    expires_at: now + ORDER_LIFETIME_MS,
    purchase,
    order_amount: purchase.order_amount,
    original_order_amount: purchase.order_amount,
    captured_amount: 0,
    refunded_amount: 0,
    fraud_status: marker === undefined ? 'ACCEPTED' : 'PENDING',
    ...(marker !== undefined && { decision: { outcome: marker, at: now + world.switches.get('pending_decision_seconds') * 1000 } }),
    cancelled: false,
    acknowledged: false,
    payment_method: methodOf(authorization).initial,
    capture_ids: [],
    refund_ids: [],
  };
  if (purchase.auto_capture === true && order.fraud_status === 'ACCEPTED') {
    const taken = withCapture(order, randomUUID(), order.order_amount, now, null, { order_lines: purchase.order_lines });
    order = taken.order;
    puts.push(['captures', taken.capture.capture_id, taken.capture]);
  }
  puts.push(['orders', order.order_id, order]);
  puts.push(['sessions', session.session_id, { ...session, status: 'complete', order_id: order.order_id }]);
  orderPlaced(change, order);
  return order;
}

/** The authorization has become an order. @param placed what tells a repeat of create order from another one */
export function consume(
  { puts }: Change,
  authorization: Authorization,
  { order_id }: Order,
  placed: NonNullable<Authorization['placed']>,
): void {
  puts.push(['authorizations', authorization.authorization_token, { ...authorization, state: 'consumed', order_id, placed }]);
}

/** The part of the shopper's e-mail address that decides the fraud outcome: `jane+pend-accept@example.com`. */
function fraudMarker(purchase: Purchase): 'denied' | 'ACCEPTED' | 'REJECTED' | undefined {
  const email = [purchase.billing_address?.email, purchase.shipping_address?.email].find((value) => typeof value === 'string') ?? '';
  if (String(email).includes('+denied')) return 'denied';
  if (String(email).includes('+pend-accept')) return 'ACCEPTED';
  if (String(email).includes('+pend-reject')) return 'REJECTED';
  return undefined;
}
