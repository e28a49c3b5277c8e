/** An attempt counts as slow after this; whatever it waits for, it then waits beside the others. */
export const SLOW_AFTER_MS = 1_000;
/** Slow ones cost a socket and little else: in all there are so many times as many as quick ones. */
const SLOW_SHARE = 8;
/** Receivers that failed last have so much of the hands at most. */
const FAILING_SHARE = 0.5;

/**
 * How many attempts a process has in the air. An attempt that is not answered within a second gives its place to the next: receivers that
 * hang can hold up the healthy ones for so long at most, however many they are.
 */
export class Hands {
  readonly #busy = new Set<{ since: number; failing: boolean }>();

  /** @param nowMs a steady clock */
  constructor(
    private readonly concurrency: number,
    private readonly nowMs: () => number = () => performance.now(),
  ) {}

  get busy(): number {
    return this.#busy.size;
  }

  /** How many more may be taken, and how many of these for receivers that failed last. */
  free(): { deliveries: number; ofFailing: number } {
    const quick = [...this.#busy].filter(({ since }) => this.nowMs() - since < SLOW_AFTER_MS);
    const failing = quick.filter((hand) => hand.failing).length;
    const deliveries = Math.max(0, Math.min(this.concurrency - quick.length, this.concurrency * SLOW_SHARE - this.#busy.size));
    return { deliveries, ofFailing: Math.max(0, Math.min(deliveries, Math.ceil(this.concurrency * FAILING_SHARE) - failing)) };
  }

  /** @returns gives it back */
  take(failing: boolean): () => void {
    const hand = { since: this.nowMs(), failing };
    this.#busy.add(hand);
    return () => void this.#busy.delete(hand);
  }
}
