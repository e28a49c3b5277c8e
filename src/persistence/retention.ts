import { Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Rounds } from '../clock/rounds.js';
import type { Settings } from '../config/settings.js';

const EVERY_MS = 3_600_000;

/**
 * Erases what is old, in workers, at the start and every hour; several may run at a time, and one that dies has done as much as it has
 * committed.
 */
export abstract class Retention implements OnApplicationBootstrap, OnModuleDestroy {
  protected readonly logger: Logger;
  readonly #rounds: Rounds;
  #stopping = false;

  /** @param name begins log lines */
  protected constructor(
    name: string,
    protected readonly settings: Settings,
  ) {
    this.logger = new Logger(name);
    this.#rounds = new Rounds({ name, everyMs: EVERY_MS, work: () => this.erase().then(() => false) });
  }

  /** Erases all that is old. May be repeated. */
  abstract erase(): Promise<unknown>;

  onApplicationBootstrap(): void {
    if (this.settings.role !== 'api') this.#rounds.start();
  }

  onModuleDestroy(): Promise<void> {
    this.#stopping = true;
    return this.#rounds.stop();
  }

  /**
   * Batch by batch, until one is not full or the process stops.
   * @param batch rows of one statement: so few that nobody waits for their locks
   * @returns how many in all
   */
  protected async allOf(batch: number, erase: (most: number) => Promise<number>): Promise<number> {
    let erased = 0;
    for (let last = batch; last === batch && !this.#stopping; erased += last) last = await erase(batch);
    return erased;
  }
}
