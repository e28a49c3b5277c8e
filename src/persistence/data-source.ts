import { Logger } from '@nestjs/common';
import type { PoolClient } from 'pg';
import { DataSource, type DataSourceOptions } from 'typeorm';
import { loadDatabaseUrl } from '../config/load-settings.js';
import type { Settings } from '../config/settings.js';
import { poolOf } from './database.js';
import { entities } from './entities/index.js';
import { migrations } from './migrations/index.js';

const STATEMENT_TIMEOUT_MS = 15_000;

/** How this service talks to Postgres. */
export function dataSourceOptions(url: string, poolSize: number, applicationName: string): DataSourceOptions {
  const logger = new Logger('Postgres');
  return {
    type: 'postgres',
    url,
    applicationName,
    poolSize,
    connectTimeoutMS: 5_000,
    entities,
    migrations,
    migrationsTransactionMode: 'each',
    synchronize: false,
    installExtensions: false,
    // An idle connection that dies with its server is no reason to end the process; the pool opens another.
    poolErrorHandler: (error: Error) => logger.warn(`An idle connection was lost: ${error.message}`),
    extra: {
      statement_timeout: STATEMENT_TIMEOUT_MS,
      // Above the server's own limit: it only fires when the server does not answer at all.
      query_timeout: STATEMENT_TIMEOUT_MS + 2_000,
      // A stopped process must not hold its row locks for as long as its leases: others of the same order wait behind them. A process that
      // was only slow loses a transaction, and repeats it.
      idle_in_transaction_session_timeout: 2_000,
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
      onConnect: (client: PoolClient) => {
        // While a connection is in use, pg reports its loss as an event too; without a listener that would end the process.
        client.on('error', (error: Error) => logger.warn(`A connection was lost: ${error.message}`));
      },
    },
  };
}

/** A data source for this process; not connected yet. */
export function createDataSource(settings: Settings): DataSource {
  return new DataSource(dataSourceOptions(settings.databaseUrl, settings.databasePool, `klarna-merchant-gateway ${settings.role}`));
}

/** Names of the migrations that this version has and the database has not. */
export async function pendingMigrations(dataSource: DataSource): Promise<string[]> {
  const known = dataSource.migrations.map((migration) => migration.name ?? migration.constructor.name);
  const table = await poolOf(dataSource).query<{ name: string | null }>("SELECT to_regclass('migrations')::text AS name");
  if (table.rows[0]?.name === null) return known;
  const applied = await poolOf(dataSource).query<{ name: string }>('SELECT name FROM migrations');
  const names = new Set(applied.rows.map((row) => row.name));
  return known.filter((name) => !names.has(name));
}

/** The typeorm command line's data source: `npm run migrate` needs DATABASE_URL and nothing else. */
export default new DataSource(
  dataSourceOptions(loadDatabaseUrl() ?? 'postgres://DATABASE_URL-is-not-set.invalid/', 2, 'klarna-merchant-gateway migrate'),
);
