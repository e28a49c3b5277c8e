import type { Settings } from '../config/settings.js';
import type { LaneKey } from '../persistence/repositories/operations.repository.js';
import { type Timing, TIMING } from './decide.js';

/** The durations of the durable operation as configured. */
export function timingOf(settings: Settings): Timing {
  return {
    ...TIMING,
    providerTimeoutMs: settings.klarnaTimeoutMs,
    quietMs: settings.quietPeriodMs,
    readAgainMs: settings.readAgainMs,
    keyCutoffMs: settings.keyCutoffMs,
  };
}

/** The lane of an operation, if it has one. */
export function laneOf(operation: { providerAccountId: string; lane: string | null }): LaneKey | null {
  return operation.lane === null ? null : { providerAccountId: operation.providerAccountId, lane: operation.lane };
}
