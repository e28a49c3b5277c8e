import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Rounds } from '../../clock/rounds.js';
import { type AnsweredQuestion, QuestionAnswersRepository } from '../../persistence/repositories/question-answers.repository.js';

const FLUSH_AFTER_ERROR_MS = 1_000;
const IDLE_MS = 60_000;
const BATCH = 500;
/** While Postgres is away the newest are kept; a shopper is not kept waiting for a record. */
const MOST_KEPT = 10_000;

/** Writes down what questions were answered, after they were: the answer waits for no database. What a stop finds is written before it ends. */
@Injectable()
export class QuestionLog implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly #logger = new Logger('Questions');
  readonly #rounds = new Rounds({
    name: 'Questions',
    everyMs: IDLE_MS,
    afterErrorMs: FLUSH_AFTER_ERROR_MS,
    work: async () => {
      await this.#flush();
      return this.#waiting.length > 0;
    },
  });
  #waiting: AnsweredQuestion[] = [];

  constructor(private readonly answers: QuestionAnswersRepository) {}

  onApplicationBootstrap(): void {
    this.#rounds.start();
  }

  /** The last requests are answered by then. */
  async onApplicationShutdown(): Promise<void> {
    await this.#rounds.stop();
    await this.#flush().catch((error: unknown) =>
      this.#logger.error(`${this.#waiting.length} answers to Klarna's questions are not on record: ${(error as Error).message}`),
    );
  }

  add(answer: AnsweredQuestion): void {
    this.#waiting.push(answer);
    if (this.#waiting.length > MOST_KEPT) {
      this.#waiting.shift();
      this.#logger.warn('An answer to a question of Klarna is not on record: too many wait for Postgres');
    }
    this.#rounds.wake();
  }

  async #flush(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.slice(0, BATCH);
      await this.answers.insert(batch);
      const written = new Set(batch.map(({ id }) => id));
      this.#waiting = this.#waiting.filter(({ id }) => !written.has(id));
    }
  }
}
