import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import { Settings } from '../config/settings.js';
import { Care } from '../klarna/care.js';
import { Database } from '../persistence/database.js';
import { AccountHealthRepository } from '../persistence/repositories/account-health.repository.js';
import { Settlement, WAKE_SPACING_MS } from './settlement.js';

/**
 * Wakes what waits for an account when the breaker of one of its APIs has closed, whatever the call was that closed it. (The success of an
 * operation wakes them by itself, in T2.)
 */
@Injectable()
export class Recovery implements OnModuleInit {
  private readonly logger = new Logger(Recovery.name);

  constructor(
    private readonly care: Care,
    private readonly database: Database,
    private readonly health: AccountHealthRepository,
    private readonly settlement: Settlement,
    private readonly clock: Clock,
    private readonly settings: Settings,
  ) {}

  onModuleInit(): void {
    this.care.onWell((accountId) => {
      this.#wake(accountId).catch((error: unknown) =>
        this.logger.warn(`What waits for account ${accountId} was not woken: ${String(error)}`),
      );
    });
  }

  async #wake(accountId: string): Promise<void> {
    const now = this.clock.now();
    // A call that is not an operation's says nothing about what these credentials may change.
    const woken = await this.database.transaction((tx) =>
      this.health.works(tx, accountId, now, this.settings.retryDelaysMs, WAKE_SPACING_MS, false),
    );
    this.settlement.nudge(woken.map((each) => ({ id: each.id, fence: each.fence, at: each.next_at })));
  }
}
