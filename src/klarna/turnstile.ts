import type { KlarnaCall } from './exchange.js';

type Side = KlarnaCall['by'];

/** Lets so many through at a time; the others wait in the order they came, callers before the service's own. */
export class Turnstile {
  #free: number;
  readonly #waiting: Record<Side, (() => void)[]> = { caller: [], service: [] };

  constructor(places: number) {
    this.#free = places;
  }

  /**
   * Waits for a place. Every `enter` that resolves true is followed by one `leave`.
   * @returns false when the signal ended the wait
   */
  enter(signal: AbortSignal, by: Side): Promise<boolean> {
    if (signal.aborted) return Promise.resolve(false);
    if (this.#free > 0) {
      this.#free--;
      return Promise.resolve(true);
    }
    const line = this.#waiting[by];
    return new Promise((resolve) => {
      const proceed = () => {
        signal.removeEventListener('abort', giveUp);
        resolve(true);
      };
      const giveUp = () => {
        line.splice(line.indexOf(proceed), 1);
        resolve(false);
      };
      signal.addEventListener('abort', giveUp, { once: true });
      line.push(proceed);
    });
  }

  leave(): void {
    const next = this.#waiting.caller.shift() ?? this.#waiting.service.shift();
    if (next === undefined) this.#free++;
    else next();
  }
}
