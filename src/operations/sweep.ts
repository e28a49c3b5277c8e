import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import { Settings } from '../config/settings.js';
import { Database } from '../persistence/database.js';
import { OperationsRepository } from '../persistence/repositories/operations.repository.js';
import { NudgeWorker } from '../queue/nudge-worker.js';
import { Driver, isPassing } from './driver.js';
import { laneOf } from './timing.js';
import { Transitions } from './transitions.js';

/** A nudge of the queue may come a little before the time it was set to; that is no reason to leave it to the sweep. */
const EARLY_MS = 250;
const REST_MS = 30_000;

/**
 * Runs what is due, without anybody being asked to wait for it: nudges of the queue, and what no nudge reached. Nothing depends on the
 * queue: a lease that ran out is taken over at once, a due operation two seconds later.
 */
@Injectable()
export class Sweep implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly underWay = new Set<string>();
  /** What could not even be begun, until when (steady clock): rows of a newer version, or sealed with another key, must not block the rest. */
  private readonly resting = new Map<string, number>();
  /** How many of the hands in reserve are busy. */
  private reserved = 0;
  private readonly logger = new Logger(Sweep.name);
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;

  constructor(
    private readonly database: Database,
    private readonly repository: OperationsRepository,
    private readonly transitions: Transitions,
    private readonly driver: Driver,
    private readonly nudges: NudgeWorker,
    private readonly clock: Clock,
    private readonly settings: Settings,
  ) {}

  onApplicationBootstrap(): void {
    if (this.settings.role === 'api') return;
    this.nudges.start((operationId) => this.attempt(operationId));
    this.next();
  }

  onModuleDestroy(): void {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  /** One step of an operation, if it is due and nobody else has it. */
  async attempt(operationId: string): Promise<void> {
    if (this.underWay.has(operationId) || this.stopped) return;
    this.underWay.add(operationId);
    try {
      const row = await this.repository.find(this.database, operationId);
      if (!row?.next_at) return;
      const early = row.next_at.getTime() - this.clock.nowMs();
      if (early > EARLY_MS) return;
      if (early > 0) await new Promise((resolve) => setTimeout(resolve, early));
      const lane = laneOf({ providerAccountId: row.provider_account_id, lane: row.lane });
      await this.run(operationId, lane);
    } finally {
      this.underWay.delete(operationId);
    }
  }

  /**
   * Looks once, and starts what it finds, as far as this process has hands free. As many again are kept for operations of processes that
   * died: when Klarna hangs, all the others are busy for a minute, and a worker that dies leaves all that it had in hand.
   */
  async sweep(): Promise<void> {
    const free = Math.max(0, this.settings.workerConcurrency - this.underWay.size);
    const inReserve = this.settings.workerConcurrency - this.reserved;
    if (free + inReserve <= 0) return;
    const overdueAt = new Date(this.clock.nowMs() - this.settings.nudgeOverdueMs);
    for (const [id, until] of this.resting) if (until < performance.now()) this.resting.delete(id);
    const due = await this.repository.due(this.database.ahead, overdueAt, free + inReserve + this.underWay.size + this.resting.size);
    const startable = due.filter((each) => !this.underWay.has(each.id) && !this.resting.has(each.id));
    // Run-out leases come first.
    for (const [index, each] of startable.entries()) {
      const reserve = index >= free;
      if (reserve && !(each.run_out && index < free + inReserve)) break;
      if (reserve) this.reserved += 1;
      this.underWay.add(each.id);
      this.run(each.id, laneOf({ providerAccountId: each.provider_account_id, lane: each.lane }), each.run_out)
        .catch((error: unknown) => {
          if (!isPassing(error)) this.resting.set(each.id, performance.now() + REST_MS);
          this.logger.warn(`Operation ${each.id} could not be taken up: ${String(error)}`);
        })
        .finally(() => {
          this.underWay.delete(each.id);
          if (reserve) this.reserved -= 1;
        });
    }
  }

  private async run(id: string, lane: ReturnType<typeof laneOf>, orphan = false): Promise<void> {
    const step = await this.transitions.begin(id, lane, { due: true, orphan });
    await this.driver.drive(id, lane, step, null);
  }

  private next(): void {
    if (this.stopped) return;
    this.timer = setTimeout(() => {
      this.sweep()
        .catch((error: unknown) => this.logger.warn(`The sweep could not look for due operations: ${String(error)}`))
        .finally(() => this.next());
    }, this.settings.sweepIntervalMs);
  }
}
