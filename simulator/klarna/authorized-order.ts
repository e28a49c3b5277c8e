import { KlarnaRefusal } from './answers.js';
import { fraudMarker, orderPlaced } from './fraud-decision.js';
import { makeOrder } from './make-order.js';
import type { Authorization, Order, Purchase, Session } from './model.js';
import { isStepUp, repairToken } from './step-up.js';
import type { Change, World } from './work.js';

/** @throws KlarnaRefusal when no order may be placed with an authorization: it was given for a customer token */
export function refuseTokenOnly(world: World, authorization: Authorization): void {
  if (authorization.purchase.intent !== 'tokenize' || isStepUp(world, authorization)) return;
  throw new KlarnaRefusal(403, 'INVALID_OPERATION', ['The session was authorized for a customer token only']);
}

/**
 * Makes the order that a shopper has agreed to: the order, the end of its session, the repair of the customer token that it was for, and
 * what follows (push, fraud decision).
 * @throws KlarnaRefusal 403 REJECTED when the assessment turns the shopper down
 */
export function orderAuthorized(change: Change, authorization: Authorization, session: Session, purchase: Purchase): Order {
  const marker = fraudMarker(purchase);
  if (marker === 'denied') throw new KlarnaRefusal(403, 'REJECTED', ['The purchase was not approved']);
  const order = makeOrder(change, purchase, marker, {
    merchant: session.merchant,
    session_id: session.session_id,
    authorization_token: authorization.authorization_token,
    payment_method_category: authorization.payment_method_category,
  });
  change.puts.push(['sessions', session.session_id, { ...session, status: 'complete', order_id: order.order_id }]);
  repairToken(change, authorization, order.order_id);
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
