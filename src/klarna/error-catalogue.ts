import type { Api } from './api.js';

/**
 * What may be done after an answer:
 * - `same`: the same call again, key and bytes unchanged; for calls without a key, read first
 * - `read`: look at what is there, then decide
 * - `fix`: a repaired request, which is a new intent with a key of its own
 * - `later`: the same intent at another time, with a new key
 * - `no`: not again
 */
export type Retry = 'same' | 'read' | 'fix' | 'later' | 'no';

/** One answer that Klarna is known to give. */
export interface CatalogueRow {
  /** Whose answer it is; `all`: of every API. */
  api: Api | 'all';
  /** Null: no answer came. */
  status: number | null;
  /** Null: no error object, or a code that no other row names. */
  code: string | null;
  /** A word of the message, where one code has several meanings. */
  says?: string;
  means: string;
  retry: Retry;
  /**
   * The request itself was judged. Klarna judges equal requests (the same key, or the same bytes under the same authorization) alike, so
   * that an earlier one did nothing either. Without this mark an answer proves nothing about earlier attempts.
   */
  settles?: true;
}

/** The errors of Klarna's APIs: what each means, and what to do. One row, one meaning. */
export const ERROR_CATALOGUE: readonly CatalogueRow[] = [
  {
    api: 'payments',
    status: 400,
    code: 'BAD_REQUEST',
    means: 'malformed, or a payment method that has no tokens there',
    retry: 'fix',
    settles: true,
  },
  { api: 'payments', status: 400, code: 'BAD_VALUE', means: 'a field is invalid; the message names it', retry: 'fix', settles: true },
  {
    ...{ api: 'payments', status: 403, code: 'INVALID_OPERATION', says: 'consumed' },
    ...{ means: 'the authorization token was used: an order or a customer token exists', retry: 'read' },
  },
  {
    ...{ api: 'payments', status: 403, code: 'INVALID_OPERATION' },
    ...{ means: 'the session was authorized for something else, or this is not configured for the merchant', retry: 'no' },
  },
  { api: 'payments', status: 403, code: 'MERCHANT_INACTIVE', means: 'the merchant is not activated at Klarna', retry: 'no' },
  { api: 'payments', status: 403, code: 'REJECTED', means: 'not approved; the shopper has to authorize anew', retry: 'no' },
  {
    ...{ api: 'payments', status: 404, code: 'NOT_FOUND' },
    ...{ means: 'the session or the authorization is unknown, has expired, is used up, or a newer one took its place', retry: 'no' },
  },
  { api: 'payments', status: 404, code: 'SESSION_COMPLETED', means: 'an order exists for the session', retry: 'read' },
  {
    ...{ api: 'payments', status: 409, code: 'BAD_VALUE', says: 'already completed' },
    ...{ means: 'an order exists, placed with another body', retry: 'read' },
  },
  { api: 'payments', status: 409, code: 'BAD_VALUE', means: 'not what the shopper authorized; the message names the fields', retry: 'fix' },

  { api: 'customer-token', status: 400, code: 'BAD_REQUEST', means: 'malformed', retry: 'fix', settles: true },
  { api: 'customer-token', status: 400, code: 'BAD_VALUE', means: 'a field is invalid; the message names it', retry: 'fix', settles: true },
  {
    ...{ api: 'customer-token', status: 403, code: 'TOKEN_SUSPENDED' },
    ...{ means: 'Klarna has suspended the token; read it later', retry: 'no' },
  },
  {
    ...{ api: 'customer-token', status: 403, code: 'TOKEN_CANCELED' },
    ...{ means: 'the token was cancelled, or belongs to another merchant id', retry: 'no' },
  },
  {
    ...{ api: 'customer-token', status: 403, code: 'UNAVAILABLE_PAYMENT_METHOD', settles: true },
    ...{ means: "the token's payment method can't be used for this currency; step-up if the shopper is there", retry: 'no' },
  },
  {
    ...{ api: 'customer-token', status: 403, code: 'PAYMENT_METHOD_FAILED', settles: true },
    ...{ means: 'the charge was declined; with step_up_id the shopper can choose another method', retry: 'later' },
  },
  { api: 'customer-token', status: 404, code: 'TOKEN_NOT_FOUND', means: 'the token is unknown', retry: 'no' },
  { api: 'customer-token', status: 404, code: 'NOT_FOUND', means: 'the token is unknown', retry: 'no' },
  { api: 'customer-token', status: 409, code: 'CONFLICT', means: 'an equal call is being carried out', retry: 'same' },
  { api: 'customer-token', status: 409, code: null, means: 'the data do not match', retry: 'fix' },
  { api: 'customer-token', status: 503, code: 'SERVICE_UNAVAILABLE', means: 'temporary; the outcome is not known', retry: 'same' },

  { api: 'checkout', status: 400, code: 'BAD_VALUE', means: 'a field is invalid; the message names it', retry: 'fix' },
  {
    ...{ api: 'checkout', status: 403, code: 'READ_ONLY_ORDER' },
    ...{ means: 'the checkout is no longer incomplete; its order is in Order Management', retry: 'read' },
  },
  { api: 'checkout', status: 404, code: null, means: 'the checkout has expired; make another', retry: 'no' },
  { api: 'checkout', status: 504, code: null, means: 'Klarna took longer than 30 s; the outcome is not known', retry: 'read' },

  { api: 'hosted-payment-page', status: 400, code: 'BAD_VALUE', means: 'a field is invalid; the message names it', retry: 'fix' },
  {
    ...{ api: 'hosted-payment-page', status: 400, code: 'BAD_REQUEST' },
    ...{ means: 'malformed, or the page is over: completed, cancelled, disabled', retry: 'read' },
  },
  {
    ...{ api: 'hosted-payment-page', status: 404, code: 'NOT_FOUND' },
    ...{ means: 'the page, or what is to be paid on it, is unknown or has expired', retry: 'no' },
  },

  { api: 'order-management', status: 400, code: 'NOT_FOUND', means: 'the order has no such refund', retry: 'no' },
  { api: 'order-management', status: 400, code: 'INVALID_ORDER_ID', means: 'the id is not a UUID', retry: 'no' },
  {
    ...{ api: 'order-management', status: 403, code: 'CAPTURE_NOT_ALLOWED' },
    ...{ means: 'cancelled, expired, or more than remains authorized', retry: 'read' },
  },
  { api: 'order-management', status: 403, code: 'CANCEL_NOT_ALLOWED', means: 'the order has captures, or is closed', retry: 'read' },
  {
    ...{ api: 'order-management', status: 403, code: 'REFUND_NOT_ALLOWED' },
    ...{ means: 'no captures, or more than was captured and not refunded', retry: 'read' },
  },
  { api: 'order-management', status: 403, code: 'NOT_ALLOWED', means: "the order's state or its risk forbids it", retry: 'read' },
  { api: 'order-management', status: 404, code: 'NO_SUCH_ORDER', means: 'the order is unknown, here or for this merchant id', retry: 'no' },
  { api: 'order-management', status: 404, code: 'NO_SUCH_CAPTURE', means: 'the capture is unknown', retry: 'no' },
  { api: 'order-management', status: 404, code: 'NOT_FOUND', means: 'the refund is unknown', retry: 'no' },
  { api: 'order-management', status: 409, code: 'CONFLICT', means: 'another change of the order is being carried out', retry: 'read' },
  { api: 'order-management', status: 422, code: 'UNPROCESSABLE_ENTITY', means: 'a field is too long or malformed', retry: 'fix' },
  { api: 'order-management', status: 422, code: 'INVALID_ADDRESS', means: 'the address is invalid', retry: 'fix' },

  { api: 'all', status: 401, code: 'UNAUTHORIZED', means: 'the credentials are refused: a matter of configuration', retry: 'no' },
  { api: 'all', status: 403, code: null, means: 'turned away before it reached the API; nothing happened', retry: 'same' },
  { api: 'all', status: 413, code: 'REQUEST_TOO_LARGE', means: 'the body is larger than 1 MB', retry: 'fix', settles: true },
  { api: 'all', status: 429, code: 'TOO_MANY_REQUESTS', means: "over Klarna's rate limit; nothing happened", retry: 'same' },
  { api: 'all', status: 500, code: 'INTERNAL_SERVER_ERROR', means: 'the outcome is not known', retry: 'same' },
  { api: 'all', status: 500, code: 'UNEXPECTED_ERROR', means: 'the outcome is not known', retry: 'same' },
  { api: 'all', status: 502, code: 'TEMPORARILY_UNAVAILABLE', means: 'the outcome is not known', retry: 'same' },
  { api: 'all', status: 503, code: 'TEMPORARILY_UNAVAILABLE', means: 'the outcome is not known', retry: 'same' },
  { api: 'all', status: 504, code: 'TEMPORARILY_UNAVAILABLE', means: 'the outcome is not known', retry: 'same' },
  { api: 'all', status: null, code: null, means: 'no answer; it may have happened unless the connection was never made', retry: 'same' },
];

/**
 * What an answer may mean: the rows of its API before those of all, one with its very code before one without. Several rows when only the
 * message tells which it is.
 * @param code null without an error object
 */
export function meaningsOf(api: Api, status: number | null, code: string | null): readonly CatalogueRow[] {
  const fitting = ERROR_CATALOGUE.filter((row) => row.status === status && (row.api === api || row.api === 'all'));
  const exact = fitting.filter((row) => row.code === code);
  const own = exact.filter((row) => row.api === api);
  if (own.length > 0) return own;
  if (exact.length > 0) return exact;
  return fitting.filter((row) => row.code === null && row.api === api);
}

/** Whether an answer proves that an earlier, equal call did nothing either. */
export function settlesEarlier(api: Api, status: number | null, code: string | null): boolean {
  const rows = meaningsOf(api, status, code);
  return rows.length > 0 && rows.every((row) => row.settles === true);
}
