import { Global, Injectable, Logger, Module, type OnApplicationShutdown } from '@nestjs/common';
import { setTimeout as pause } from 'node:timers/promises';
import { DataSource } from 'typeorm';
import { ConfigurationError } from '../config/configuration-error.js';
import { Settings } from '../config/settings.js';
import { createDataSource } from './data-source.js';
import { Database, isConnectionLost } from './database.js';
import { migrate, waitUntilMigrated } from './migrate.js';
import { EventsRepository } from './repositories/events.repository.js';
import { SealedEnvelope } from './sealed-envelope.js';

const CONNECT_WITHIN_MS = 60_000;

/**
 * Connects, and brings the schema up to date (a worker waits for someone else to do so). A Postgres that is not up yet is waited for,
 * for a minute: services of one deployment start in any order.
 */
export async function openDataSource(settings: Settings, withinMs = CONNECT_WITHIN_MS): Promise<DataSource> {
  const logger = new Logger('Postgres');
  const dataSource = await connected(settings, logger, withinMs);
  if (settings.role === 'worker') {
    await waitUntilMigrated(dataSource, (pending) => logger.log(`Waiting for migrations that the api applies: ${pending.join(', ')}`));
  } else {
    const applied = await migrate(dataSource);
    if (applied.length > 0) logger.log(`Migrations applied: ${applied.join(', ')}`);
  }
  return dataSource;
}

async function connected(settings: Settings, logger: Logger, withinMs: number): Promise<DataSource> {
  const until = performance.now() + withinMs;
  for (;;) {
    try {
      return await createDataSource(settings).initialize();
    } catch (error) {
      const said = (error as Error).message || (error as { code?: string }).code;
      const lost = isConnectionLost(error);
      if (settings.mode === 'configured' && (lost ? performance.now() > until : isRefused(error))) {
        const { host } = new URL(settings.databaseUrl);
        throw new ConfigurationError([`DATABASE_URL can't be used: Postgres at ${host} ${lost ? 'does not answer' : 'refuses'}: ${said}`]);
      }
      if (!lost || performance.now() > until) throw error;
      logger.warn(`Postgres does not answer yet: ${said}`);
      await pause(1_000);
    }
  }
}

/** Whether Postgres does not let these credentials in, or has no such database; what it says of that never holds the password. */
function isRefused(error: unknown): boolean {
  const { code, message } = error as { code?: unknown; message?: string };
  return /^(28...|3D000|42501)$/.test(String(code)) || /^SASL: |does not support SSL/.test(message ?? '');
}

@Injectable()
class ClosesPool implements OnApplicationShutdown {
  constructor(private readonly dataSource: DataSource) {}

  /** The last hook of a stop: whoever still writes has finished in onModuleDestroy or beforeApplicationShutdown. */
  async onApplicationShutdown(): Promise<void> {
    if (this.dataSource.isInitialized) await this.dataSource.destroy();
  }
}

/**
 * Postgres, the outbox and the sealed envelope, for everyone above. The DataSource is made here and not by TypeOrmModule.forRoot, so that migrations
 * and waiting are ours; TypeOrmModule.forFeature finds it under its usual token.
 */
@Global()
@Module({
  providers: [
    { provide: DataSource, inject: [Settings], useFactory: (settings: Settings) => openDataSource(settings) },
    { provide: SealedEnvelope, inject: [Settings], useFactory: (settings: Settings) => new SealedEnvelope(settings.dataKey) },
    Database,
    EventsRepository,
    ClosesPool,
  ],
  exports: [DataSource, Database, SealedEnvelope, EventsRepository],
})
export class PersistenceModule {}
