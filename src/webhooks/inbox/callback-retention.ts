import { Injectable } from '@nestjs/common';
import { Clock } from '../../clock/clock.js';
import { Settings } from '../../config/settings.js';
import { CallbacksRepository } from '../../persistence/repositories/callbacks.repository.js';
import { Retention } from '../../persistence/retention.js';

const BATCH = 500;

/** Erases callbacks that were finished NOTIFICATION_RETENTION_DAYS ago. */
@Injectable()
export class CallbackRetention extends Retention {
  constructor(
    private readonly callbacks: CallbacksRepository,
    clock: Clock,
    settings: Settings,
  ) {
    super(CallbackRetention.name, clock, settings);
  }

  /** Erases all that is old, batch by batch. May be repeated and run by several at a time. @returns how many callbacks */
  erase(): Promise<number> {
    const before = this.daysAgo(this.settings.notificationRetentionDays);
    return this.allOf(BATCH, (most) => this.callbacks.eraseFinished(before, most));
  }
}
