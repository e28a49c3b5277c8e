import { Global, Injectable, Logger, Module } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import { Settings } from '../config/settings.js';
import { RetryPermits } from '../klarna/retry-budget.js';
import { RetryBudgetsRepository } from '../persistence/repositories/retry-budgets.repository.js';

/** The retry budget of a deployment, in Postgres. Without Postgres there are no permits: nothing can be repeated then anyway. */
@Injectable()
export class SharedRetryPermits extends RetryPermits {
  readonly #logger = new Logger('RetryBudget');

  constructor(
    private readonly budgets: RetryBudgetsRepository,
    private readonly clock: Clock,
    private readonly settings: Settings,
  ) {
    super();
  }

  override async take(accountId: string, api: string, firstAttempts: number, seenSick: boolean): Promise<boolean> {
    try {
      return await this.budgets.take({ accountId, api, firstAttempts, seenSick }, this.settings.retryFloorPerSecond, this.clock.now());
    } catch (error) {
      this.#logger.warn(`No permit for a repeat could be had: ${String(error)}`);
      return false;
    }
  }

  override async seenSick(accountId: string, api: string): Promise<boolean> {
    const since = new Date(this.clock.nowMs() - this.settings.breakerWindowMs);
    // Without Postgres what this process sees for itself has to do.
    return this.budgets.seenSick(accountId, api, since).catch(() => false);
  }
}

/** For Klarna's client, which knows no database. */
@Global()
@Module({
  providers: [RetryBudgetsRepository, { provide: RetryPermits, useClass: SharedRetryPermits }],
  exports: [RetryPermits],
})
export class RetryPermitsModule {}
