import { checkoutOf } from '../support/checkouts.js';
import { cartOf } from '../support/client.js';

/**
 * What an operation is for, by the names that the gateway's rows have: `orderId`, `captureId`, `authorizationToken`, `customerToken`, `pageId`.
 * The shops know `sessionId`, Klarna's own address (`klarna`) and the base of their own URLs for callbacks (`shop`), too; `again`: these are
 * said once more with the order.
 */
export type Target = Readonly<Record<string, string>>;

/** What a shop wants: an amount in minor units (days, where days are asked for), and a text that stands in no other request. */
export interface Wanted {
  readonly amount: number;
  readonly reference: string;
  /** Klarna takes its time to accept the shopper. */
  readonly pending?: boolean;
}

/** The part that a change of the money plays in its order's lane. */
export type Role = 'capture' | 'refund' | 'authorization-update' | 'release' | 'cancel';

/** One kind of change: how it is asked for, how it is seen to have happened, and what happening twice would do. */
export interface Kind {
  /** The gateway's name for it. */
  readonly operation: string;
  readonly method: 'POST' | 'PATCH' | 'DELETE';
  /** Klarna's path, which is the gateway's, too. */
  readonly path: string;
  /** What is read to find out whether it happened. */
  readonly looked: string;
  readonly body?: (wanted: Wanted, target: Target) => object;
  /** What makes two requests one: the caller's key, the authorization token in the path, or nothing. */
  readonly sameBy: 'key' | 'token' | 'nothing';
  /** Its operations carry the request's reference. */
  readonly named?: true;
  /** What it makes: how Klarna's answer names it, and as what it is worked with afterwards. */
  readonly makes?: { readonly what: string; readonly member: string; readonly target: string };
  /** What is counted at Klarna: things that it makes, or else requests that were carried out. */
  readonly counts: 'requests' | 'captures' | 'refunds' | 'orders of the session' | 'orders of the token' | 'tokens' | 'pages';
  readonly twice: 'harmful' | 'harmless';
  /** Tried while its caller waits, and given up then: whoever asked is told that it may have happened. */
  readonly interactive?: true;
  /** What nobody was told of ends by itself, and is nothing that happened: Klarna's refusal of a later call stands. */
  readonly lapses?: true;
  /** Sets values: sent late, it would undo newer ones. */
  readonly newestWins?: true;
  readonly role?: Role;
  /** Why a person may have to settle it (docs/operations.md, docs/runbook.md). */
  readonly manual: readonly string[];
  /** Klarna's code when it refuses. */
  readonly refusal: string;
}

const ORDER = '/ordermanagement/v1/orders/{orderId}';
const CAPTURE = `${ORDER}/captures/{captureId}`;
const AUTHORIZATION = '/payments/v1/authorizations/{authorizationToken}';
const SESSION = '/payments/v1/sessions/{sessionId}';
const TOKEN = '/customer-token/v1/tokens/{customerToken}';
const PAGE = '/hpp/v1/sessions/{pageId}';
const CHECKOUT = '/checkout/v3/orders/{orderId}';

/** What Klarna shows: both looks found nothing after each of two keys, or it could not be read, or more than one could be it. */
const SHOWN = ['absent-twice', 'ambiguous', 'unreadable'];
const HIDDEN = ['not-shown', 'absent-twice', 'ambiguous', 'unreadable'];

const change = (name: string, path: string, refusal = 'NOT_ALLOWED'): Kind => ({
  ...{ operation: `order-management.${name}`, method: 'POST', path: ORDER + path, looked: ORDER, refusal },
  ...{ sameBy: 'key', counts: 'requests', twice: 'harmful', manual: SHOWN },
});
const ofCapture = (name: string, path: string): Kind => ({ ...change(name, ''), path: CAPTURE + path });
const ofPage = (name: string, path: string): Kind => ({
  ...{ operation: `hosted-payment-page.${name}`, method: 'POST', path, looked: PAGE, refusal: 'BAD_REQUEST' },
  ...{ sameBy: 'nothing', counts: 'requests', twice: 'harmful', interactive: true, manual: [] },
});

const ofCheckout = (name: string, path: string): Kind => ({
  ...{ operation: `checkout.${name}`, method: 'POST', path, looked: CHECKOUT, refusal: 'READ_ONLY_ORDER' },
  ...{ sameBy: 'nothing', counts: 'requests', twice: 'harmless', interactive: true, manual: [] },
});

const HOME = {
  given_name: 'Ada',
  family_name: 'Storm',
  street_address: 'Storgatan 1',
  postal_code: '111 22',
  city: 'Stockholm',
  country: 'SE',
};

/** A purchase as the shop asks for its session, and for its order. */
export const cartFor = ({ amount, reference, pending = false }: Wanted, { shop, again }: Target = {}) =>
  cartOf(amount, {
    merchant_reference1: reference,
    billing_address: pending ? { ...HOME, email: 'ada+pend-accept@storm.example' } : HOME,
    shipping_address: HOME,
    ...(shop === undefined || again === undefined ? {} : { merchant_urls: urlsOf(shop, ['push', 'notification']) }),
  });
const checkoutCart = ({ amount, reference }: Wanted) => checkoutOf(amount, { merchant_reference1: reference });

/** The shop's own URLs in Klarna's `merchant_urls`. @param base of the shop, for one purchase */
export function urlsOf(base: string, entries: readonly string[]): Record<string, string> {
  const urls: Record<string, string> = { confirmation: 'https://shop.example/thanks' };
  for (const entry of entries) urls[entry] = `${base}/${entry}?order={order.id}&session={session.id}`;
  return urls;
}
const parcels = ({ reference }: Wanted) => ({ shipping_info: [{ shipping_company: 'Storm', tracking_number: reference }] });

/** Everything that the shops of a storm ask for. */
export const KINDS = {
  'create-order': {
    ...{ operation: 'payments.create-order', method: 'POST', path: `${AUTHORIZATION}/order`, looked: SESSION, body: cartFor },
    ...{ sameBy: 'token', named: true, counts: 'orders of the session', twice: 'harmful' },
    ...{ manual: ['placed-without-id', 'unreadable', 'ambiguous'], refusal: 'REJECTED' },
    makes: { what: 'order', member: 'order_id', target: 'orderId' },
  },
  capture: {
    ...change('capture', '/captures', 'CAPTURE_NOT_ALLOWED'),
    ...{ named: true, counts: 'captures', role: 'capture' },
    body: ({ amount, reference }) => ({ captured_amount: amount, reference }),
  },
  refund: {
    ...change('refund', '/refunds', 'REFUND_NOT_ALLOWED'),
    ...{ named: true, counts: 'refunds', role: 'refund' },
    body: ({ amount, reference }) => ({ refunded_amount: amount, reference }),
  },
  cancel: { ...change('cancel', '/cancel', 'CANCEL_NOT_ALLOWED'), role: 'cancel' },
  release: { ...change('release', '/release-remaining-authorization'), role: 'release' },
  'authorization-update': {
    ...change('authorization-update', '/authorization'),
    ...{ method: 'PATCH', role: 'authorization-update' },
    body: ({ amount, reference }) => {
      const { order_amount, order_lines } = cartOf(amount);
      return { order_amount, description: reference, order_lines: (order_lines as object[]).map((line) => ({ ...line, reference })) };
    },
  },
  acknowledge: { ...change('acknowledge', '/acknowledge'), twice: 'harmless', manual: HIDDEN },
  // An order that was not read before shows an end, and not whether it is a later one.
  'extend-authorization': { ...change('extend-authorization', '/extend-authorization-time'), twice: 'harmless', manual: HIDDEN },
  'merchant-references': {
    ...change('merchant-references', '/merchant-references'),
    // What is not there any more may have been set anew.
    ...{ method: 'PATCH', manual: HIDDEN },
    body: ({ reference }) => ({ merchant_reference1: reference, merchant_reference2: `${reference} (2)` }),
  },
  'customer-details': {
    ...change('customer-details', '/customer-details'),
    ...{ method: 'PATCH', manual: HIDDEN },
    body: ({ reference }) => ({ shipping_address: { ...HOME, street_address: reference } }),
  },
  'shipping-info': { ...change('shipping-info', '/shipping-info'), body: parcels },
  'capture-shipping-info': { ...ofCapture('capture-shipping-info', '/shipping-info'), body: parcels },
  'send-out': { ...ofCapture('send-out', '/trigger-send-out'), manual: HIDDEN },
  'extend-due-date': {
    ...ofCapture('extend-due-date', '/extend-due-date'),
    ...{ method: 'PATCH', manual: HIDDEN },
    body: ({ amount }) => ({ number_of_days: amount }),
  },
  'create-customer-token': {
    ...{ operation: 'payments.create-customer-token', method: 'POST', path: `${AUTHORIZATION}/customer-token`, looked: SESSION },
    ...{ sameBy: 'token', counts: 'tokens', twice: 'harmful', manual: ['not-shown', 'unreadable'], refusal: 'INVALID_OPERATION' },
    makes: { what: 'customer token', member: 'token_id', target: 'customerToken' },
    body: ({ reference }) => ({
      ...{ purchase_country: 'SE', purchase_currency: 'SEK', locale: 'sv-SE' },
      ...{ description: reference, intended_use: 'SUBSCRIPTION' },
    }),
  },
  'order-of-token': {
    ...{ operation: 'customer-token.create-order', method: 'POST', path: `${TOKEN}/order`, looked: TOKEN, body: tokenCart },
    ...{ sameBy: 'key', named: true, counts: 'orders of the token', twice: 'harmful', manual: HIDDEN, refusal: 'TOKEN_SUSPENDED' },
    makes: { what: 'order', member: 'order_id', target: 'orderId' },
  },
  'cancel-token': {
    ...{ operation: 'customer-token.update-status', method: 'PATCH', path: `${TOKEN}/status`, looked: TOKEN, sameBy: 'nothing' },
    ...{ counts: 'requests', twice: 'harmless', manual: SHOWN, refusal: 'FORBIDDEN' },
    body: () => ({ status: 'CANCELLED' }),
  },
  'create-page': {
    ...ofPage('create-session', '/hpp/v1/sessions'),
    ...{ looked: SESSION, counts: 'pages', makes: { what: 'page', member: 'session_id', target: 'pageId' } },
    body: ({ reference }, { klarna, sessionId, shop }) => ({
      payment_session_url: `${klarna}/payments/v1/sessions/${sessionId}`,
      options: { page_title: reference },
      ...(shop === undefined ? {} : { merchant_urls: { status_update: `${shop}/status_update?page={{session_id}}` } }),
    }),
  },
  distribute: {
    ...ofPage('distribute', `${PAGE}/distribution`),
    body: ({ reference }) => ({
      contact_information: { email: `${reference.replaceAll(/[^\w.-]/g, '-')}@shopper.example` },
      method: 'email',
    }),
  },
  'disable-page': { ...ofPage('disable-session', PAGE), method: 'DELETE', twice: 'harmless' },
  'open-checkout': {
    ...ofCheckout('create-order', '/checkout/v3/orders'),
    ...{ lapses: true, body: checkoutCart, makes: { what: 'checkout', member: 'order_id', target: 'orderId' } },
  },
  'update-checkout': { ...ofCheckout('update-order', CHECKOUT), newestWins: true, body: checkoutCart },
  'abort-checkout': ofCheckout('abort-order', `${CHECKOUT}/abort`),
} as const satisfies Record<string, Kind>;

export type KindName = keyof typeof KINDS;

/** Captures, refunds, cancels and releases: what a storm is full of. The others take part. */
export const OLD_KINDS = ['create-order', 'capture', 'refund', 'cancel', 'release'] as const satisfies readonly KindName[];

/** A kind, widened to the interface so that absent members read as undefined. */
export function kindOf(name: KindName): Kind {
  return KINDS[name];
}

/** The kind of an operation as the gateway calls it; undefined for what no shop of a storm is compared for (sessions). */
export function kindOfOperation(operation: string): Kind | undefined {
  return BY_OPERATION.get(operation);
}

/** The kind of a request at Klarna. */
export function kindOfRequest(method: string, path: string): Kind | undefined {
  return PATTERNS.find(({ kind, pattern }) => kind.method === method && pattern.test(path))?.kind;
}

/** The place of a kind's request (or of what is read for it); undefined while something that it names is not known. */
export function placed(template: string, target: Target): string | undefined {
  const path = template.replaceAll(/\{(\w+)\}/g, (unknown, name: string) => target[name] ?? unknown);
  return path.includes('{') ? undefined : path;
}

/** The bytes with which a shop asks; undefined where there is nothing to say. */
export function bodyOf(name: KindName, wanted: Wanted, target: Target): Buffer | undefined {
  const body = kindOf(name).body?.(wanted, target);
  return body === undefined ? undefined : Buffer.from(JSON.stringify(body));
}

/** The same request with something else in it; undefined where there is nothing to change. */
export function otherBodyOf(name: KindName, wanted: Wanted, target: Target): Buffer | undefined {
  const same = bodyOf(name, wanted, target);
  const others = [
    { ...wanted, amount: wanted.amount + 1 },
    { ...wanted, reference: `${wanted.reference} else` },
  ].map((other) => bodyOf(name, other, target));
  return others.find((other) => other !== undefined && same !== undefined && !other.equals(same));
}

function tokenCart({ amount, reference }: Wanted, { shop }: Target): object {
  const { purchase_currency, order_amount, order_tax_amount, order_lines } = cartOf(amount);
  const urls = shop === undefined ? {} : { merchant_urls: urlsOf(shop, ['push']) };
  return { purchase_currency, order_amount, order_tax_amount, order_lines, merchant_reference1: reference, ...urls };
}

const BY_OPERATION = new Map<string, Kind>(Object.values(KINDS).map((kind) => [kind.operation, kind]));
const PATTERNS = Object.values(KINDS).map((kind: Kind) => ({
  kind,
  pattern: new RegExp(`^${kind.path.replaceAll(/\{\w+\}/g, '[^/]+')}$`),
}));
