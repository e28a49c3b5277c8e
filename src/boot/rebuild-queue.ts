import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { SystemClock } from '../clock/clock.js';
import { createClock } from '../clock/clock.module.js';
import { ConfigurationError } from '../config/configuration-error.js';
import { loadSettings } from '../config/load-settings.js';
import type { Settings } from '../config/settings.js';
import { rebuildQueue } from '../operations/queue-rebuild.js';
import { createDataSource, pendingMigrations } from '../persistence/data-source.js';
import { Database } from '../persistence/database.js';
import { DataFolderInUse, DataLock } from '../persistence/embedded/data-lock.js';
import { EmbeddedPostgres } from '../persistence/embedded/embedded-postgres.js';
import { OperationsRepository } from '../persistence/repositories/operations.repository.js';
import { describe } from '../queue/nudges.js';
import { openQueueBackend } from '../queue/queue-backend.js';

const USAGE = 'Usage: npm run queue:rebuild [-- --dry-run]';

/** The command: tells the queue again of every operation that waits. Reads the same environment as the service. */
export async function rebuild(args: readonly string[] = process.argv.slice(2)): Promise<void> {
  if (args.some((arg) => arg !== '--dry-run')) {
    process.stderr.write(`${USAGE}\n`);
    process.exit(2);
  }
  try {
    const settings = loadSettings();
    const said = await withPostgres(settings, (complete) => rebuildIn(complete, args.includes('--dry-run')));
    process.stdout.write(`${said}\n`);
  } catch (error) {
    const problems = error instanceof ConfigurationError ? error.problems.join('\n  ') : describe(error);
    process.stderr.write(`The queue was not rebuilt: ${problems}\n`);
    process.exit(1);
  }
}

async function rebuildIn(settings: Settings, dryRun: boolean): Promise<string> {
  const dataSource = await createDataSource(settings).initialize();
  // Where the service starts its own simulator, its address is not known here. A delay that is wrong is a nudge at the wrong time: harmless.
  const clock = settings.startsSimulator ? new SystemClock() : await createClock(settings);
  try {
    const pending = await pendingMigrations(dataSource);
    if (pending.length > 0) throw new ConfigurationError([`the database lacks ${pending.join(', ')}: start the api of this version first`]);
    const parts = { database: new Database(dataSource), repository: new OperationsRepository(), clock };
    if (dryRun) return `${counted(await rebuildQueue(parts, null))}. Nothing was written (--dry-run).`;
    const backend = await openQueueBackend(settings);
    const queue = backend.createQueue();
    // What went wrong is thrown by the add that it went wrong for.
    queue.on('error', () => undefined);
    try {
      return `${counted(await rebuildQueue(parts, queue))}; the queue in ${backend.kind} has a nudge for each.`;
    } finally {
      await queue.close().catch(() => undefined);
      await backend.close();
    }
  } finally {
    clock.close();
    await dataSource.destroy();
  }
}

function counted(count: number): string {
  return `${count} ${count === 1 ? 'operation waits' : 'operations wait'} for a time`;
}

/** Embedded: the Postgres of the service that runs in DATA_DIR, or, while none runs, started for as long as this takes. */
async function withPostgres<T>(settings: Settings, work: (settings: Settings) => Promise<T>): Promise<T> {
  if (settings.mode === 'configured') return work(settings);
  const dataDir = resolve(settings.dataDir);
  if (!existsSync(join(dataDir, 'postgres.port'))) throw new ConfigurationError([`no service has ever run in DATA_DIR ${dataDir}`]);
  let lock: DataLock;
  try {
    lock = DataLock.acquire(dataDir);
  } catch (error) {
    if (!(error instanceof DataFolderInUse)) throw error;
    const url = await EmbeddedPostgres.running(dataDir);
    if (url === undefined) throw new ConfigurationError([`the service in ${dataDir} is still starting; repeat when it is ready`]);
    return work(settings.with({ databaseUrl: url }));
  }
  try {
    const postgres = await EmbeddedPostgres.start({ dataDir });
    try {
      return await work(settings.with({ databaseUrl: postgres.url }));
    } finally {
      await postgres.stop();
    }
  } finally {
    lock.release();
  }
}
