import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import { Settings } from '../config/settings.js';
import { Database } from '../persistence/database.js';
import { OperationsRepository } from '../persistence/repositories/operations.repository.js';
import { NudgeWorker } from '../queue/nudge-worker.js';
import { Driver, isPassing } from './driver.js';
import { Leases, thisMoment } from './leases.js';
import { laneOf } from './timing.js';
import { Transitions } from './transitions.js';

/** A nudge of the queue may come a little before the time it was set to; that is no reason to leave it to the sweep. */
const EARLY_MS = 250;
const REST_MS = 30_000;
/** So many times its hands a worker has in reserve, for operations of processes that died. */
const RESERVE = 5;

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
    private readonly leases: Leases,
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
   * Looks once, and starts what it finds, as far as this process has hands free. Many more are kept for operations of processes that died:
   * when Klarna hangs, all the others are busy for a minute, and whoever is left may have to take over from several.
   */
  async sweep(): Promise<void> {
    for (const [id, until] of this.resting) if (until < performance.now()) this.resting.delete(id);
    await this.takeOver();
    await this.startDue();
  }

  /**
   * Takes what others left behind, all at once, and then begins it: what waits here for its beginning is kept by its lease, and its former
   * process, should it still live, is shut out.
   */
  private async takeOver(): Promise<void> {
    const inReserve = RESERVE * this.settings.workerConcurrency - this.reserved;
    const most = this.free + inReserve;
    if (most <= 0) return;
    const asked = thisMoment();
    const besides = [...this.underWay, ...this.resting.keys()];
    const taken = await this.repository.takeOver(this.database.ahead, most, besides, this.settings.leaseMs);
    for (const { fence, ...each } of taken) {
      this.leases.hold(each.id, fence, asked);
      const reserve = this.free <= 0;
      if (reserve) this.reserved += 1;
      this.start(each, async (lane) => {
        try {
          const step = await this.transitions.begin(each.id, lane, { fence, orphan: true }).finally(() => this.leases.drop(each.id, fence));
          await this.driver.drive(each.id, lane, step, null);
        } finally {
          if (reserve) this.reserved -= 1;
        }
      });
    }
  }

  private async startDue(): Promise<void> {
    if (this.free <= 0 || this.stopped) return;
    const overdueAt = new Date(this.clock.nowMs() - this.settings.nudgeOverdueMs);
    const due = await this.repository.due(this.database.ahead, overdueAt, this.free + this.underWay.size + this.resting.size);
    for (const each of due) {
      if (this.free <= 0) return;
      if (!this.underWay.has(each.id) && !this.resting.has(each.id)) this.start(each, (lane) => this.run(each.id, lane));
    }
  }

  /** How many hands have nothing to do. */
  private get free(): number {
    return Math.max(0, this.settings.workerConcurrency - (this.underWay.size - this.reserved));
  }

  private start(
    each: { id: string; provider_account_id: string; lane: string | null },
    work: (lane: ReturnType<typeof laneOf>) => Promise<void>,
  ): void {
    this.underWay.add(each.id);
    work(laneOf({ providerAccountId: each.provider_account_id, lane: each.lane }))
      .catch((error: unknown) => {
        if (!isPassing(error)) this.resting.set(each.id, performance.now() + REST_MS);
        this.logger.warn(`Operation ${each.id} could not be taken up: ${String(error)}`);
      })
      .finally(() => this.underWay.delete(each.id));
  }

  private async run(id: string, lane: ReturnType<typeof laneOf>): Promise<void> {
    const step = await this.transitions.begin(id, lane, { due: true });
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
