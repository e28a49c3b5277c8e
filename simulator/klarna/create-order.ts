import { randomBytes, randomUUID } from 'node:crypto';
import { sameJson, type JsonObject, type JsonValue } from '../json.js';
import { errorAnswer, jsonAnswer, KlarnaRefusal, type Answer } from './answers.js';
import { findAuthorization } from './authorizations.js';
import { readBody, refuseProblems } from './body.js';
import { fraudMarker, orderPlaced } from './fraud-decision.js';
import type { Authorization, Order, Purchase, Session } from './model.js';
import { cartProblems } from './order-line-arithmetic.js';
import { ORDER_LIFETIME_MS, withCapture } from './order-state.js';
import { sessionCompleted, shapes } from './sessions.js';
import type { Work } from './work.js';

/** How each payment method category is reported: in the answer of create order, and as `initial_payment_method` of the order. */
export const paymentMethods: Record<string, { authorized: JsonObject; initial: string }> = {
  pay_later: { authorized: { type: 'invoice', number_of_days: 30 }, initial: 'INVOICE' },
  pay_now: { authorized: { type: 'card' }, initial: 'CARD' },
  pay_over_time: { authorized: { type: 'fixed_amount', number_of_installments: 3 }, initial: 'FIXED_AMOUNT' },
};

/**
 * Places the order that the shopper authorized. The authorization token is the only key there is.
 * @see Payments API v1, `POST /payments/v1/authorizations/{authorization_token}/order` (200)
 */
export function createOrder(work: Work, token: string): Answer {
  const { authorization, session } = findAuthorization(work, token);
  if (authorization.placed !== undefined) return repeatedToken(work, authorization.placed);
  const sticky = work.world.switches.get('sticky_errors');
  if (sticky && authorization.refused !== undefined) {
    work.replayed = true;
    return authorization.refused;
  }
  try {
    return place(work, authorization, session);
  } catch (refusal) {
    if (!sticky || !(refusal instanceof KlarnaRefusal)) throw refusal;
    const answer = errorAnswer(refusal.status, refusal.code, refusal.messages, work.call.correlationId);
    work.put('authorizations', token, { ...authorization, refused: answer });
    return answer;
  }
}

function repeatedToken(work: Work, placed: NonNullable<Authorization['placed']>): Answer {
  const answers = work.world.switches.get('repeated_token');
  if (placed.body_sha256 !== work.call.bodySha256 || answers === 'already_completed') {
    throw new KlarnaRefusal(409, 'BAD_VALUE', ['The order has been already completed with different request body']);
  }
  if (answers === 'consumed') throw new KlarnaRefusal(403, 'INVALID_OPERATION', ['Authorization token already consumed']);
  if (answers === 'session_completed') throw sessionCompleted();
  work.replayed = true;
  return placed.answer;
}

function place(work: Work, authorization: Authorization, session: Session): Answer {
  const { switches } = work.world;
  const request = readBody(work, shapes(work.world).order, 'payments') as Purchase;
  refuseProblems(cartProblems(request, switches.get('order_tax_tolerance')), 'payments');
  refuseProblems(missingRegions(request), 'payments');
  if (authorization.purchase.intent === 'tokenize') {
    throw new KlarnaRefusal(403, 'INVALID_OPERATION', ['The session was authorized for a customer token only']);
  }
  const different = differences(authorization.purchase, request);
  if (different.length > 0) throw new KlarnaRefusal(409, 'BAD_VALUE', [`Not matching fields: [${different.join(', ')}]`]);

  const purchase: Purchase = { ...authorization.purchase, ...request };
  const marker = fraudMarker(purchase);
  if (marker === 'denied') throw new KlarnaRefusal(403, 'REJECTED', ['The purchase was not approved']);

  const method = paymentMethods[authorization.payment_method_category] ?? paymentMethods.pay_later!;
  let order: Order = {
    order_id: randomUUID(),
    merchant: work.merchant,
    session_id: session.session_id,
    authorization_token: authorization.authorization_token,
    klarna_reference: `K${randomBytes(5).toString('hex').slice(0, 7).toUpperCase()}`,
    created_at: work.now,
    expires_at: work.now + ORDER_LIFETIME_MS,
    purchase,
    order_amount: purchase.order_amount,
    original_order_amount: purchase.order_amount,
    captured_amount: 0,
    refunded_amount: 0,
    fraud_status: marker === undefined ? 'ACCEPTED' : 'PENDING',
    ...(marker !== undefined && { decision: { outcome: marker, at: work.now + switches.get('pending_decision_seconds') * 1000 } }),
    cancelled: false,
    acknowledged: false,
    payment_method: method.initial,
    capture_ids: [],
    refund_ids: [],
  };
  if (purchase.auto_capture === true && order.fraud_status === 'ACCEPTED') {
    const taken = withCapture(order, randomUUID(), order.order_amount, work.now, null, { order_lines: purchase.order_lines });
    order = taken.order;
    work.put('captures', taken.capture.capture_id, taken.capture);
  }
  const answer = jsonAnswer(200, {
    order_id: order.order_id,
    // Klarna's redirect page needs somewhere to send the shopper: without a confirmation URL there is none.
    ...(purchase.merchant_urls?.confirmation !== undefined && { redirect_url: `${work.call.baseUrl}/redirect/${order.order_id}` }),
    fraud_status: order.fraud_status,
    authorized_payment_method: switches.get('authorized_payment_method') === 'object' ? method.authorized : method.authorized.type,
  });
  work.orderId = order.order_id;
  work.put('orders', order.order_id, order);
  work.put('sessions', session.session_id, { ...session, status: 'complete', order_id: order.order_id });
  work.put('authorizations', authorization.authorization_token, {
    ...authorization,
    state: 'consumed',
    order_id: order.order_id,
    placed: { body_sha256: work.call.bodySha256, answer },
  });
  orderPlaced(work, order);
  return answer;
}

/** The fields in which an order differs from what the shopper authorized. Addresses, tax and customer count only when both sides give them. */
function differences(authorized: Purchase, request: Purchase): string[] {
  const code = (value: string) => value.toUpperCase();
  const given = (value: JsonValue | undefined) => value !== undefined && !sameJson(value, {});
  const differs = (left: JsonValue | undefined, right: JsonValue | undefined) => given(left) && given(right) && !sameJson(left, right);
  return [
    ...(code(authorized.purchase_country) === code(request.purchase_country) ? [] : ['purchase_country']),
    ...(code(authorized.purchase_currency) === code(request.purchase_currency) ? [] : ['purchase_currency']),
    ...(authorized.order_amount === request.order_amount ? [] : ['order_amount']),
    ...(differs(authorized.order_tax_amount, request.order_tax_amount) ? ['order_tax_amount'] : []),
    ...(sameJson(authorized.order_lines, request.order_lines) ? [] : ['order_lines']),
    ...(['billing_address', 'shipping_address', 'customer'] as const).filter((field) => differs(authorized[field], request[field])),
  ];
}

/** Region is mandatory in the US and Australia. */
function missingRegions(request: Purchase): { path: string; reason: 'value' }[] {
  return (['billing_address', 'shipping_address'] as const)
    .filter((field) => {
      const country = request[field]?.country;
      return typeof country === 'string' && ['US', 'AU'].includes(country.toUpperCase()) && !request[field]?.region;
    })
    .map((field) => ({ path: `${field}.region`, reason: 'value' }));
}
