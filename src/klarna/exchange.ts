/** Credentials and place of one Klarna account. */
export interface KlarnaAccount {
  id: string;
  baseUrl: string;
  username: string;
  password: string;
}

/** One call as it goes out: bytes are written as they are. */
export interface KlarnaCall {
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Absolute path with encoded parameters. */
  path: string;
  body?: Buffer | null;
  idempotencyKey?: string | null;
  /** Passed-on headers of the caller (`User-Agent`, `Accept-Language`, `Klarna-Integrator`, `Klarna-Partner`). */
  headers?: Readonly<Record<string, string>>;
  /** Asked again immediately before the first byte is written; false: the call ends as `not-sent`. */
  maySend?: () => boolean;
  timeoutMs?: number;
}

/** What came of a call. `no-answer` may have been executed: timeout, reset, truncated body. `not-sent` certainly was not. */
export type KlarnaExchange =
  | { kind: 'answer'; status: number; headers: Readonly<Record<string, string>>; body: Buffer; correlationId: string | null }
  | { kind: 'not-sent'; code: string; reason: string }
  | { kind: 'no-answer'; code: string; reason: string };

/** A call judged by the outcome rules. Structurally what src/operations calls a SendResult. */
export interface KlarnaVerdict {
  outcome: 'succeeded' | 'rejected' | 'configuration' | 'retry' | 'unknown';
  /** Status, headers of record in Klarna's spelling with a relative `Location`, Klarna's bytes. */
  answer: { status: number; headers: Record<string, string>; body: Buffer | null } | null;
  providerId: string | null;
  /** A 2xx that names no id, is truncated or is not Klarna's. */
  garbled: boolean;
  code: string | null;
  reason: string | null;
  correlationId: string | null;
  retryAfterMs: number | null;
}
