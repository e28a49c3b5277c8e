import { Logger } from '@nestjs/common';
import { types } from 'node:util';
import { atMost } from '../clock/at-most.js';
import type { Alerts } from '../telemetry/alerts.js';
import { nudgeJob, type NudgeQueue, type QueueBackend } from './queue-ports.js';

/** So many adds may be on their way; above, nudges are dropped, because a dead Redis must not fill this process's memory. */
const MAX_IN_FLIGHT = 1_000;

/** How the queue is doing, for alerts and metrics. */
export interface QueueHealth {
  readonly backend: 'redis' | 'postgres';
  /** Whether the last nudge reached the queue; true before the first. */
  readonly reachable: boolean;
  readonly inFlight: number;
  readonly added: number;
  readonly failed: number;
  /** Not even tried, because too many were on their way. */
  readonly dropped: number;
  readonly lastError: string | undefined;
}

/** Reminders to run an operation. Any of them may be lost, doubled or late: the sweep runs what no nudge reached. */
export class Nudges {
  readonly #logger = new Logger('Queue');
  readonly #queue: NudgeQueue;
  readonly #counts = { inFlight: 0, added: 0, failed: 0, dropped: 0 };
  #reachable = true;
  #lastError: string | undefined;

  constructor(
    private readonly backend: QueueBackend,
    private readonly alerts: Alerts,
  ) {
    this.#queue = backend.createQueue();
    // Without a listener, EventEmitter throws; what went wrong is seen at the next nudge as well.
    this.#queue.on('error', (error) => this.#logger.debug(`Queue connection: ${describe(error)}`));
  }

  /**
   * Reminds a worker of an operation. Returns at once and never throws; no request and no transaction waits for it.
   * @param fence the operation's lease number: a second nudge of the same fence is the same nudge
   * @param delayMs 0 for now
   */
  nudge(operationId: string, fence: number, delayMs: number): void {
    if (this.#counts.inFlight >= MAX_IN_FLIGHT) {
      this.#counts.dropped++;
      this.alerts.raise('queue.saturated', { backend: this.backend.kind, dropped: this.#counts.dropped });
      return;
    }
    this.#counts.inFlight++;
    void this.#add(operationId, fence, delayMs);
  }

  queueHealth(): QueueHealth {
    return { backend: this.backend.kind, reachable: this.#reachable, lastError: this.#lastError, ...this.#counts };
  }

  /** Closes the queue; adds still on their way are given up. */
  async close(withinMs = 1_000): Promise<void> {
    await within(this.#queue.close(), withinMs, () => this.#queue.disconnect());
  }

  async #add(operationId: string, fence: number, delayMs: number): Promise<void> {
    try {
      await this.#queue.add(...nudgeJob(operationId, fence, delayMs));
      this.#counts.added++;
      this.#reachable = true;
      this.#lastError = undefined;
    } catch (error) {
      this.#counts.failed++;
      this.#reachable = false;
      this.#lastError = describe(error);
      this.alerts.raise('queue.unreachable', { backend: this.backend.kind, error: this.#lastError });
    } finally {
      this.#counts.inFlight--;
    }
  }
}

/** Waits for a graceful end, but not longer than this; then does what needs no answer from the other side. */
export async function within(graceful: Promise<unknown>, ms: number, otherwise: () => Promise<unknown>): Promise<void> {
  const done = graceful.then(
    () => true,
    () => false,
  );
  if ((await atMost(ms, done)) !== true) await otherwise().catch(() => undefined);
}

/** One line; ioredis' errors often have an empty message and several causes. */
export function describe(error: unknown): string {
  if (!types.isNativeError(error)) return String(error);
  return error.message || (error as { code?: string }).code || error.name;
}
