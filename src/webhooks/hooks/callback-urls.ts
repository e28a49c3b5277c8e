import type { OperationKind } from '../../operations/kinds.js';
import type { CallbackEntry } from '../../persistence/repositories/hooks.repository.js';

const DAY_MS = 86_400_000;
/** A purchase is over within 48 hours, and its callbacks some days later. What it says of an order that came of it is heard for longer. */
const PURCHASE_MS = 30 * DAY_MS;
/** Longer than any authorization that was extended, with everything that comes after it. */
export const ORDER_MS = 200 * DAY_MS;

/** What becomes of the callback entries of one request's `merchant_urls`. Entries that are not named are for browsers, or unknown. */
export interface CallbackUrls {
  /** Replaced where the caller sent one. */
  told: readonly CallbackEntry[];
  /** Added where the caller sent none, if there is a `merchant_urls` at all. */
  added: readonly CallbackEntry[];
  /** Questions to the shop: replaced only for merchants who let this service stand in between. */
  asked: readonly CallbackEntry[];
  /** Klarna's placeholders, in the spelling of this API. */
  query: string;
  /** For how long its addresses are there at least. */
  lifeMs: number;
}

const PAYMENTS_QUERY = '?session_id={session.id}&order_id={order.id}';
const PAYMENTS: CallbackUrls = {
  told: ['push', 'notification', 'authorization'],
  added: [],
  asked: [],
  query: PAYMENTS_QUERY,
  lifeMs: PURCHASE_MS,
};
const CHECKOUT: CallbackUrls = {
  told: ['push', 'notification'],
  added: [],
  asked: ['validation', 'address_update', 'country_change', 'shipping_option_update'],
  query: '?order_id={checkout.order.id}',
  lifeMs: PURCHASE_MS,
};

/** Every write whose `merchant_urls` name what Klarna itself calls. */
export const CALLBACK_URLS = {
  'payments.create-session': { ...PAYMENTS, added: PAYMENTS.told },
  'payments.update-session': PAYMENTS,
  'payments.create-order': { ...PAYMENTS, lifeMs: ORDER_MS },
  'checkout.create-order': { ...CHECKOUT, added: CHECKOUT.told },
  'checkout.update-order': CHECKOUT,
  'customer-token.create-order': { told: ['push', 'notification'], added: [], asked: [], query: PAYMENTS_QUERY, lifeMs: ORDER_MS },
  'hosted-payment-page.create-session': {
    ...{ told: ['status_update'], added: [], asked: [], query: '?session_id={{session_id}}&order_id={{order_id}}', lifeMs: PURCHASE_MS },
  },
} as const satisfies Partial<Record<OperationKind, CallbackUrls>>;

export type KindWithUrls = keyof typeof CALLBACK_URLS;

export function hasCallbackUrls(kind: OperationKind): kind is KindWithUrls {
  return Object.hasOwn(CALLBACK_URLS, kind);
}
