import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Clock } from '../../clock/clock.js';
import { Rounds } from '../../clock/rounds.js';
import { Settings } from '../../config/settings.js';
import { HooksRepository } from '../../persistence/repositories/hooks.repository.js';

const EVERY_MS = 3_600_000;
/** Rows of one statement: short enough that nobody waits for their locks. */
const BATCH = 1_000;

/** Erases addresses whose time is over, with the shops' URLs in them. One that a callback came to stays with it. */
@Injectable()
export class HookRetention implements OnApplicationBootstrap, OnModuleDestroy {
  readonly #logger = new Logger(HookRetention.name);
  readonly #rounds: Rounds;

  constructor(
    private readonly hooks: HooksRepository,
    private readonly clock: Clock,
    private readonly settings: Settings,
  ) {
    this.#rounds = new Rounds({ name: HookRetention.name, everyMs: EVERY_MS, work: async () => (await this.erase()) === BATCH });
  }

  onApplicationBootstrap(): void {
    if (this.settings.role !== 'api') this.#rounds.start();
  }

  onModuleDestroy(): Promise<void> {
    return this.#rounds.stop();
  }

  /** Erases one batch of what is over. May be repeated and run by several at a time. @returns how many */
  async erase(): Promise<number> {
    const erased = await this.hooks.eraseExpired(this.clock.now(), BATCH);
    if (erased > 0) this.#logger.log(`${erased} addresses for Klarna's callbacks were erased: their time was over`);
    return erased;
  }
}
