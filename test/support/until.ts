import { setTimeout as pause } from 'node:timers/promises';

interface UntilOptions {
  readonly withinMs?: number;
  readonly everyMs?: number;
  /** Why waiting is pointless, or false. */
  readonly giveUp?: () => string | false;
  /** What helps to understand why it did not happen. */
  readonly hint?: () => string;
}

/**
 * Waits for a condition instead of a time: polls until the function gives something other than undefined, null or false.
 * An error of the function counts as "not yet" and is shown when time runs out.
 */
export async function until<T>(
  what: string,
  look: () => T | Promise<T>,
  { withinMs = 10_000, everyMs = 25, giveUp = () => false, hint = () => '' }: UntilOptions = {},
): Promise<Exclude<T, undefined | null | false>> {
  const end = performance.now() + withinMs;
  let last: unknown;
  while (performance.now() < end) {
    try {
      const seen = await look();
      if (seen !== undefined && seen !== null && seen !== false) return seen as Exclude<T, undefined | null | false>;
      last = seen;
    } catch (error) {
      last = error;
    }
    const reason = giveUp();
    if (reason !== false) throw new Error(`Waiting until ${what}: ${reason}`);
    await pause(everyMs);
  }
  throw new Error(`Waited ${withinMs} ms in vain until ${what} (last: ${String(last)})\n${hint()}`);
}
