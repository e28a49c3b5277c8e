import type { Clock } from '../clock/clock.js';
import type { Queryable } from '../persistence/database.js';
import type { OperationsRepository } from '../persistence/repositories/operations.repository.js';
import { nudgeJob, type NudgeQueue } from '../queue/queue-ports.js';

/** Rows of one look, and adds that are on their way at a time. */
const BATCH = 500;

/**
 * Tells the queue of everything in Postgres that waits for a time, as if each nudge had just been given. What a process works on at the
 * moment needs none: its lease is the reminder. Changes nothing in Postgres; may run beside the service and be repeated, because a nudge
 * that is there already is the same job.
 * @param queue null: only counts
 * @returns how many operations wait
 * @throws what the queue says when it can't be reached; then it is told of a part, and the command may be repeated
 */
export async function rebuildQueue(
  { database, repository, clock }: { database: Queryable; repository: OperationsRepository; clock: Clock },
  queue: NudgeQueue | null,
): Promise<number> {
  let count = 0;
  for (let after: { place: string; id: string } | null = null; ;) {
    const rows = await repository.waiting(database, after, BATCH);
    const now = clock.nowMs();
    if (queue) await Promise.all(rows.map((row) => queue.add(...nudgeJob(row.id, row.fence, row.next_at.getTime() - now))));
    count += rows.length;
    const last = rows.at(-1);
    if (!last || rows.length < BATCH) return count;
    after = last;
  }
}
