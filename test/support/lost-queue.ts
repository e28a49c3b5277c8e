const DEADLOCK = '40P01';
const MOST_TRIES = 20;

/**
 * Empties the queue in Postgres. It takes three tables one after the other, and who works with jobs takes them in another order: Postgres
 * may end either of them.
 */
export async function loseAllJobs(query: (sql: string) => Promise<unknown>): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      await query('TRUNCATE bullmq.job, bullmq.event, bullmq.meta CASCADE');
      return;
    } catch (error) {
      if ((error as { code?: unknown }).code !== DEADLOCK || tries === MOST_TRIES) throw error;
    }
  }
}
