/** Credentials and place of one Klarna account. */
export interface KlarnaAccount {
  id: string;
  baseUrl: string;
  username: string;
  password: string;
}

/** One call as it goes out: bytes are written as they are. */
export interface KlarnaCall {
  /**
   * Whose call it is: a caller's first attempt or read, or one that the service makes by itself (repeats, reads for settlement, refreshes).
   * While Klarna is sick callers come first.
   */
  by: 'caller' | 'service';
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
  | { kind: 'not-sent'; code: string; reason: string; withheldMs?: number }
  | { kind: 'no-answer'; code: string; reason: string };

/** The code of a call that `maySend` stopped. */
export const NOT_SENT = 'NOT_SENT';

/**
 * A call that was not made because of how Klarna is: the breaker is open, a rate limit holds, the retry budget is used up. It says nothing
 * about what the call was for; `withheldMs` is when asking again makes sense.
 */
export type Withheld = { kind: 'not-sent'; code: 'BREAKER_OPEN' | 'RATE_LIMITED' | 'RETRY_BUDGET'; reason: string; withheldMs: number };

/** When asking again makes sense, in ms, for a call that was withheld because of how Klarna is; undefined for every other exchange. */
export function withheldMsOf(exchange: KlarnaExchange): number | undefined {
  return exchange.kind === 'not-sent' ? exchange.withheldMs : undefined;
}

/** What a call came to, in one word: the status of an answer that was of no use, or why there was none. */
export function codeOf(exchange: KlarnaExchange): string {
  return exchange.kind === 'answer' ? `HTTP_${exchange.status}` : exchange.code;
}

/** `withheldMsOf` as a part of a `ReadResult`: whether there was a reading at all. */
export function notAsked(exchange: KlarnaExchange): { withheldMs?: number } {
  const withheldMs = withheldMsOf(exchange);
  return withheldMs === undefined ? {} : { withheldMs };
}

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
  /** Nothing was called, because of how Klarna is: no evidence, and no step of the schedule. */
  withheld?: true;
}
