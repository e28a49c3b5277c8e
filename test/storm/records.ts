import type { KindName, Target } from './kinds.js';

/** States in which an operation has ended; what is `manual` waits for a person. */
export const FINAL: readonly string[] = ['succeeded', 'rejected', 'abandoned', 'withdrawn'];

/** What a caller was told: everything of an answer but what belongs to the one exchange. */
export interface Told {
  readonly status: number;
  /** Path alone. */
  readonly location: string | null;
  readonly capture: string | null;
  readonly refund: string | null;
  readonly text: string;
  /** Klarna's or our error code. */
  readonly code: string | null;
  /** The operation it points to, or was asked to look at. */
  readonly operation: string | null;
}

/** One request of a caller. */
export interface Ask {
  readonly how: 'first' | 'copy' | 'repeat' | 'late' | 'last' | 'other-body';
  /** Real ms of the harness's clock. */
  readonly began: number;
  readonly ended: number;
  /** null: nobody answered (the process died, the caller lost patience). */
  readonly told: Told | null;
  readonly by: string;
}

/** By what requests without a key are recognised, at Klarna and in the database: the caller's bytes are passed on as they are. */
export interface Address {
  readonly method: string;
  readonly path: string;
  /** SHA-256 of the body's bytes, in hex; of nothing where there is none. */
  readonly body: string;
}

/** An intent with everything that its caller knows of it. */
export interface IntentRecord extends Address {
  readonly id: string;
  readonly kind: KindName;
  readonly key: string | null;
  readonly reference: string;
  /** Minor units; days where a due date is put off. */
  readonly amount: number;
  /** What it is for. */
  readonly target: Target;
  /** Klarna's order: the one that it is for, or that create order made; null until (or unless) there is one. */
  orderId: string | null;
  readonly asks: Ask[];
  /** What `GET /operations/{id}` showed last, by operation. */
  readonly views: Map<string, { state: string; answer: { status: number; headers: Record<string, string> } | null }>;
}

/** An operation as the database has it. */
export interface OperationRow {
  /** What it sends; null for kinds that no shop of a storm is compared for. */
  readonly address: Address | null;
  readonly id: string;
  readonly kind: string;
  readonly state: string;
  readonly reason: string | null;
  readonly lane: string | null;
  readonly position: number | null;
  readonly key: string | null;
  readonly reference: string | null;
  readonly amount: number | null;
  /** Every key with which it may have been sent. */
  readonly providerKeys: readonly string[];
  readonly answerHeaders: Readonly<Record<string, string>> | null;
  readonly attempts: readonly AttemptRow[];
  /** How often Klarna was read for it. */
  readonly looks: number;
}

export interface AttemptRow {
  readonly id: string;
  readonly number: number;
  readonly fence: number;
  readonly outcome: string | null;
  readonly status: number | null;
  readonly providerId: string | null;
}

/** An order as the database has it; amounts in minor units. */
export interface StoredOrder {
  readonly order_id: string;
  readonly merchant_reference1: string | null;
  readonly merchant_reference2: string | null;
  /** ISO 8601. */
  readonly expires_at: string | null;
  readonly status: string | null;
  readonly order_amount: number | null;
  readonly captured_amount: number;
  readonly refunded_amount: number;
  readonly remaining_authorized_amount: number | null;
  readonly anomaly: string | null;
  /** How often it was told that Klarna's order is another, and nothing explains why. */
  readonly drifts: number;
  /** Amount by the provider's id. */
  readonly captures: Readonly<Record<string, number | null>>;
  readonly refunds: Readonly<Record<string, number | null>>;
}

/** The database. */
export interface Rows {
  readonly operations: readonly OperationRow[];
  readonly orders: readonly StoredOrder[];
  /** The id is null where nothing has one, such as a capture that no operation made. */
  readonly contradictions: readonly { readonly contradiction: string; readonly id: string | null }[];
}

export interface LedgerMovement {
  readonly id: string;
  readonly amount: number;
  readonly reference: string | null;
  readonly key: string | null;
}

/** An order as it really is at the simulator. */
export interface LedgerOrder {
  readonly order_id: string;
  /** null: it was not made of a payment session. */
  readonly session_id: string | null;
  readonly customer_token: string | null;
  readonly merchant_reference1: string | null;
  readonly merchant_reference2: string | null;
  readonly expires_at: string;
  readonly acknowledged: boolean;
  readonly status: string;
  readonly order_amount: number;
  readonly captured_amount: number;
  readonly refunded_amount: number;
  readonly remaining_authorized_amount: number;
  readonly captures: readonly LedgerMovement[];
  readonly refunds: readonly LedgerMovement[];
}

/** A customer token, and of which authorization it was made. */
export interface LedgerToken {
  readonly token_id: string;
  readonly authorization_token: string;
  readonly status: string;
}

/** A hosted page, and for which payment session it was made. */
export interface LedgerPage {
  readonly session_id: string;
  readonly payment_session_id: string;
  readonly status: string;
}

/** A checkout as it really is. */
export interface LedgerCheckout {
  readonly order_id: string;
  readonly aborted: boolean;
}

/** A request as it came to the simulator. */
export interface LedgerRequest extends Address {
  readonly sequence: number;
  readonly idempotency_key: string | null;
  readonly order_id: string | null;
  readonly executed: boolean;
  readonly replayed: boolean;
  readonly outcome: number | null;
  readonly status: number | null;
  readonly fault: string | null;
}

/** The simulator: what really happened. */
export interface Ledger {
  readonly orders: readonly LedgerOrder[];
  readonly tokens: readonly LedgerToken[];
  readonly pages: readonly LedgerPage[];
  readonly checkouts: readonly LedgerCheckout[];
  readonly requests: readonly LedgerRequest[];
}

/** What is wrong. */
export interface Finding {
  readonly column: 'doubles' | 'lost' | 'mismatches' | 'answered with error, but executed';
  readonly what: string;
  readonly intent?: string;
  readonly order?: string;
  readonly operation?: string;
}
