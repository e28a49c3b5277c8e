/** The one queue. Its jobs carry an operation id and nothing else. */
export const OPERATIONS_QUEUE = 'operations';
export interface NudgeData {
  readonly operationId: string;
}
export type NudgeProcessor = (data: NudgeData) => Promise<void>;

/**
 * One nudge as a job. Its id is the operation with its lease number: a second nudge of the same fence is the same job, and adding it while the
 * first is there changes nothing.
 * @param delayMs 0 for now
 */
export function nudgeJob(operationId: string, fence: number, delayMs: number): Parameters<NudgeQueue['add']> {
  return ['nudge', { operationId }, { jobId: `${operationId}-${fence}`, delay: Math.max(0, Math.round(delayMs)) }];
}

/** What is used of BullMQ's Queue and Worker, whose types differ between the two backends. */
interface Connected {
  on(event: 'error', listener: (error: Error) => void): unknown;
  close(): Promise<void>;
  disconnect(): Promise<void>;
}
export interface NudgeQueue extends Connected {
  add(name: string, data: NudgeData, options: { jobId: string; delay: number }): Promise<unknown>;
}
export interface BullWorker extends Connected {
  /** Takes jobs until it is closed. */
  run(): Promise<void>;
  waitUntilReady(): Promise<void>;
}

/** Where the queue lives. Everything in it may be lost at any time; Postgres has the truth. */
export interface QueueBackend {
  readonly kind: 'redis' | 'postgres';
  createQueue(): NudgeQueue;
  createWorker(process: NudgeProcessor): BullWorker;
  /** Closes what queues and workers share; they are closed before. */
  close(): Promise<void>;
}
