import type { JsonObject } from '../json.js';
import { bareAnswer, errorAnswer, jsonAnswer, KlarnaRefusal, type Answer } from './answers.js';
import { readBody, refuseProblems } from './body.js';
import { tokenOrderShape, tokenStatusShape } from './customer-token-shapes.js';
import { fraudMarker, orderPlaced } from './fraud-decision.js';
import type { CustomerToken, Purchase, TokenStatus } from './model.js';
import { cartProblems } from './order-line-arithmetic.js';
import { makeOrder, methodShown, orderAnswer } from './make-order.js';
import { refuseForeign } from './sessions.js';
import { offerStepUp } from './step-up.js';
import type { Work } from './work.js';

const METHOD_TYPES: Record<string, { type: string; card?: JsonObject }> = {
  pay_later: { type: 'INVOICE' },
  pay_now: { type: 'CARD', card: { brand: 'VISA', masked_number: '************1111', expiry_date: '12/2030' } },
};

/** @see Customer Token API v1, `GET /customer-token/v1/tokens/{customerToken}` */
export function readToken(work: Work, tokenId: string): Answer {
  const token = findToken(work, tokenId);
  const { type, card } = METHOD_TYPES[token.payment_method_category] ?? { type: 'INVOICE' };
  return jsonAnswer(200, { status: statusNow(work, token), payment_method_type: type, ...(card !== undefined && { card }) });
}

/** Final. @see Customer Token API v1, `PATCH /customer-token/v1/tokens/{customerToken}/status` (202, without a body) */
export function updateTokenStatus(work: Work, tokenId: string): Answer {
  const token = findToken(work, tokenId);
  readBody(work, tokenStatusShape, 'payments');
  if (token.status === 'CANCELLED') {
    if (work.world.switches.get('repeated_token_cancel') === 'forbidden') throw cancelled();
    work.replayed = true;
    return bareAnswer(202);
  }
  const cancelled_from = work.now + work.world.switches.get('token_cancel_seconds') * 1000;
  work.put('customer_tokens', token.token_id, { ...token, status: 'CANCELLED', cancelled_from });
  return bareAnswer(202);
}

/**
 * Charges the token: an order without the shopper.
 * @see Customer Token API v1, `POST /customer-token/v1/tokens/{customerToken}/order` (200)
 */
export function chargeToken(work: Work, tokenId: string): Answer {
  const token = findToken(work, tokenId);
  const status = statusNow(work, token);
  if (status === 'CANCELLED') throw cancelled();
  if (status === 'SUSPENDED') throw new KlarnaRefusal(403, 'TOKEN_SUSPENDED', ['Customer token is suspended']);
  const { step_up, ...request } = readBody(work, tokenOrderShape, 'payments') as Purchase;
  refuseProblems(cartProblems(request, work.world.switches.get('order_tax_tolerance')), 'payments');
  const refused = refusalOf(token, request);
  if (refused !== undefined) return refusedCharge(work, token, refused, step_up === 'SUPPORTED');

  const { purchase_country, locale, billing_address, customer, payment_method_category } = token;
  const purchase: Purchase = {
    ...{ purchase_country, locale },
    ...(billing_address !== undefined && { billing_address }),
    ...(customer !== undefined && { customer }),
    ...request,
  };
  const marker = fraudMarker(purchase);
  const order = makeOrder(work, purchase, marker === 'denied' ? undefined : marker, {
    ...{ merchant: work.merchant, session_id: null, authorization_token: null, customer_token: token.token_id },
    payment_method_category,
  });
  orderPlaced(work, order);
  return orderAnswer(work, order, payment_method_category);
}

function refusalOf(token: CustomerToken, request: Purchase): [code: string, message: string] | undefined {
  if (token.charges === 'unavailable' || request.purchase_currency.toUpperCase() !== token.purchase_currency) {
    return ['UNAVAILABLE_PAYMENT_METHOD', 'The payment method is not available for this purchase'];
  }
  if (token.charges === 'declined' || fraudMarker({ ...request, ...addressOf(token) }) === 'denied') {
    return ['PAYMENT_METHOD_FAILED', 'The charge was declined'];
  }
  return undefined;
}

function addressOf({ billing_address }: CustomerToken): { billing_address?: JsonObject } {
  return billing_address === undefined ? {} : { billing_address };
}

/** A refusal that leaves something behind: the way for the shopper to repair it. */
function refusedCharge(work: Work, token: CustomerToken, [code, message]: [string, string], stepUp: boolean): Answer {
  return errorAnswer(403, code, [message], work.call.correlationId, {
    fraud_status: 'REJECTED',
    reason: message,
    authorized_payment_method: methodShown(work, token.payment_method_category),
    ...(stepUp && { step_up_id: offerStepUp(work, token) }),
  });
}

/** @throws KlarnaRefusal when it is unknown or another merchant's */
function findToken(work: Work, tokenId: string): CustomerToken {
  const unknown = new KlarnaRefusal(404, work.world.switches.get('unknown_token_code'), ['Customer token not found']);
  const token = work.world.store.rows.customer_tokens.get(tokenId.toLowerCase());
  if (token === undefined) throw unknown;
  if (token.merchant !== work.merchant) throw refuseForeign(work.world, unknown);
  return token;
}

function statusNow(work: Work, { status, cancelled_from }: CustomerToken): TokenStatus {
  return status === 'CANCELLED' && work.now < (cancelled_from ?? 0) ? 'ACTIVE' : status;
}

function cancelled(): KlarnaRefusal {
  return new KlarnaRefusal(403, 'TOKEN_CANCELED', ['Customer token is cancelled']);
}
