import type { Api } from '../klarna/api.js';

/** Everything the gateway can ask a provider to change, with the class that decides how far it is followed. */
export const KINDS = {
  'payments.create-session': { class: 'interactive', api: 'payments' },
  'payments.update-session': { class: 'interactive', api: 'payments' },
  'payments.create-order': { class: 'bounded', api: 'payments' },
  'payments.cancel-authorization': { class: 'durable', api: 'payments', key: 'none' },
  'checkout.create-order': { class: 'interactive', api: 'checkout', key: 'while-it-lives' },
  'checkout.update-order': { class: 'interactive', api: 'checkout', readsBack: true },
  'checkout.abort-order': { class: 'interactive', api: 'checkout', readsBack: true },
  'order-management.capture': { class: 'durable', api: 'order-management', key: 'provider', lane: 'capture', untilExpiry: true },
  'order-management.refund': { class: 'durable', api: 'order-management', key: 'provider', lane: 'refund' },
  'order-management.cancel': { class: 'durable', api: 'order-management', key: 'provider', lane: 'cancel', untilExpiry: true },
  'order-management.release': { class: 'durable', api: 'order-management', key: 'provider', lane: 'release', untilExpiry: true },
} as const satisfies Record<string, KindPolicy>;

export type OperationKind = keyof typeof KINDS;

/**
 * - durable: accepted, queued, followed to the end; pending is 202.
 * - bounded: the authorization token is its key and its lifetime; sent while a caller waits, then only found out.
 * - interactive: attempted while the caller waits, never later (a late retry would overwrite a newer cart).
 */
export type OperationClass = 'durable' | 'bounded' | 'interactive';

/** The part a money operation plays in its order's lane (see lanes.ts). */
export type LaneRole = 'capture' | 'refund' | 'authorization-update' | 'release' | 'cancel';

export interface KindPolicy {
  class: OperationClass;
  api: Api;
  /**
   * Who knows idempotency keys of this kind. provider: a re-send with it is the way to ask what became of an attempt. while-it-lives: the
   * provider takes none; an equal repeat under the caller's key gets the first answer while what was made is there, and any other
   * request is as one without a key.
   */
  key?: 'provider' | 'none' | 'while-it-lives';
  /** Interactive: a refusal after an attempt that may have happened is held against what the provider shows. */
  readsBack?: boolean;
  lane?: LaneRole;
  /** The service's own repeats end shortly before the authorization does: later there is nothing left to act on. */
  untilExpiry?: boolean;
}

/** The policy of a kind, widened to the interface so that absent members read as undefined. */
export function policyOf(kind: OperationKind): KindPolicy {
  return KINDS[kind];
}

export function isOperationKind(text: string): text is OperationKind {
  return Object.hasOwn(KINDS, text);
}
