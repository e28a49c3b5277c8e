import type { NudgeData, NudgeQueue } from './queue-ports.js';

/** A BullMQ queue as its backend makes it. */
export interface OpenedQueue extends NudgeQueue {
  waitUntilReady(): Promise<unknown>;
}

/**
 * A queue that works whenever its server does. BullMQ remembers for ever that its first look at a server failed, and refuses everything from
 * then on; so a queue whose first look failed is thrown away and made again with the next nudge.
 */
export class LastingQueue implements NudgeQueue {
  #queue: OpenedQueue | undefined;
  #onError: (error: Error) => void = () => undefined;

  /**
   * @param open makes a queue
   * @param away why nothing can be added now, where that is known without trying
   */
  constructor(
    private readonly open: () => OpenedQueue,
    private readonly away: () => Promise<string | undefined> = () => Promise.resolve(undefined),
  ) {}

  on(_event: 'error', listener: (error: Error) => void): void {
    this.#onError = listener;
  }

  async add(name: string, data: NudgeData, options: { jobId: string; delay: number }): Promise<unknown> {
    const reason = await this.away();
    if (reason !== undefined) throw new Error(reason);
    return (this.#queue ??= this.#opened()).add(name, data, options);
  }

  async close(): Promise<void> {
    await this.#queue?.close();
  }

  async disconnect(): Promise<void> {
    await this.#queue?.disconnect();
  }

  #opened(): OpenedQueue {
    const queue = this.open();
    queue.on('error', (error) => this.#onError(error));
    queue.waitUntilReady().catch(() => {
      if (this.#queue === queue) this.#queue = undefined;
      void queue.close().catch(() => undefined);
    });
    return queue;
  }
}
