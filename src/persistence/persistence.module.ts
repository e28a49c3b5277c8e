import { Global, Injectable, Logger, Module, type OnApplicationShutdown } from '@nestjs/common';
import { setTimeout as pause } from 'node:timers/promises';
import { DataSource } from 'typeorm';
import { Settings } from '../config/settings.js';
import { createDataSource } from './data-source.js';
import { Database, isConnectionLost } from './database.js';
import { migrate, waitUntilMigrated } from './migrate.js';
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
      if (!isConnectionLost(error) || performance.now() > until) throw error;
      logger.warn(`Postgres does not answer yet: ${(error as Error).message || (error as { code?: string }).code}`);
      await pause(1_000);
    }
  }
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
 * Postgres and the sealed envelope, for everyone above. The DataSource is made here and not by TypeOrmModule.forRoot, so that migrations
 * and waiting are ours; TypeOrmModule.forFeature finds it under its usual token.
 */
@Global()
@Module({
  providers: [
    { provide: DataSource, inject: [Settings], useFactory: (settings: Settings) => openDataSource(settings) },
    { provide: SealedEnvelope, inject: [Settings], useFactory: (settings: Settings) => new SealedEnvelope(settings.dataKey) },
    Database,
    ClosesPool,
  ],
  exports: [DataSource, Database, SealedEnvelope],
})
export class PersistenceModule {}
