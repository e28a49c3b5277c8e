import { Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import { Settings } from '../config/settings.js';
import { Database } from '../persistence/database.js';
import { OperationsRepository } from '../persistence/repositories/operations.repository.js';
import { Retention } from '../persistence/retention.js';

const BATCH = 500;

/**
 * Erases what callers and Klarna said once it is old: the bodies of requests and answers of operations that finished BODY_RETENTION_DAYS
 * ago. Status, headers of record, ids, amounts, readings and the timeline stay.
 */
@Injectable()
export class BodyRetention extends Retention {
  constructor(
    private readonly database: Database,
    private readonly repository: OperationsRepository,
    clock: Clock,
    settings: Settings,
  ) {
    super(BodyRetention.name, clock, settings);
  }

  /** Erases all that is due, batch by batch. May be repeated and run by several at a time. @returns of how many operations */
  async erase(): Promise<number> {
    const erased = await this.allOf(BATCH, (most) => {
      const finishedBefore = this.daysAgo(this.settings.bodyRetentionDays);
      return this.repository.eraseBodies(this.database, finishedBefore, this.clock.now(), most);
    });
    if (erased > 0) this.logger.log(`Bodies of ${erased} operations were erased`);
    return erased;
  }
}
