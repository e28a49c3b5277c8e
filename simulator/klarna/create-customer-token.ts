import { randomUUID } from 'node:crypto';
import type { JsonObject } from '../json.js';
import { jsonAnswer, KlarnaRefusal, type Answer } from './answers.js';
import { findAuthorization } from './authorizations.js';
import { readBody, refuseProblems } from './body.js';
import { alreadyConsumed } from './create-order.js';
import { isTokenized, makeToken } from './make-token.js';
import type { Authorization, CustomerToken } from './model.js';
import { customerTokenShape } from './payments-shapes.js';
import type { Work } from './work.js';

type TokenRequest = Pick<CustomerToken, 'purchase_country' | 'purchase_currency' | 'locale' | 'billing_address' | 'customer'>;

/**
 * Makes a customer token of what the shopper authorized. The authorization token is the only key there is.
 * @see Payments API v1, `POST /payments/v1/authorizations/{authorization_token}/customer-token` (200)
 */
export function createCustomerToken(work: Work, token: string): Answer {
  const { switches } = work.world;
  const { authorization } = findAuthorization(work, token);
  const { tokenized, placed, purchase } = authorization;
  if (tokenized !== undefined) {
    if (tokenized.body_sha256 !== work.call.bodySha256 || switches.get('repeated_customer_token') === 'consumed') throw alreadyConsumed();
    work.replayed = true;
    return tokenized.answer;
  }
  if (placed !== undefined && ['either', 'token_first'].includes(switches.get('token_and_order'))) throw alreadyConsumed();
  const request = readBody(work, customerTokenShape, 'payments') as unknown as TokenRequest;
  judge(authorization, request);

  const billing_address = request.billing_address ?? purchase.billing_address;
  const customer = request.customer ?? purchase.customer;
  const made = makeToken(work, {
    merchant: work.merchant,
    authorization_token: token,
    purchase_country: request.purchase_country,
    purchase_currency: request.purchase_currency,
    locale: request.locale,
    payment_method_category: authorization.payment_method_category,
    billing_address,
    customer,
    intent: purchase.intent,
  });
  const answer = jsonAnswer(200, {
    token_id: made.token_id,
    redirect_url: `${work.call.baseUrl}/redirect/${made.token_id}`,
    payment_method_reference: randomUUID(),
    ...(billing_address !== undefined && { billing_address }),
    ...(customer !== undefined && { customer: { date_of_birth: customer.date_of_birth, gender: customer.gender } }),
  });
  // Tokens alone: nothing is left to do with the authorization.
  const state = purchase.intent === 'tokenize' ? 'consumed' : authorization.state;
  work.put('authorizations', token, { ...authorization, state, tokenized: { body_sha256: work.call.bodySha256, answer } });
  return answer;
}

function judge({ purchase, payment_method_category }: Authorization, request: TokenRequest): void {
  if (purchase.intent === 'buy') {
    throw new KlarnaRefusal(403, 'INVALID_OPERATION', ['The session was authorized for a purchase only']);
  }
  const country = (address: JsonObject | undefined) => (typeof address?.country === 'string' ? [address.country] : []);
  const countries = [purchase.purchase_country, ...country(purchase.billing_address), ...country(request.billing_address)];
  if (countries.some((each) => each.toUpperCase() !== request.purchase_country.toUpperCase())) {
    refuseProblems([{ path: 'purchase_country', reason: 'value' }], 'payments');
  }
  if (purchase.purchase_currency.toUpperCase() !== request.purchase_currency.toUpperCase()) {
    throw new KlarnaRefusal(409, 'BAD_VALUE', ['Not matching fields: [purchase_currency]']);
  }
  if (!isTokenized(payment_method_category)) {
    throw new KlarnaRefusal(400, 'BAD_REQUEST', ['The payment method can not be tokenized in this country']);
  }
}
