import { Logger } from '@nestjs/common';
import { describe, within } from './nudges.js';
import type { BullWorker, QueueBackend } from './queue-ports.js';

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 10_000;

/** Takes nudges from the queue and hands their operation ids to the one who knows what to do. */
export class NudgeWorker {
  readonly #logger = new Logger('Queue');
  #worker: BullWorker | undefined;
  #restart: NodeJS.Timeout | undefined;
  #closing = false;
  /** Ends a job whose operation still runs: a stop that has waited long enough calls them all, BullMQ would wait for ever. */
  readonly #letGo = new Set<() => void>();

  constructor(private readonly backend: QueueBackend) {}

  /**
   * Begins to take nudges, and goes on through restarts of Redis or Postgres until `close`.
   * @param handler runs one operation; what it throws is logged, never retried by the queue
   */
  start(handler: (operationId: string) => Promise<void>): void {
    if (this.#worker !== undefined || this.#restart !== undefined) throw new Error('The nudge worker was started before');
    this.#run(handler, FIRST_PAUSE_MS);
  }

  /** Takes no more nudges, lets those that run finish for so long, then lets go of them. */
  async close(graceMs = 4_000): Promise<void> {
    this.#closing = true;
    clearTimeout(this.#restart);
    const worker = this.#worker;
    if (worker === undefined) return;
    const grace = setTimeout(() => this.#letGo.forEach((end) => end()), graceMs);
    await within(worker.close(), graceMs + 1_000, () => worker.disconnect());
    clearTimeout(grace);
  }

  #run(handler: (operationId: string) => Promise<void>, pauseMs: number): void {
    const worker = this.backend.createWorker(({ operationId }) => this.#job(operationId, handler));
    this.#worker = worker;
    worker.on('error', (error) => this.#logger.debug(`Worker: ${describe(error)}`));
    let usable = false;
    // BullMQ rides out a connection that is lost, but not one that is missing at its first look: then another worker is needed.
    worker
      .waitUntilReady()
      .then(() => {
        usable = true;
        return worker.run();
      })
      .catch((error: unknown) => this.#logger.warn(`The queue worker stopped: ${describe(error)}`))
      .finally(() => {
        if (this.#closing) return;
        void within(worker.close(), 1_000, () => worker.disconnect());
        const next = usable ? FIRST_PAUSE_MS : Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
        this.#restart = setTimeout(() => this.#run(handler, next), pauseMs);
      });
  }

  #job(operationId: string, handler: (operationId: string) => Promise<void>): Promise<void> {
    return new Promise((end) => {
      this.#letGo.add(end);
      void handler(operationId)
        .catch((error: unknown) => this.#logger.error(`Operation ${operationId} failed in the worker`, error))
        .finally(() => {
          this.#letGo.delete(end);
          end();
        });
    });
  }
}
