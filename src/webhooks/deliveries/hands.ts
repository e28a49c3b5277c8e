/** An attempt counts as slow after this; whatever it waits for, it then waits beside the others. */
export const SLOW_AFTER_MS = 1_000;
/** Slow ones cost a socket and little else: in all there are so many times as many as quick ones. */
const SLOW_SHARE = 8;
/** Receivers that failed last, or were never reached, have so much of the hands at most: what they do is not known. */
const UNPROVEN_SHARE = 0.75;

/**
 * How many attempts a process has in the air. An attempt that is not answered within a second gives its place to the next: receivers that
 * hang can hold up the healthy ones for so long at most, however many they are.
 */
export class Hands {
  readonly #busy = new Set<{ since: number; unproven: boolean }>();

  /** @param nowMs a steady clock */
  constructor(
    private readonly concurrency: number,
    private readonly nowMs: () => number = () => performance.now(),
  ) {}

  get busy(): number {
    return this.#busy.size;
  }

  /** How many more may be taken, and how many of these for receivers that failed last or were never reached. */
  free(): { deliveries: number; ofUnproven: number } {
    const quick = [...this.#busy].filter(({ since }) => this.nowMs() - since < SLOW_AFTER_MS);
    const unproven = quick.filter((hand) => hand.unproven).length;
    const deliveries = Math.max(0, Math.min(this.concurrency - quick.length, this.concurrency * SLOW_SHARE - this.#busy.size));
    return { deliveries, ofUnproven: Math.max(0, Math.min(deliveries, Math.ceil(this.concurrency * UNPROVEN_SHARE) - unproven)) };
  }

  /** @returns gives it back */
  take(unproven: boolean): () => void {
    const hand = { since: this.nowMs(), unproven };
    this.#busy.add(hand);
    return () => void this.#busy.delete(hand);
  }
}
