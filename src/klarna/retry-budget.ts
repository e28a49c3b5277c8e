/**
 * Permits for the calls that the service makes by itself while an API is sick, for all processes of a deployment together: at most a
 * tenth of callers' first attempts, or the floor when that is more.
 */
export abstract class RetryPermits {
  /**
   * Takes one permit.
   * @param firstAttempts callers' first attempts that this process sent since it last asked; a tenth of them is credited
   * @param seenSick this process has seen for itself that the API is sick; others are to go by it
   * @returns false when there is none now; also when nobody could be asked
   */
  abstract take(accountId: string, api: string, firstAttempts: number, seenSick: boolean): Promise<boolean>;

  /** Whether some process has seen lately that the API is sick. */
  abstract seenSick(accountId: string, api: string): Promise<boolean>;
}

/** What one process knows of the retry budget of one account and API. */
export class RetryBudget {
  #firstAttempts = 0;
  #noneUntil = 0;
  #asked = -Infinity;
  /** Some other process has seen that the API is sick. */
  sickElsewhere = false;

  constructor(
    private readonly permits: {
      take: (firstAttempts: number, seenSick: boolean) => Promise<boolean>;
      seenSick: () => Promise<boolean>;
    },
    /** How long to leave it alone after there was no permit, and how old the word of others may be. */
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

  /**
   * Whether the service's own calls need permits because of what others see. A process whose own calls all succeed, such as reads of orders that
   * are well, knows nothing of those that fail elsewhere.
   */
  async lookElsewhere(): Promise<boolean> {
    if (this.nowMs() - this.#asked >= this.lookAgainMs) {
      this.#asked = this.nowMs();
      this.sickElsewhere = await this.permits.seenSick();
    }
    return this.sickElsewhere;
  }

  /** @param seenSick this process sees it for itself */
  async permit(seenSick: boolean): Promise<boolean> {
    if (this.restMs > 0) return false;
    const earned = this.#firstAttempts;
    this.#firstAttempts = 0;
    const granted = await this.permits.take(earned, seenSick);
    if (!granted) this.#noneUntil = this.nowMs() + this.lookAgainMs;
    return granted;
  }
}
