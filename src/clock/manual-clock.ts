import { Clock } from './clock.js';

/** A clock for tests: it stands still until it is told to go on. */
export class ManualClock extends Clock {
  #nowMs: number;

  constructor(start: Date | string | number = '2026-01-01T00:00:00.000Z') {
    super();
    this.#nowMs = new Date(start).getTime();
  }

  override nowMs(): number {
    return this.#nowMs;
  }

  /** Moves on by so many milliseconds; a negative number is a clock that was set back. */
  advance(ms: number): void {
    this.#nowMs += ms;
  }

  /** Jumps to a time. */
  set(time: Date | string | number): void {
    this.#nowMs = new Date(time).getTime();
  }
}

/** A clock for tests that never moves. */
export class FixedClock extends Clock {
  readonly #nowMs: number;

  constructor(time: Date | string | number = '2026-01-01T00:00:00.000Z') {
    super();
    this.#nowMs = new Date(time).getTime();
  }

  override nowMs(): number {
    return this.#nowMs;
  }
}
