import type { Switches } from '../switches.js';
import type { Callback, CallbackKind } from './callback.js';
import type { PostOptions } from './post.js';
import type { Outcome } from './send.js';

const MINUTE_MS = 60_000;
/** Push and notification: every 10 minutes for 24 hours. */
const REPEAT_EVERY_MS = 10 * MINUTE_MS;
const REPEAT_FOR_MS = 24 * 60 * MINUTE_MS;
/** Pauses between the attempts of callbacks that are given up soon; any 2xx ends them. */
const PAUSES_MS: Partial<Record<CallbackKind, readonly number[]>> = {
  authorization: [1_000, 2_000],
  // "A few seconds apart": nobody outside Klarna knows how few.
  status_update: [3_000, 3_000, 3_000],
};
/** Checkout's push: 2 minutes after the purchase, then 5, 15, 30 and 60 minutes later, then every 4 hours for 48 hours. */
export const CHECKOUT_PUSH_AFTER_MS = 2 * MINUTE_MS;
const CHECKOUT_PUSH_AT_MS = [5, 15, 30, 60].map((minutes) => minutes * MINUTE_MS);
const CHECKOUT_PUSH_EVERY_MS = 240 * MINUTE_MS;
const CHECKOUT_PUSH_FOR_MS = 48 * 60 * MINUTE_MS;

type Patience = Pick<PostOptions, 'connectMs' | 'readMs'>;

const PATIENCE: Record<Exclude<CallbackKind, 'notification'>, Patience> = {
  authorization: { connectMs: 2_000, readMs: 2_000 },
  push: { readMs: 5_000 },
  checkout_push: { readMs: 5_000 },
  status_update: { readMs: 3_000 },
};

/** How long Klarna waits for the answer to a callback, in real milliseconds. */
export function patienceFor(kind: CallbackKind, switches: Switches): Patience {
  return kind === 'notification' ? { readMs: switches.get('notification_ms') } : PATIENCE[kind];
}

/**
 * When to try again: counted from the planned time, not from a slow merchant's answer. Null: never.
 * @param attempts how often the schedule has sent it, this time included
 */
export function nextAttemptAt(callback: Callback, attempts: number, { status }: Outcome, switches: Switches): number | null {
  const planned = callback.next_at ?? callback.first_at;
  const ok = status !== null && status >= 200 && status < 300;
  const pauses = PAUSES_MS[callback.kind];
  if (pauses !== undefined) {
    const pause = pauses[attempts - 1];
    return ok || pause === undefined ? null : planned + pause;
  }
  if (callback.kind === 'checkout_push') return checkoutPushAfter(callback.first_at, attempts);
  const repeats = switches.get('push_repeats');
  const stops =
    callback.kind === 'push'
      ? repeats === 'once' || (repeats === 'until_200' && status === 200)
      : status === 200 || (ok && switches.get('notification_stops_on') === 'any_2xx');
  const next = planned + REPEAT_EVERY_MS;
  return stops || next > callback.first_at + REPEAT_FOR_MS ? null : next;
}

/** When Checkout's push is repeated; what the shop answers to it does not matter. Null: never. */
function checkoutPushAfter(firstAt: number, attempts: number): number | null {
  const quick = CHECKOUT_PUSH_AT_MS[attempts - 1];
  const later = (CHECKOUT_PUSH_AT_MS.at(-1) ?? 0) + (attempts - CHECKOUT_PUSH_AT_MS.length) * CHECKOUT_PUSH_EVERY_MS;
  const after = quick ?? later;
  return after > CHECKOUT_PUSH_FOR_MS ? null : firstAt + after;
}
