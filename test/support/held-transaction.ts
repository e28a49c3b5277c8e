import pg from 'pg';
import { rowsOf } from './scene.js';
import type { TestDatabase } from './postgres.js';
import { until } from './until.js';

/** A transaction of the test's own that holds locks until it is let go. */
export interface HeldTransaction {
  readonly letGo: () => Promise<void>;
}

/** Runs the statement in a transaction that stays open: who wants the same rows has to wait. */
export async function holding(database: TestDatabase, sql: string, params: unknown[] = []): Promise<HeldTransaction> {
  const client = new pg.Client(database.url);
  client.on('error', () => undefined); // the database may be dropped first when a test fails
  await client.connect();
  await client.query('BEGIN');
  await client.query(sql, params);
  return {
    letGo: async () => {
      await client.query('ROLLBACK');
      await client.end();
    },
  };
}

/** Waits until so many statements like this one (SQL's LIKE) wait for a lock. @returns the pids of their backends */
export function stuckAt(database: TestDatabase, like: string, count: number): Promise<number[]> {
  let busy: object[] = [];
  return until(
    `${count} statements like ${like} wait for a lock`,
    async () => {
      const rows = await rowsOf<{ pid: number; stuck: boolean }>(
        database,
        `SELECT pid, state, coalesce(wait_event_type, '') = 'Lock' AND query LIKE $1 AS stuck, left(query, 100) AS query
           FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'`,
        [like],
      );
      const stuck = rows.filter((row) => row.stuck);
      busy = rows;
      return stuck.length >= count && stuck.map(({ pid }) => pid);
    },
    { withinMs: 20_000, hint: () => busy.map((row) => JSON.stringify(row)).join('\n') },
  );
}
