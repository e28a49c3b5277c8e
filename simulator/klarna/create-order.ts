import { sameJson, type JsonValue } from '../json.js';
import { errorAnswer, KlarnaRefusal, type Answer } from './answers.js';
import { findAuthorization } from './authorizations.js';
import { consume, orderAuthorized, refuseTokenOnly } from './authorized-order.js';
import { readBody, refuseProblems } from './body.js';
import { orderAnswer } from './make-order.js';
import { saidAgain } from './merchant-urls.js';
import type { Authorization, Purchase, Session } from './model.js';
import { cartProblems } from './order-line-arithmetic.js';
import { sessionCompleted, shapes } from './sessions.js';
import type { Work } from './work.js';

/**
 * Places the order that the shopper authorized. The authorization token is the only key there is.
 * @see Payments API v1, `POST /payments/v1/authorizations/{authorization_token}/order` (200)
 */
export function createOrder(work: Work, token: string): Answer {
  const { authorization, session } = findAuthorization(work, token);
  if (authorization.placed !== undefined) return repeatedToken(work, authorization.placed);
  if (authorization.tokenized !== undefined && ['either', 'order_first'].includes(work.world.switches.get('token_and_order')))
    throw alreadyConsumed();
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
  if (answers === 'consumed') throw alreadyConsumed();
  if (answers === 'session_completed') throw sessionCompleted();
  work.replayed = true;
  return placed.answer;
}

/** What a token gets that was used before. */
export function alreadyConsumed(): KlarnaRefusal {
  return new KlarnaRefusal(403, 'INVALID_OPERATION', ['Authorization token already consumed']);
}

function place(work: Work, authorization: Authorization, session: Session): Answer {
  const { switches } = work.world;
  const request = readBody(work, shapes(work.world).order, 'payments') as Purchase;
  refuseProblems(cartProblems(request, switches.get('order_tax_tolerance')), 'payments');
  refuseProblems(missingRegions(request), 'payments');
  refuseTokenOnly(work.world, authorization);
  const different = differences(authorization.purchase, request);
  if (different.length > 0) throw new KlarnaRefusal(409, 'BAD_VALUE', [`Not matching fields: [${different.join(', ')}]`]);

  const order = orderAuthorized(work, authorization, session, saidAgain(work.world, authorization.purchase, request));
  const answer = orderAnswer(work, order, authorization.payment_method_category);
  consume(work, authorization, order, { body_sha256: work.call.bodySha256, answer });
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
