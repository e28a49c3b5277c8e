import type { CallbackOutcome } from './callback-handler.js';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** The pauses between looks; the last one repeats. */
const PAUSES_MS = [SECOND, 5 * SECOND, 30 * SECOND, 2 * MINUTE, 5 * MINUTE, 15 * MINUTE];
/** Klarna repeats a push for so long; what could not be settled by then is not settled by looking. */
export const GIVEN_UP_AFTER_MS = 48 * HOUR;

/** What follows from a look. */
export type Next = { state: 'done' | 'given-up'; nextAt: null } | { state: 'received'; nextAt: Date };

/**
 * @param attempts looks before this one
 * @param lastReceivedAt when Klarna said it last
 */
export function nextOf(outcome: CallbackOutcome, attempts: number, lastReceivedAt: Date, now: Date): Next {
  if (outcome.then === 'done') return { state: 'done', nextAt: null };
  if (now.getTime() - lastReceivedAt.getTime() >= (outcome.forMs ?? GIVEN_UP_AFTER_MS)) return { state: 'given-up', nextAt: null };
  const pause = outcome.afterMs ?? PAUSES_MS[Math.min(attempts, PAUSES_MS.length - 1)] ?? 15 * MINUTE;
  return { state: 'received', nextAt: new Date(now.getTime() + pause) };
}
