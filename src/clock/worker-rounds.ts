import { Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { Settings } from '../config/settings.js';
import { type Round, Rounds } from './rounds.js';

/** What every worker does over and over, from its start to its end; processes that only serve callers don't. Several workers may. */
export abstract class WorkerRounds implements OnApplicationBootstrap, OnModuleDestroy {
  protected readonly logger: Logger;
  protected readonly rounds: Rounds;

  /** @param round its name begins log lines */
  protected constructor(
    protected readonly settings: Settings,
    round: Omit<Round, 'work'>,
  ) {
    this.logger = new Logger(round.name);
    this.rounds = new Rounds({ ...round, work: () => this.round() });
  }

  /** One round. May be repeated. @returns whether there is more to do at once */
  abstract round(): Promise<boolean>;

  onApplicationBootstrap(): void {
    if (this.settings.role !== 'api') this.rounds.start();
  }

  onModuleDestroy(): Promise<void> {
    return this.rounds.stop();
  }
}
