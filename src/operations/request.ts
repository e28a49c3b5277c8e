import type { NewHook } from '../persistence/repositories/hooks.repository.js';
import type { OperationKind } from './kinds.js';

/** How the caller wants a pending answer (RFC 7240 `Prefer`). */
export interface Preference {
  /** `Prefer: respond-async`: 202 at once. */
  respondAsync: boolean;
  /** `Prefer: wait=N`: how long to wait for the final answer; null: the configured wait. */
  waitMs: number | null;
}

/** A request with addresses of ours in it. */
export interface Readdressed {
  /** The caller's bytes but for those addresses. */
  body: Buffer;
  hooks: readonly NewHook[];
}

/** What an application service asks for: one durable intent. */
export interface OperationRequest {
  kind: OperationKind;
  merchantId: string;
  providerAccountId: string;
  /** The answer this credential wants while the outcome is open. */
  pendingAnswer: 202 | 503;
  /**
   * The provider's order id, where there is one: what changes an order belongs to it, also what waits for nothing (see kinds.ts). Of what sets a
   * cart, the session's or checkout's.
   */
  lane: string | null;
  /** Path parameters, part of the fingerprint. */
  target: Readonly<Record<string, string>>;
  /** See `OperationContext.before`. No part of what is asked for: a repeat may find other things there. */
  before?: Readonly<Record<string, string>>;
  passedHeaders: Readonly<Record<string, string>>;
  /** The caller's bytes; null when there were none. */
  body: Buffer | null;
  /** What is recorded and sent in their place. What was asked for, and judged, is `body` all the same. */
  readdressed?: Readdressed | undefined;
  /** The caller's idempotency key, already checked for form; undefined where none came or the kind ignores it. */
  key: string | undefined;
  /** The authorization token, where it is the idempotency key (create order). */
  token?: string;
  prefer: Preference;
  /** Minor units asked for, to be matched against what the provider shows; null where the kind names none. */
  amount: number | null;
  reference: string | null;
  /** The session's or order's data subject; a new one is made when absent. */
  dataSubject?: string;
  /** When the order was made, if it is known here. */
  orderCreatedAt: Date | null;
  /** It may have to wait although nothing of its order is in the way: whether, its handler says (`clearance`) before the first send. */
  asksFirst?: boolean;
}

/** The answer to a caller: the provider's own, or a pending one. `body` is sent as it is. */
export class OperationReply {
  constructor(
    readonly status: number,
    /** Spelled as the provider spells them. A `Location` is relative; the HTTP layer makes it absolute. */
    readonly headers: Readonly<Record<string, string>>,
    readonly body: Buffer | undefined,
  ) {}
}
