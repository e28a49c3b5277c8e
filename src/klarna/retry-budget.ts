/**
 * Permits for the calls that the service makes by itself while an API is sick, for all processes of a deployment together: at most a
 * tenth of callers' first attempts, or the floor when that is more.
 */
export abstract class RetryPermits {
  /**
   * Takes one permit.
   * @param firstAttempts callers' first attempts that this process sent since it last asked; a tenth of them is credited
   * @returns false when there is none now; also when nobody could be asked
   */
  abstract take(accountId: string, api: string, firstAttempts: number): Promise<boolean>;
}

/** What one process knows of the retry budget of one account and API. */
export class RetryBudget {
  #firstAttempts = 0;
  #noneUntil = 0;

  constructor(
    private readonly take: (firstAttempts: number) => Promise<boolean>,
    /** How long to leave it alone after there was no permit. */
    private readonly lookAgainMs: number,
    private readonly nowMs: () => number,
  ) {}

  /** A caller's first attempt goes out while the API is sick. */
  earn(): void {
    this.#firstAttempts += 1;
  }

  /** For how many ms there is no permit, as far as is known here without asking. */
  get restMs(): number {
    return Math.max(0, this.#noneUntil - this.nowMs());
  }

  async permit(): Promise<boolean> {
    if (this.restMs > 0) return false;
    const earned = this.#firstAttempts;
    this.#firstAttempts = 0;
    const granted = await this.take(earned);
    if (!granted) this.#noneUntil = this.nowMs() + this.lookAgainMs;
    return granted;
  }
}
