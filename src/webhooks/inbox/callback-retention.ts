import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Clock } from '../../clock/clock.js';
import { Rounds } from '../../clock/rounds.js';
import { Settings } from '../../config/settings.js';
import { CallbacksRepository } from '../../persistence/repositories/callbacks.repository.js';

const DAY_MS = 86_400_000;
const EVERY_MS = 3_600_000;
/** Rows of one statement: short enough that nobody waits for their locks. */
const BATCH = 500;

/** Erases callbacks that were finished NOTIFICATION_RETENTION_DAYS ago. In workers, at the start and every hour; several may run at a time. */
@Injectable()
export class CallbackRetention implements OnApplicationBootstrap, OnModuleDestroy {
  readonly #rounds = new Rounds({ name: 'CallbackRetention', everyMs: EVERY_MS, work: () => this.erase().then(() => false) });
  #stopped = false;

  constructor(
    private readonly callbacks: CallbacksRepository,
    private readonly clock: Clock,
    private readonly settings: Settings,
  ) {}

  onApplicationBootstrap(): void {
    if (this.settings.role !== 'api') this.#rounds.start();
  }

  onModuleDestroy(): Promise<void> {
    this.#stopped = true;
    return this.#rounds.stop();
  }

  /** Erases all that is old, batch by batch. May be repeated. @returns how many callbacks */
  async erase(): Promise<number> {
    const before = new Date(this.clock.nowMs() - this.settings.notificationRetentionDays * DAY_MS);
    let erased = 0;
    for (let batch = BATCH; batch === BATCH && !this.#stopped; erased += batch) batch = await this.callbacks.eraseFinished(before, BATCH);
    return erased;
  }
}
