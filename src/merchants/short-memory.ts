import { performance } from 'node:perf_hooks';

/**
 * Remembers the results of a lookup for a few seconds, so that a busy caller costs one query now and then and a change is seen soon.
 * Bounded: a flood of different keys pushes out the oldest. Failed lookups are not remembered.
 */
export class ShortMemory<T> {
  readonly #entries = new Map<string, { value: Promise<T>; until: number }>();

  constructor(
    private readonly ttlMs: number,
    private readonly capacity: number,
    private readonly nowMs: () => number = () => performance.now(),
  ) {}

  /** The remembered value, else what the lookup finds; callers that ask at once share one lookup. */
  get(key: string, lookup: () => Promise<T>): Promise<T> {
    const known = this.#entries.get(key);
    if (known !== undefined && known.until > this.nowMs()) return known.value;
    const value = lookup();
    this.#entries.delete(key);
    if (this.#entries.size >= this.capacity) this.#forgetOldest();
    const entry = { value, until: this.nowMs() + this.ttlMs };
    this.#entries.set(key, entry);
    value.catch(() => {
      if (this.#entries.get(key) === entry) this.#entries.delete(key);
    });
    return value;
  }

  get size(): number {
    return this.#entries.size;
  }

  #forgetOldest(): void {
    // A Map keeps the order of insertion, which is the order of expiry here.
    for (const key of this.#entries.keys()) {
      this.#entries.delete(key);
      return;
    }
  }
}
