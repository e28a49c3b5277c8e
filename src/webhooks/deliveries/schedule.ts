/** How long the pause after an attempt is at most, milliseconds; the last one repeats. */
const CAPS_MS = [2_000, 10_000, 30_000, 120_000, 600_000, 3_600_000, 14_400_000] as const;
const LONGEST_CAP_MS = 14_400_000;
/** A receiver may ask for so much patience. */
const MOST_PATIENCE_MS = 86_400_000;

/** A receiver that fails is asked again at least so often, whatever its deliveries' own turns: when it is back, they go. */
const LONGEST_REST_MS = 600_000;

/** Full jitter: anything from now on, so that what failed together does not come back together. @param failures in a row, from 1 @param random from 0 to 1 */
export function pauseMs(failures: number, random: number): number {
  return Math.round((CAPS_MS[Math.max(0, failures - 1)] ?? LONGEST_CAP_MS) * random);
}

/** How long a receiver is left alone, by full jitter as well; one delivery then finds out. @param failures in a row, from 1 */
export function restMs(failures: number, random: number): number {
  return Math.min(pauseMs(failures, random), Math.round(LONGEST_REST_MS * random));
}

/**
 * What `Retry-After` asks for: seconds, or a date.
 * @param nowMs on the clock of the world, which its dates are on
 * @returns milliseconds, 24 hours at most; 0 when there is none or it can't be read
 */
export function retryAfterMs(header: string | undefined, nowMs: number): number {
  const text = header?.trim() ?? '';
  // A date has a comma or a space in it; Date.parse would also take a bare or a negative number for a year.
  const ms = /^\d+$/.test(text) ? Number(text) * 1_000 : /^[A-Z][a-z]+,? .*\d/.test(text) ? Date.parse(text) - nowMs : 0;
  return Number.isNaN(ms) ? 0 : Math.min(Math.max(0, ms), MOST_PATIENCE_MS);
}
