import type { CallbackEntry, Hook } from '../../persistence/repositories/hooks.repository.js';

/** One callback of Klarna's as it was stored. Its words are a hint, never a fact. */
export interface StoredCallback {
  id: string;
  hookId: string;
  merchantId: string;
  providerAccountId: string;
  entry: CallbackEntry;
  /** What was filled into the address, or stands in the body. */
  providerOrderId: string | null;
  providerSessionId: string | null;
  eventType: string | null;
  /** As it came; null: there was none. */
  body: Buffer | null;
  /** When it came first; business time. */
  receivedAt: Date;
  /** Looks before this one. */
  attempts: number;
  /** What the last one came to; null: there was none. */
  lastResult: string | null;
}

/**
 * done: nothing more is to be done. again: a later look, by the schedule or after so many ms; `forMs`: for so long, where that is longer than
 * Klarna repeats. `result` is a code, never a value.
 */
export type CallbackOutcome = { then: 'done'; result: string } | { then: 'again'; afterMs?: number; forMs?: number; result: string };

/** What one kind of callback means. Nothing is believed without a look: a handler reads at Klarna before it writes, announces or passes on. */
export interface CallbackHandler {
  readonly entry: CallbackEntry;
  /**
   * One look. May run any number of times for one callback, also after it did everything: the process may die before its outcome is
   * stored. A throw is a look that failed: there is another by the schedule.
   */
  handle(callback: StoredCallback, hook: Hook): Promise<CallbackOutcome>;
}
