import { Logger } from '@nestjs/common';
import { atMost } from './at-most.js';

/** What a process does over and over, beside everything else. */
export interface Round {
  /** Begins its log lines. */
  name: string;
  /** The pause after a round that found nothing more to do. */
  everyMs: number;
  /** The pause after one that failed. */
  afterErrorMs?: number;
  /** One round. @returns whether there is more to do at once */
  work(): Promise<boolean>;
}

/** A stop waits so long for the round under way. */
const STOP_WITHIN_MS = 3_000;

/** Runs one round after the other, never two at once, until it is stopped. A round that fails is logged; the next one comes. */
export class Rounds {
  readonly #logger: Logger;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();
  #stopped = true;
  #woken = false;

  constructor(private readonly round: Round) {
    this.#logger = new Logger(round.name);
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  start(): void {
    this.#stopped = false;
    this.#next(0);
  }

  /** Begins no round any more, and waits for the one under way, though not for ever. */
  async stop(withinMs = STOP_WITHIN_MS): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await atMost(withinMs, this.#running);
  }

  /** The next round comes now, or as soon as the one under way has ended. */
  wake(): void {
    this.#woken = true;
    if (this.#stopped || this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.#next(0);
  }

  #next(ms: number): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#running = this.#work();
    }, ms);
  }

  async #work(): Promise<void> {
    let pause = this.round.everyMs;
    this.#woken = false;
    try {
      if (await this.round.work()) pause = 0;
    } catch (error) {
      pause = this.round.afterErrorMs ?? Math.max(5_000, this.round.everyMs);
      if (!this.#stopped) this.#logger.warn(`This round failed; the next comes in ${pause} ms: ${(error as Error).message}`);
    }
    this.#next(this.#woken ? 0 : pause);
  }
}
