import type { OperationClass, OperationKind } from './kinds.js';

export const FINAL_STATES = ['succeeded', 'rejected', 'abandoned', 'withdrawn'] as const;
export type FinalState = (typeof FINAL_STATES)[number];
export const OPERATION_STATES = ['accepted', 'running', 'waiting', 'unknown', 'manual', ...FINAL_STATES] as const;
export type OperationState = (typeof OPERATION_STATES)[number];

export function isFinal(state: OperationState): state is FinalState {
  return (FINAL_STATES as readonly string[]).includes(state);
}

/**
 * What one attempt came to. `configuration`: the provider refused our credentials or account before doing anything.
 * `retry`: it certainly did not happen. `unknown`: it may have.
 */
export type AttemptOutcome = 'succeeded' | 'rejected' | 'configuration' | 'retry' | 'unknown';

/** One try of an operation, as kept for ever. Times are business time in ms. */
export interface Attempt {
  id: string;
  number: number;
  generation: number;
  startedAt: number;
  /** null while the call is under way, or for ever when its process died. */
  endedAt: number | null;
  outcome: AttemptOutcome | null;
  /** A 2xx that is not what the provider sends: no id, truncated, foreign. */
  garbled: boolean;
  status: number | null;
}

/** One look at the provider for the effect of an operation. */
export interface Reading {
  startedAt: number;
  endedAt: number;
  generation: number;
  /**
   * present: exactly this effect is there. placed: the order exists but its id can't be seen (a completed session).
   * absent: not there at that moment. ambiguous: more than one effect could be it. unreadable: the provider could not be read.
   */
  finding: 'present' | 'placed' | 'absent' | 'ambiguous' | 'unreadable';
  /** Of an unreadable one: the provider was read all right, and what it shows does not tell. */
  notShown?: true;
  providerId: string | null;
}

/** The code of a reading that is unreadable because the provider does not show whether. */
export const NOT_SHOWN = 'NOT_SHOWN';

/** What decide() needs to know of an operation; nothing here is personal data. */
export interface OperationFacts {
  kind: OperationKind;
  class: OperationClass;
  state: OperationState;
  generation: number;
  createdAt: number;
  /** When the latest caller's wait began: at acceptance, or when an equal repeat opened a bounded operation again. */
  openedAt: number;
  /** The caller's first wait is over: bounded kinds send no more by themselves, interactive ones end. */
  waitOver: boolean;
  sendsAlone: boolean;
  stopped: boolean;
  /** The authorization's end as last read, ms; null when unknown. */
  expiresAt: number | null;
  attempts: readonly Attempt[];
  readings: readonly Reading[];
}

/** The answer of record: status, headers in the provider's spelling (`Location` relative), and the provider's bytes. */
export interface RecordedAnswer {
  status: number;
  headers: Record<string, string>;
  body: Buffer | null;
}
