/** Klarna's clock and ours may differ by this much. */
export const CLOCK_SKEW_MS = 120_000;
/** And those of two of our processes by this much. */
export const OWN_SKEW_MS = 10_000;
