import type { Answer } from './answers.js';
import { deleteAuthorization } from './authorizations.js';
import { addCaptureShippingInfo, dueDateOptions, extendDueDate, triggerSendOut } from './capture-changes.js';
import { createCapture, listCaptures, readCapture } from './captures.js';
import { abortCheckout, createCheckout, readCheckout, updateCheckout } from './checkouts.js';
import { createCustomerToken } from './create-customer-token.js';
import { createOrder } from './create-order.js';
import { chargeToken, readToken, updateTokenStatus } from './customer-tokens.js';
import { createPage, disablePage, distributePage, readPage } from './hosted-pages.js';
import { acknowledge, addShippingInfo, extendAuthorization, updateCustomerDetails, updateMerchantReferences } from './order-changes.js';
import { cancel, readOrder, releaseRemaining, updateAuthorization } from './orders.js';
import { createRefund, readRefund } from './refunds.js';
import { createSession, readSession, updateSession } from './sessions.js';
import type { Work } from './work.js';

/**
 * Which idempotency rule a write follows: Order Management and the order of a customer token declare the key, Payments does not, reads,
 * Checkout and hosted pages have none.
 */
export type Keyed = 'order-management' | 'customer-token' | 'payments' | 'none';

export interface Route {
  method: string;
  segments: string[];
  keyed: Keyed;
  handle: (work: Work, ...ids: string[]) => Answer;
}

function route(method: string, path: string, keyed: Keyed, handle: (work: Work, first: string, second: string) => Answer): Route {
  return { method, segments: path.split('/'), keyed, handle: (work, first = '', second = '') => handle(work, first, second) };
}

const ORDER = '/ordermanagement/v1/orders/:id';
const TOKEN = '/customer-token/v1/tokens/:token';

const ROUTES: Route[] = [
  route('POST', '/payments/v1/sessions', 'payments', createSession),
  route('GET', '/payments/v1/sessions/:id', 'none', readSession),
  route('POST', '/payments/v1/sessions/:id', 'payments', updateSession),
  route('POST', '/payments/v1/authorizations/:token/order', 'payments', createOrder),
  route('POST', '/payments/v1/authorizations/:token/customer-token', 'payments', createCustomerToken),
  route('DELETE', '/payments/v1/authorizations/:token', 'payments', deleteAuthorization),
  route('GET', TOKEN, 'none', readToken),
  route('POST', `${TOKEN}/order`, 'customer-token', chargeToken),
  route('PATCH', `${TOKEN}/status`, 'none', updateTokenStatus),
  route('POST', '/checkout/v3/orders', 'none', createCheckout),
  route('GET', '/checkout/v3/orders/:id', 'none', readCheckout),
  route('POST', '/checkout/v3/orders/:id', 'none', updateCheckout),
  route('POST', '/checkout/v3/orders/:id/abort', 'none', abortCheckout),
  route('GET', ORDER, 'none', readOrder),
  route('POST', `${ORDER}/acknowledge`, 'order-management', acknowledge),
  route('PATCH', `${ORDER}/authorization`, 'order-management', updateAuthorization),
  route('POST', `${ORDER}/extend-authorization-time`, 'order-management', extendAuthorization),
  route('PATCH', `${ORDER}/merchant-references`, 'order-management', updateMerchantReferences),
  route('PATCH', `${ORDER}/customer-details`, 'order-management', updateCustomerDetails),
  route('POST', `${ORDER}/shipping-info`, 'order-management', addShippingInfo),
  route('POST', `${ORDER}/captures`, 'order-management', createCapture),
  route('GET', `${ORDER}/captures`, 'none', listCaptures),
  route('GET', `${ORDER}/captures/:id`, 'none', readCapture),
  route('POST', `${ORDER}/captures/:id/shipping-info`, 'order-management', addCaptureShippingInfo),
  route('POST', `${ORDER}/captures/:id/trigger-send-out`, 'order-management', triggerSendOut),
  route('GET', `${ORDER}/captures/:id/extend-due-date-options`, 'none', dueDateOptions),
  route('PATCH', `${ORDER}/captures/:id/extend-due-date`, 'order-management', extendDueDate),
  route('POST', `${ORDER}/refunds`, 'order-management', createRefund),
  route('GET', `${ORDER}/refunds/:id`, 'none', readRefund),
  route('POST', `${ORDER}/release-remaining-authorization`, 'order-management', releaseRemaining),
  route('POST', `${ORDER}/cancel`, 'order-management', cancel),
  route('POST', '/hpp/v1/sessions', 'none', createPage),
  route('GET', '/hpp/v1/sessions/:id', 'none', readPage),
  route('DELETE', '/hpp/v1/sessions/:id', 'none', disablePage),
  route('POST', '/hpp/v1/sessions/:id/distribution', 'none', distributePage),
];

/** First path segments that belong to Klarna: only these meet credentials, faults, gates and the ledger. */
const KLARNA_APIS = new Set(['payments', 'ordermanagement', 'customer-token', 'checkout', 'hpp', 'settlements']);

export function isKlarnaPath(path: string): boolean {
  return KLARNA_APIS.has(path.split('/', 2)[1] ?? '');
}

export interface Match {
  route: Route;
  ids: string[];
}

/** The route of a request: undefined for an unknown path, `wrong-method` when only the method is unknown. */
export function findRoute(method: string, path: string): Match | 'wrong-method' | undefined {
  const segments = path.split('/');
  let pathKnown = false;
  for (const candidate of ROUTES) {
    const ids = matching(candidate.segments, segments);
    if (ids === undefined) continue;
    if (candidate.method === method) return { route: candidate, ids };
    pathKnown = true;
  }
  return pathKnown ? 'wrong-method' : undefined;
}

/** The order id and the authorization token that a path names. */
export function namedByPath(path: string): { orderId: string | null; token: string | null } {
  const [, api, , collection, id] = path.split('/');
  return {
    orderId: (api === 'ordermanagement' || api === 'checkout') && collection === 'orders' && id ? id.toLowerCase() : null,
    token: api === 'payments' && collection === 'authorizations' && id ? id : null,
  };
}

function matching(pattern: string[], segments: string[]): string[] | undefined {
  if (pattern.length !== segments.length) return undefined;
  const ids: string[] = [];
  for (const [index, part] of pattern.entries()) {
    const segment = segments[index] ?? '';
    if (part.startsWith(':') && segment !== '') ids.push(segment);
    else if (part !== segment) return undefined;
  }
  return ids;
}
