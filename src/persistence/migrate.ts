import { setTimeout as pause } from 'node:timers/promises';
import { DataSource, MigrationExecutor, type DataSourceOptions } from 'typeorm';
import { pendingMigrations } from './data-source.js';

/** Any number that this service alone uses: whoever migrates the database holds its lock. */
const MIGRATION_LOCK = 7_105_182_026;

/**
 * Applies what is pending. Several processes may call it at once: one migrates, the others wait and find nothing to do.
 * @returns the names of the migrations this call applied
 */
export async function migrate(dataSource: DataSource): Promise<string[]> {
  if ((await pendingMigrations(dataSource)).length === 0) return [];
  // A connection of its own, without time limits: building an index, or waiting for whoever does, may take longer than any request.
  const own = await new DataSource({ ...dataSource.options, poolSize: 1, extra: { keepAlive: true } } as DataSourceOptions).initialize();
  const runner = own.createQueryRunner();
  try {
    // The lock belongs to the connection: it goes with it, also when this process is killed.
    await runner.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    const executor = new MigrationExecutor(own, runner);
    executor.transaction = 'each';
    return (await executor.executePendingMigrations()).map((migration) => migration.name);
  } finally {
    await runner.release();
    await own.destroy();
  }
}

/** Waits until another process (ROLE=api, or `npm run migrate`) has applied everything this version needs. */
export async function waitUntilMigrated(dataSource: DataSource, note: (pending: string[]) => void, pollMs = 500): Promise<void> {
  for (let round = 0; ; round++) {
    const pending = await pendingMigrations(dataSource);
    if (pending.length === 0) return;
    if (round % 20 === 0) note(pending);
    await pause(pollMs);
  }
}
