import { Injectable } from '@nestjs/common';
import { Clock } from '../../clock/clock.js';
import { WorkerRounds } from '../../clock/worker-rounds.js';
import { Settings } from '../../config/settings.js';
import { Database } from '../../persistence/database.js';
import { QuestionAnswersRepository } from '../../persistence/repositories/question-answers.repository.js';
import { TimelineRepository } from '../../persistence/repositories/timeline.repository.js';

const EVERY_MS = 2_000;
const BATCH = 200;
const KEPT_MS = 30 * 86_400_000;

/**
 * Questions come before there is an order. As soon as there is one, what was answered goes into its timeline; what never became an order is
 * erased after a month. Runs in workers.
 */
@Injectable()
export class QuestionUpkeep extends WorkerRounds {
  constructor(
    private readonly answers: QuestionAnswersRepository,
    private readonly timeline: TimelineRepository,
    private readonly database: Database,
    private readonly clock: Clock,
    settings: Settings,
  ) {
    super(settings, { name: QuestionUpkeep.name, everyMs: EVERY_MS });
  }

  /** @returns whether there may be more */
  async round(): Promise<boolean> {
    const now = this.clock.now();
    const looked = await this.database.transaction(async (tx) => {
      const { entries, looked } = await this.answers.takeUntold(tx, now, BATCH);
      await this.timeline.append(tx, entries);
      return looked;
    });
    const erased = await this.answers.erase(new Date(now.getTime() - KEPT_MS), BATCH);
    return looked === BATCH || erased === BATCH;
  }
}
