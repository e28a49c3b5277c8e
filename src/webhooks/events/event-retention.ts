import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Clock } from '../../clock/clock.js';
import { Rounds } from '../../clock/rounds.js';
import { Settings } from '../../config/settings.js';
import { EventRetentionRepository } from '../../persistence/repositories/event-retention.repository.js';

const DAY_MS = 86_400_000;
const EVERY_MS = 3_600_000;
/** Rows of one statement: short enough that nobody waits for their locks. */
const BATCH = 500;

/**
 * Erases notifications once they are old: deliveries that ended NOTIFICATION_RETENTION_DAYS ago with their attempts, then events of that age
 * that have no delivery any more. What is still due is never old. Runs in workers, at the start and every hour; several may run at a time.
 */
@Injectable()
export class EventRetention implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(EventRetention.name);
  private readonly rounds = new Rounds({ name: EventRetention.name, everyMs: EVERY_MS, work: () => this.erase().then(() => false) });
  private stopped = false;

  constructor(
    private readonly repository: EventRetentionRepository,
    private readonly clock: Clock,
    private readonly settings: Settings,
  ) {}

  onApplicationBootstrap(): void {
    if (this.settings.role !== 'api') this.rounds.start();
  }

  onModuleDestroy(): Promise<void> {
    this.stopped = true;
    return this.rounds.stop();
  }

  /** Erases all that is old, batch by batch. May be repeated and run by several at a time. @returns how many deliveries and events */
  async erase(): Promise<{ deliveries: number; events: number }> {
    const before = new Date(this.clock.nowMs() - this.settings.notificationRetentionDays * DAY_MS);
    const deliveries = await this.#all(() => this.repository.eraseDeliveries(before, BATCH));
    const events = await this.#all(() => this.repository.eraseEvents(before, BATCH));
    if (deliveries + events > 0) this.logger.log(`${deliveries} old deliveries and ${events} old events were erased`);
    return { deliveries, events };
  }

  async #all(erase: () => Promise<number>): Promise<number> {
    let erased = 0;
    for (let batch = BATCH; batch === BATCH && !this.stopped; erased += batch) batch = await erase();
    return erased;
  }
}
