interface Alarm {
  at: number;
  run: (at: number) => void;
}

/** Node's timers hold at most a signed 32-bit number of milliseconds. */
const LONGEST_TIMER_MS = 2_147_483_647;

/**
 * The simulator's time: the machine's clock plus an offset that tests move forward. Everything that has a date or an age
 * (keys, tokens, expiry, callback schedules) reads it; it never runs backwards by itself.
 */
export class VirtualClock {
  private readonly alarms: Alarm[] = [];
  private timer: NodeJS.Timeout | undefined;
  private closed = false;

  /** @param offsetMs milliseconds that virtual time is ahead of (or behind) the machine's clock */
  constructor(private offsetMs = 0) {}

  /** Virtual time in milliseconds since 1970. */
  now(): number {
    return Date.now() + this.offsetMs;
  }

  /** A moment as ISO 8601 in UTC; the current one by default. */
  iso(at = this.now()): string {
    return new Date(at).toISOString();
  }

  get offset(): number {
    return this.offsetMs;
  }

  /** Runs `run` once when virtual time reaches `at`; at the next turn of the event loop when it already has. */
  schedule(at: number, run: (at: number) => void): void {
    let low = 0;
    let high = this.alarms.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.alarms[middle]?.at ?? 0) <= at) low = middle + 1;
      else high = middle;
    }
    this.alarms.splice(low, 0, { at, run });
    if (low === 0) this.arm();
  }

  /** Moves virtual time forward. Everything that falls due has run, in the order of its due times, when this returns. */
  advance(ms: number): void {
    this.offsetMs += ms;
    this.runDue();
  }

  /** Forgets every alarm. */
  clear(): void {
    this.alarms.length = 0;
    clearTimeout(this.timer);
  }

  close(): void {
    this.closed = true;
    this.clear();
  }

  private runDue(): void {
    for (;;) {
      const next = this.alarms[0];
      if (next === undefined || next.at > this.now()) break;
      this.alarms.shift();
      next.run(next.at);
    }
    this.arm();
  }

  private arm(): void {
    clearTimeout(this.timer);
    const next = this.alarms[0];
    if (next === undefined || this.closed) return;
    const wait = Math.min(Math.max(next.at - this.now(), 0), LONGEST_TIMER_MS);
    // Unreferenced: a planned callback must not keep a finished process alive.
    this.timer = setTimeout(() => this.runDue(), wait).unref();
  }
}
