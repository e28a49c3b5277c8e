const SLOTS = 10;

/**
 * How many calls there were lately and how many of them failed. A ring of slots, each with its own time, so that what is old does not
 * count after a silence either.
 */
export class RecentCalls {
  #slots: { number: number; calls: number; failures: number }[] = [];

  constructor(
    private readonly windowMs: number,
    private readonly nowMs: () => number,
  ) {}

  add(failed: boolean): void {
    const number = this.#number();
    const slots = this.#recent();
    let slot = slots.find((each) => each.number === number);
    if (slot === undefined) slots.push((slot = { number, calls: 0, failures: 0 }));
    slot.calls += 1;
    if (failed) slot.failures += 1;
    this.#slots = slots;
  }

  clear(): void {
    this.#slots = [];
  }

  get counts(): { calls: number; failures: number } {
    const sum = { calls: 0, failures: 0 };
    for (const { calls, failures } of this.#recent()) {
      sum.calls += calls;
      sum.failures += failures;
    }
    return sum;
  }

  #recent() {
    const oldest = this.#number() - SLOTS;
    return this.#slots.filter((each) => each.number > oldest);
  }

  #number(): number {
    return Math.floor((this.nowMs() * SLOTS) / this.windowMs);
  }
}
