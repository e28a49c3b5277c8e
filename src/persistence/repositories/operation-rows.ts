import type { NewHook } from './hooks.repository.js';

/** Rows of the durable operation as they stand in Postgres. bigint columns are text, as pg gives them. */
export interface OperationRow {
  id: string;
  merchant_id: string;
  provider_account_id: string;
  kind: string;
  class: string;
  state: string;
  lane: string | null;
  position: string | null;
  data_subject: string | null;
  target: Buffer;
  request: Buffer | null;
  caller_key: string | null;
  fingerprint: Buffer;
  token_hash: Buffer | null;
  amount: string | null;
  reference: string | null;
  provider_key: string | null;
  generation: number;
  fence: number;
  lease_until: Date | null;
  next_at: Date | null;
  steps: number;
  wakes: number;
  opened_at: Date;
  unresolved_since: Date | null;
  waits_until: Date;
  sends_alone: boolean;
  stopped: boolean;
  answer_status: number | null;
  answer_headers: Record<string, string> | null;
  answer_body: Buffer | null;
  reason: string | null;
  created_at: Date;
  finished_at: Date | null;
  /** Since when the bodies of its request and answers are gone. */
  bodies_erased_at: Date | null;
  /** Why the service asks for it by itself; null: a caller does. */
  purpose: string | null;
  order_id: string | null;
  order_currency: string | null;
  order_expires_at: Date | null;
  order_created_at: Date | null;
  /** As last read. */
  order_status: string | null;
  order_fraud_status: string | null;
  /** By Postgres' clock: its process has not renewed the lease. */
  lease_out: boolean | null;
  account_failing_since: Date | null;
  account_paused_at: Date | null;
}

export interface AttemptRow {
  id: string;
  operation_id: string;
  number: number;
  generation: number;
  fence: number;
  started_at: Date;
  ended_at: Date | null;
  outcome: string | null;
  garbled: boolean;
  status: number | null;
  headers: Record<string, string> | null;
  answer: Buffer | null;
  provider_id: string | null;
  code: string | null;
  reason: string | null;
  correlation_id: string | null;
}

export interface ReadingRow {
  operation_id: string;
  generation: number;
  started_at: Date;
  ended_at: Date;
  finding: string;
  provider_id: string | null;
  data: Record<string, unknown>;
}

/** A person's word on an operation. */
export interface ResolutionRow {
  operation_id: string;
  at: Date;
  outcome: string;
  provider_id: string | null;
  reason: string;
}

export interface LanePeerRow {
  id: string;
  kind: string;
  state: string;
  position: string;
  fence: number;
  unresolved_since: Date | null;
  leased: boolean | null;
  never_sent: boolean;
  begun: boolean;
  reason: string | null;
}

/** What T1 writes of one operation. `target` and `request` are sealed; `amount` is in minor units. */
export interface NewOperation {
  id: string;
  merchantId: string;
  providerAccountId: string;
  kind: string;
  class: string;
  lane: string | null;
  dataSubject: string;
  target: Buffer;
  request: Buffer | null;
  callerKey: string | null;
  fingerprint: Buffer;
  tokenHash: Buffer | null;
  amount: number | null;
  reference: string | null;
  /** The key when `wantedKey` is null or taken by another operation of the account; null where the provider takes none. */
  derivedKey: string | null;
  wantedKey: string | null;
  sendsAlone: boolean;
  /** Refuse while an equal operation is unresolved. */
  guarded: boolean;
  /** Nobody waits for it: unresolved from the start. */
  unresolved: boolean;
  /** When its caller will have waited in vain, whether or not the caller's process lives to say so. */
  waitsUntil: Date;
  attemptId: string;
  /** Addresses of ours in `request`. */
  hooks: readonly NewHook[];
  /** T1 does not start it, whatever its lane: it is accepted and due, and whoever begins it asks first whether it may be sent. */
  later: boolean;
  /** Why the service asks for it by itself; null: a caller does. */
  purpose: string | null;
}

/** What is written of one operation after a decision. */
export interface OperationChange {
  id: string;
  state: string;
  /** The process goes on with it and keeps the lease. */
  keepsLease: boolean;
  nextAt: Date | null;
  steps: number;
  unresolvedSince: Date | null;
  answerStatus: number | null;
  answerHeaders: Record<string, string> | null;
  answerBody: Buffer | null;
  reason: string | null;
  finishedAt: Date | null;
  stopped: boolean;
  providerAccountId: string;
  lane: string | null;
  /** It was unfinished and is now final. */
  leavesLane: boolean;
  /** What waits behind it in its lane is to look again. */
  wakesLane: boolean;
}
