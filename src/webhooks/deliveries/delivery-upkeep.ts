import { Injectable } from '@nestjs/common';
import { Clock } from '../../clock/clock.js';
import { WorkerRounds } from '../../clock/worker-rounds.js';
import { Settings } from '../../config/settings.js';
import { DeliveryOutcomesRepository } from '../../persistence/repositories/delivery-outcomes.repository.js';
import { Alerts } from '../../telemetry/alerts.js';
import { DeliveryCounts } from './delivery-counts.js';

const EVERY_MS = 1_000;
/** Rows of one statement: short enough that nobody waits for their locks. */
const BATCH = 500;

/** Ends deliveries that nobody takes any more: tried for seven days, or for an endpoint that is gone. Runs in workers; several may. */
@Injectable()
export class DeliveryUpkeep extends WorkerRounds {
  constructor(
    private readonly outcomes: DeliveryOutcomesRepository,
    private readonly counts: DeliveryCounts,
    private readonly alerts: Alerts,
    private readonly clock: Clock,
    settings: Settings,
  ) {
    super(settings, { name: DeliveryUpkeep.name, everyMs: EVERY_MS });
  }

  /** One batch of each. May be repeated and run by several at a time. @returns whether there is more */
  async round(): Promise<boolean> {
    const now = this.clock.now();
    const cancelled = await this.outcomes.cancelUnwanted(now, BATCH);
    this.counts.cancelled += cancelled;
    const dead = await this.outcomes.expire(now, BATCH);
    if (dead.length > 0) {
      this.counts.dead += dead.length;
      for (const { id, receiver } of dead) this.alerts.raise('delivery.dead', { delivery: id, receiver });
      await this.outcomes.next(dead, now);
    }
    return cancelled === BATCH || dead.length === BATCH;
  }
}
