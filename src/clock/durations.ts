const UNITS = { d: 86_400_000, h: 3_600_000, m: 60_000 } as const;
const DURATION = /^([1-9]\d{0,4})([dhm])$/;
/** Klarna keeps no authorization for longer. */
const LONGEST_MS = 366 * UNITS.d;

/** Reads `7d`, `12h` or `30m`. @returns milliseconds; undefined for anything else, and for more than a year */
export function durationIn(text: string): number | undefined {
  const [, count, unit] = DURATION.exec(text) ?? [];
  if (count === undefined || unit === undefined) return undefined;
  const ms = Number(count) * UNITS[unit as keyof typeof UNITS];
  return ms <= LONGEST_MS ? ms : undefined;
}

/** As `durationIn` reads it, in the largest unit that it is a whole number of. @param ms a whole number of minutes */
export function durationText(ms: number): string {
  const [unit, size] = Object.entries(UNITS).find(([, each]) => ms % each === 0) ?? ['m', UNITS.m];
  return `${Math.round(ms / size)}${unit}`;
}
