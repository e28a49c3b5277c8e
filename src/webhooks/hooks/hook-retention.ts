import { Injectable } from '@nestjs/common';
import { Clock } from '../../clock/clock.js';
import { Settings } from '../../config/settings.js';
import { HooksRepository } from '../../persistence/repositories/hooks.repository.js';
import { Retention } from '../../persistence/retention.js';
import { ORDER_MS } from './callback-urls.js';

const BATCH = 1_000;

/**
 * Erases addresses whose time is over, with the shops' URLs in them. One that a callback came to stays with it; what tells of an order stays
 * as long as an order may live.
 */
@Injectable()
export class HookRetention extends Retention {
  constructor(
    private readonly hooks: HooksRepository,
    clock: Clock,
    settings: Settings,
  ) {
    super(HookRetention.name, clock, settings);
  }

  /** Erases all that is over, batch by batch. May be repeated and run by several at a time. @returns how many */
  async erase(): Promise<number> {
    const now = this.clock.now();
    await this.allOf(BATCH, (most) => this.hooks.keepOfOrders(now, ORDER_MS, most));
    const erased = await this.allOf(BATCH, (most) => this.hooks.eraseExpired(now, most));
    if (erased > 0) this.logger.log(`${erased} addresses for Klarna's callbacks were erased: their time was over`);
    return erased;
  }
}
