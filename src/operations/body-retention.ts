import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import { Settings } from '../config/settings.js';
import { Database } from '../persistence/database.js';
import { OperationsRepository } from '../persistence/repositories/operations.repository.js';

const DAY_MS = 86_400_000;
const EVERY_MS = 3_600_000;
/** Rows of one transaction: short enough that nobody waits for their locks. */
const BATCH = 500;
const STOP_WITHIN_MS = 2_000;

/**
 * Erases what callers and Klarna said once it is old: the bodies of requests and answers of operations that finished BODY_RETENTION_DAYS
 * ago. Status, headers of record, ids, amounts, readings and the timeline stay. Runs in workers, at the start and every hour; several may run
 * at a time, and one that dies has done as much as it has committed.
 */
@Injectable()
export class BodyRetention implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(BodyRetention.name);
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<unknown> = Promise.resolve();
  private stopped = false;

  constructor(
    private readonly database: Database,
    private readonly repository: OperationsRepository,
    private readonly clock: Clock,
    private readonly settings: Settings,
  ) {}

  onApplicationBootstrap(): void {
    if (this.settings.role !== 'api') this.schedule(0);
  }

  async onModuleDestroy(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    let late: NodeJS.Timeout | undefined;
    await Promise.race([this.running, new Promise((resolve) => (late = setTimeout(resolve, STOP_WITHIN_MS)))]);
    clearTimeout(late);
  }

  /** Erases all that is due, batch by batch. May be repeated and run by several at a time. @returns of how many operations */
  async erase(): Promise<number> {
    let erased = 0;
    for (let batch = BATCH; batch === BATCH && !this.stopped; erased += batch) {
      const now = this.clock.now();
      const finishedBefore = new Date(now.getTime() - this.settings.bodyRetentionDays * DAY_MS);
      batch = await this.repository.eraseBodies(this.database, finishedBefore, now, BATCH);
    }
    if (erased > 0) this.logger.log(`Bodies of ${erased} operations were erased`);
    return erased;
  }

  private schedule(ms: number): void {
    if (this.stopped) return;
    this.timer = setTimeout(() => {
      this.running = this.erase()
        .catch((error: unknown) => this.logger.warn(`Old bodies could not be erased: ${String(error)}`))
        .finally(() => this.schedule(EVERY_MS));
    }, ms);
  }
}
