import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Logger } from '@nestjs/common';
import pg from 'pg';
import { loadSettings } from '../../src/config/load-settings.js';
import { createDataSource } from '../../src/persistence/data-source.js';
import { EmbeddedPostgres } from '../../src/persistence/embedded/embedded-postgres.js';
import { stopServer } from '../../src/persistence/embedded/postmaster.js';
import { identityOf } from '../../src/persistence/embedded/process-identity.js';
import { migrate } from '../../src/persistence/migrate.js';
import { openQueueBackend } from '../../src/queue/queue-backend.js';
import { TEMPLATE } from './postgres.js';

const PREFIX = 'gateway-test-';

/** Starts the run's Postgres with a migrated template database; every test file clones it (`testDatabase` in postgres.ts). */
export async function startTestPostgres(): Promise<{ stop(): Promise<void> }> {
  await removeLeftovers();
  const folder = mkdtempSync(join(tmpdir(), `${PREFIX}${process.pid}-`));
  chmodSync(folder, 0o755); // as root, Postgres runs as another user
  const server = await EmbeddedPostgres.start({
    dataDir: folder,
    quick: true,
    settings: {
      ...{ max_connections: '300', shared_preload_libraries: 'pg_stat_statements', 'pg_stat_statements.track': 'all' },
      // Tests find statements by their words; those of operations are longer than what Postgres shows of them by default.
      track_activity_query_size: '8192',
    },
  });
  const stop = async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    process.env['TEST_POSTGRES_URL'] = server.url;
    process.env['TEST_MARKERS'] = join(folder, 'markers');
    await makeTemplate(server.url);
  } catch (error) {
    await stop();
    throw error;
  }
  return { stop };
}

/** What a fresh database looks like after the service's first start: our schema and the queue's. */
async function makeTemplate(url: string): Promise<void> {
  Logger.overrideLogger(['error']);
  const admin = new pg.Client(url);
  await admin.connect();
  await admin.query(`CREATE DATABASE ${TEMPLATE}`);
  await admin.end();
  const template = new URL(url);
  template.pathname = `/${TEMPLATE}`;
  const settings = loadSettings({ DATABASE_URL: template.href, KLARNA_BASE_URL: 'http://127.0.0.1:1' });
  const dataSource = await createDataSource(settings).initialize();
  await migrate(dataSource);
  await dataSource.query('CREATE EXTENSION IF NOT EXISTS pg_stat_statements');
  await dataSource.destroy();
  await (await openQueueBackend(settings)).close();
}

/** A run that was killed leaves its server behind. */
async function removeLeftovers(): Promise<void> {
  for (const name of readdirSync(tmpdir())) {
    const owner = /^gateway-test-(\d+)-/.exec(name)?.[1];
    if (owner === undefined || identityOf(Number(owner)) !== undefined) continue;
    const folder = join(tmpdir(), name);
    const cluster = join(folder, 'postgres');
    try {
      const pid = Number(readFileSync(join(cluster, 'postmaster.pid'), 'utf8').split('\n')[0]);
      await stopServer({ pid, port: 0 }, cluster);
    } catch {
      // It was stopped before.
    }
    rmSync(folder, { recursive: true, force: true });
  }
}
