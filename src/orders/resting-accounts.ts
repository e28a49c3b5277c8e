import type { Clock } from '../clock/clock.js';
import { restMs } from './read-schedule.js';

/** Accounts whose reads fail: they are left alone, longer each time, so that they neither burn their own turns nor keep others waiting. */
export class RestingAccounts {
  readonly #resting = new Map<string, { failures: number; until: Date }>();

  constructor(private readonly clock: Clock) {}

  /** A read failed. @returns for how many ms the account rests now */
  rest(accountId: string): number {
    const now = this.clock.nowMs();
    const known = this.#resting.get(accountId);
    // The reads of one batch fail together: that is one failure.
    if (known !== undefined && known.until.getTime() > now) return known.until.getTime() - now;
    const failures = (known?.failures ?? 0) + 1;
    const ms = restMs(failures, Math.random());
    this.#resting.set(accountId, { failures, until: new Date(now + ms) });
    return ms;
  }

  /** A read was answered. */
  answered(accountId: string): void {
    this.#resting.delete(accountId);
  }

  /** Those that are left alone at this time. */
  at(now: Date): string[] {
    return [...this.#resting].filter(([, { until }]) => until > now).map(([id]) => id);
  }
}
