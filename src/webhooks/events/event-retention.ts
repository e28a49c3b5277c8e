import { Injectable } from '@nestjs/common';
import { Clock } from '../../clock/clock.js';
import { Settings } from '../../config/settings.js';
import { EventRetentionRepository } from '../../persistence/repositories/event-retention.repository.js';
import { Retention } from '../../persistence/retention.js';

const BATCH = 500;

/**
 * Erases notifications once they are old: deliveries that ended NOTIFICATION_RETENTION_DAYS ago with their attempts, then events of that age
 * that have no delivery any more. What is still due is never old, and what was told of an operation stays while it is open.
 */
@Injectable()
export class EventRetention extends Retention {
  constructor(
    private readonly repository: EventRetentionRepository,
    clock: Clock,
    settings: Settings,
  ) {
    super(EventRetention.name, clock, settings);
  }

  /** Erases all that is old, batch by batch. May be repeated and run by several at a time. @returns how many deliveries and events */
  async erase(): Promise<{ deliveries: number; events: number }> {
    const before = this.daysAgo(this.settings.notificationRetentionDays);
    const deliveries = await this.allOf(BATCH, (most) => this.repository.eraseDeliveries(before, most));
    const events = await this.allOf(BATCH, (most) => this.repository.eraseEvents(before, most));
    if (deliveries + events > 0) this.logger.log(`${deliveries} old deliveries and ${events} old events were erased`);
    return { deliveries, events };
  }
}
