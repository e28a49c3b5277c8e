import type { Transaction } from '../persistence/database.js';
import type { Reason } from './decide.js';
import type { OperationKind } from './kinds.js';
import type { AttemptOutcome, Reading, RecordedAnswer } from './operation.js';

/** Everything a handler may know of the operation it works for. Bytes are open here; they are sealed in the database. */
export interface OperationContext {
  id: string;
  kind: OperationKind;
  merchantId: string;
  providerAccountId: string;
  /** The order that it belongs to, by the provider's id; null for kinds that have none. */
  lane: string | null;
  dataSubject: string;
  /** Path parameters by name, for instance `{ orderId }` or `{ authorizationToken }`. */
  target: Readonly<Record<string, string>>;
  /** What was known of the order when this was accepted, by which its effect is told from what was there before. */
  before: Readonly<Record<string, string>>;
  /** Headers of the caller that are passed on (`User-Agent`, `Accept-Language`, ...). */
  passedHeaders: Readonly<Record<string, string>>;
  /** The caller's bytes, forwarded unchanged; null when the request had none. */
  body: Buffer | null;
  /** Minor units asked for; null where the kind names no amount. */
  amount: number | null;
  /** The caller's `reference`, untouched. */
  reference: string | null;
  createdAt: Date;
}

export interface SendCall extends OperationContext {
  /** The idempotency key for the provider; null where it takes none. */
  providerKey: string | null;
  /** When the order was made, if known: a 404 of an order younger than two minutes is not a refusal. */
  orderCreatedAt: Date | null;
  /** A caller's first attempt, or one that the service makes by itself: while the provider is sick, the caller's goes first. */
  by: 'caller' | 'service';
  /** Asked immediately before the first byte is written; false means: don't, the attempt is no longer ours or too late. */
  maySend: () => boolean;
}

/** What one call came to, already judged by the provider's rules (design: the closed union of outcomes). */
export interface SendResult {
  outcome: AttemptOutcome;
  /** The answer of record when this outcome ends the operation; also kept as evidence otherwise. */
  answer: RecordedAnswer | null;
  /** The provider's id of what was made: capture, refund or order id. */
  providerId: string | null;
  garbled: boolean;
  /** The provider's error code, or ours (`ECONNRESET`, `TIMEOUT`, `NOT_SENT`). */
  code: string | null;
  /** For people: no names, no tokens. */
  reason: string | null;
  correlationId: string | null;
  retryAfterMs: number | null;
  /** Nothing was called, because of how the provider is: no evidence, and no step of the schedule. */
  withheld?: true;
}

/** What a handler is asked about an operation of which nothing may have been sent. */
export interface Asked {
  providerAccountId: string;
  lane: string | null;
  /** Why the service asks for it by itself; null: a caller does. */
  purpose: string | null;
  /** Why it was held back before; null: it was not. */
  heldBack: string | null;
  /** As last read; null: not known here. */
  order: { status: string | null; fraudStatus: string | null } | null;
}

/**
 * Whether it may be sent. wait: not now, for the reason that callers are shown; it is asked again when `HeldBack.release` says so, and once
 * in a while. withdraw: never.
 */
export type Clearance = 'go' | { wait: HoldReason } | { withdraw: Reason };

/** Why an operation waits although nothing before it in its lane is in the way. */
export type HoldReason =
  | 'order-pending' // Klarna has not decided on the order
  | 'money-moves'; // of the service itself: a caller's operation is to be settled first

/** What a look at the provider found; `answer` is what the caller gets when the effect is present. */
export interface ReadResult {
  finding: Reading['finding'];
  providerId: string | null;
  answer: RecordedAnswer | null;
  /** Evidence for people: codes, ids and amounts only. */
  data: Record<string, unknown>;
  /** The provider was not asked, because of how it is, and may be in so many ms: this is no reading, and not kept as one. */
  withheldMs?: number;
}

export interface Success {
  answer: RecordedAnswer;
  providerId: string | null;
  /** Business time at which the effect was learned. */
  at: Date;
  /** The provider's answer came after the caller had been given an error. */
  late: boolean;
}

/**
 * One per kind, registered by its feature. A handler calls the provider once, maps its answer and writes the result; it does not
 * loop, sleep, retry or decide what the merchant wants.
 */
export interface OperationHandler {
  readonly kind: OperationKind;
  /** Calls the provider once. Never throws for what provider or network do. */
  send(call: SendCall): Promise<SendResult>;
  /**
   * Looks whether the effect is there.
   * @param firstSentAt when the first attempt began: nothing older can be the effect
   */
  read(operation: OperationContext, firstSentAt: Date): Promise<ReadResult>;
  /** Writes the success into the lifecycle, inside the transaction that settles the operation. May run twice for one success. */
  succeeded(tx: Transaction, operation: OperationContext, success: Success): Promise<void>;
  /**
   * The answer of record when a person found out that the effect is there.
   * @param providerId of the capture, refund or order; null where the kind makes nothing with an id
   * @throws Refusal BAD_VALUE when the kind needs an id and there is none
   */
  answerFor(operation: OperationContext, providerId: string | null): RecordedAnswer;
  /**
   * Asked before the first send, whenever it may be its turn, with its lane locked: whether it is to wait for something else than what is
   * before it. Only operations that T1 does not start are asked each time (`asksFirst`). Absent: it never waits.
   */
  clearance?(tx: Transaction, asked: Asked): Clearance | Promise<Clearance>;
  /** Whether what an operation made is still there: until then an equal repeat under the caller's key gets its answer. */
  lives?(operationId: string): Promise<boolean>;
  /** The provider refused: a hint that our picture of the order is old. Inside the same transaction. */
  refused?(tx: Transaction, operation: OperationContext, code: string | null): Promise<void>;
}
