import type { Clock } from '../clock/clock.js';
import { WorkerRounds } from '../clock/worker-rounds.js';
import type { Settings } from '../config/settings.js';

const EVERY_MS = 3_600_000;
const DAY_MS = 86_400_000;

/**
 * Erases what is old, in workers, at the start and every hour; several may run at a time, and one that dies has done as much as it has
 * committed.
 */
export abstract class Retention extends WorkerRounds {
  #stopping = false;

  /** @param name begins log lines */
  protected constructor(
    name: string,
    protected readonly clock: Clock,
    settings: Settings,
  ) {
    super(settings, { name, everyMs: EVERY_MS });
  }

  /** Erases all that is old. May be repeated. */
  abstract erase(): Promise<unknown>;

  async round(): Promise<boolean> {
    await this.erase();
    return false;
  }

  override onModuleDestroy(): Promise<void> {
    this.#stopping = true;
    return super.onModuleDestroy();
  }

  protected daysAgo(days: number): Date {
    return new Date(this.clock.nowMs() - days * DAY_MS);
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
