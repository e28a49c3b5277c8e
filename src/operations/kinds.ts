import type { Api } from '../klarna/api.js';

/** Everything the gateway can ask a provider to change, with the class that decides how far it is followed. */
export const KINDS = {
  'payments.create-session': { class: 'interactive', api: 'payments' },
  'payments.update-session': { class: 'interactive', api: 'payments', lane: 'cart' },
  'payments.create-order': { class: 'bounded', api: 'payments' },
  'payments.create-customer-token': { class: 'bounded', api: 'payments', unseen: true, secretId: true },
  'payments.cancel-authorization': { class: 'durable', api: 'payments', key: 'none' },
  'customer-token.create-order': { class: 'durable', api: 'customer-token', key: 'provider', unseen: true },
  'customer-token.update-status': { class: 'durable', api: 'customer-token', key: 'none' },
  'hosted-payment-page.create-session': { class: 'interactive', api: 'hosted-payment-page', neverTwice: true },
  'hosted-payment-page.disable-session': { class: 'interactive', api: 'hosted-payment-page', readsBack: true },
  'hosted-payment-page.distribute': { class: 'interactive', api: 'hosted-payment-page', neverTwice: true },
  'checkout.create-order': { class: 'interactive', api: 'checkout', key: 'while-it-lives' },
  'checkout.update-order': { class: 'interactive', api: 'checkout', readsBack: true, lane: 'cart' },
  'checkout.abort-order': { class: 'interactive', api: 'checkout', readsBack: true },
  'order-management.capture': { class: 'durable', api: 'order-management', key: 'provider', lane: 'capture', untilExpiry: true },
  'order-management.refund': { class: 'durable', api: 'order-management', key: 'provider', lane: 'refund' },
  'order-management.cancel': { class: 'durable', api: 'order-management', key: 'provider', lane: 'cancel', untilExpiry: true },
  'order-management.release': { class: 'durable', api: 'order-management', key: 'provider', lane: 'release', untilExpiry: true },
  'order-management.authorization-update': {
    ...{ class: 'durable', api: 'order-management', key: 'provider', lane: 'authorization-update', untilExpiry: true },
  },
  // Klarna takes the second for the first: the same end on the same day, a later one afterwards, which is what was asked for.
  'order-management.extend-authorization': {
    ...{ class: 'durable', api: 'order-management', key: 'provider', untilExpiry: true, twice: 'harmless' },
  },
  // An acknowledged order stays acknowledged.
  'order-management.acknowledge': { class: 'durable', api: 'order-management', key: 'provider', unseen: true, twice: 'harmless' },
  // These two set values, but a second time may come after somebody else's newer values.
  'order-management.merchant-references': { class: 'durable', api: 'order-management', key: 'provider' },
  'order-management.customer-details': { class: 'durable', api: 'order-management', key: 'provider' },
  // Parcels are added to a list: a second time lists them twice.
  'order-management.shipping-info': { class: 'durable', api: 'order-management', key: 'provider' },
  'order-management.capture-shipping-info': { class: 'durable', api: 'order-management', key: 'provider' },
  // The shopper gets the message twice.
  'order-management.send-out': { class: 'durable', api: 'order-management', key: 'provider', unseen: true },
  // Each costs a fee and moves the date further; none can be taken back.
  'order-management.extend-due-date': { class: 'durable', api: 'order-management', key: 'provider', unseen: true },
} as const satisfies Record<string, KindPolicy>;

export type OperationKind = keyof typeof KINDS;

/**
 * - durable: accepted, queued, followed to the end; pending is 202.
 * - bounded: the authorization token is its key and its lifetime; sent while a caller waits, then only found out.
 * - interactive: attempted while the caller waits, never later (a late retry would overwrite a newer cart).
 */
export type OperationClass = 'durable' | 'bounded' | 'interactive';

/** The part an operation plays in its lane (see lanes.ts): that of an order, or of the session or checkout whose cart it sets. */
export type LaneRole = 'capture' | 'refund' | 'authorization-update' | 'release' | 'cancel' | 'cart';

export interface KindPolicy {
  class: OperationClass;
  api: Api;
  /**
   * Who knows idempotency keys of this kind. provider: a re-send with it is the way to ask what became of an attempt. while-it-lives: the
   * provider takes none; an equal repeat under the caller's key gets the first answer while what was made is there, and any other
   * request is as one without a key.
   */
  key?: 'provider' | 'none' | 'while-it-lives';
  /** Kinds without a part never wait for others of their order, and are never waited for. */
  lane?: LaneRole;
  /** The service's own repeats end shortly before the authorization does: later there is nothing left to act on. */
  untilExpiry?: boolean;
  /** The provider shows nothing of its effect: a look may show that it can't have happened, never that it did not. Asking again is the way to ask. */
  unseen?: true;
  /** Twice is as good as once: where nothing can be seen, it is sent once more under a new key before a person is asked. */
  twice?: 'harmless';
  /** What it makes is named by a secret: the id is kept in the sealed answer alone. */
  secretId?: true;
  /** Interactive: a refusal after an attempt that may have happened is held against what the provider shows. */
  readsBack?: boolean;
  /** Interactive: a second execution does harm, so what may have happened is not sent again, not even while the caller waits. */
  neverTwice?: boolean;
}

/** Kinds that move an order's money, and wait for one another. */
export const MONEY_KINDS: readonly OperationKind[] = (Object.entries(KINDS) as [OperationKind, KindPolicy][])
  .filter(([, { lane }]) => lane !== undefined && lane !== 'cart')
  .map(([kind]) => kind);

/** The policy of a kind, widened to the interface so that absent members read as undefined. */
export function policyOf(kind: OperationKind): KindPolicy {
  return KINDS[kind];
}

export function isOperationKind(text: string): text is OperationKind {
  return Object.hasOwn(KINDS, text);
}
