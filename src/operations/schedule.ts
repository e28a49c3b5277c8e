/**
 * How long to wait before the next step of the schedule, in ms. The last delay repeats, with ten percent of jitter either way so
 * that operations that began to wait together don't stay together.
 * @param step how many steps were already taken
 */
export function scheduleDelay(delays: readonly number[], step: number, random: () => number = Math.random): number {
  const last = delays.length - 1;
  const delay = delays[Math.min(step, last)] ?? 0;
  return step > last ? Math.round(delay * (0.9 + 0.2 * random())) : delay;
}

/** Ages at which an unresolved operation is an alert. */
export const ALERT_AGES_MS = [5 * 60_000, 3_600_000, 5 * 3_600_000] as const;

/** The alert age that was passed between two looks at an operation, or null. */
export function alertAgePassed(createdAt: number, before: number, now: number): number | null {
  return ALERT_AGES_MS.findLast((age) => before - createdAt < age && now - createdAt >= age) ?? null;
}
