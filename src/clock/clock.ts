/**
 * Business time: the age of keys and tokens, expiry, schedules, retention. It goes into SQL as a parameter.
 * Postgres' own now() is for leases alone, because only they must agree between machines to the second.
 */
export abstract class Clock {
  /** Milliseconds since 1970. */
  abstract nowMs(): number;

  now(): Date {
    return new Date(this.nowMs());
  }

  /** Ends whatever keeps the clock going. */
  close(): void {}
}

/** This machine's clock. */
export class SystemClock extends Clock {
  override nowMs(): number {
    return Date.now();
  }
}
