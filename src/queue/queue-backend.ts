import { Logger } from '@nestjs/common';
import { createPostgresBackend, createRedisBackend, runMigrations, withBackend, type WorkerOptions } from 'bullmq';
import { Redis } from 'ioredis';
import pg from 'pg';
import type { Settings } from '../config/settings.js';
import { LastingQueue } from './lasting-queue.js';
import { OPERATIONS_QUEUE, type NudgeData, type QueueBackend } from './queue-ports.js';

/** Redis when REDIS_URL is set, else Postgres. Redis may be down; Postgres is needed by then anyway. */
export function openQueueBackend(settings: Settings): Promise<QueueBackend> {
  return settings.redisUrl === undefined ? postgresBackend(settings) : Promise.resolve(redisBackend(settings, settings.redisUrl));
}

/** One retry layer, and it is ours: a job is tried once and leaves nothing behind, so that its id is free for the next nudge. */
const defaultJobOptions = { attempts: 1, removeOnComplete: true, removeOnFail: true };

function workerOptions(settings: Settings): Omit<WorkerOptions, 'connection'> {
  return {
    autorun: false,
    concurrency: settings.workerConcurrency,
    // A killed worker's nudges are given to another after a few seconds; the lease decides whether that one may act.
    lockDuration: 10_000,
    stalledInterval: 5_000,
    maxStalledCount: 1_000,
    runRetryDelay: 1_000,
  };
}

function redisBackend(settings: Settings, url: string): QueueBackend {
  const { Queue, Worker } = withBackend(createRedisBackend);
  const clients: Redis[] = [];
  return {
    kind: 'redis',
    // An add is refused at once while Redis is away, instead of waiting for it in this process's memory.
    createQueue: () => {
      const client = new Redis(url, { maxRetriesPerRequest: 1, enableOfflineQueue: false, commandTimeout: 5_000, retryStrategy: soon });
      clients.push(client);
      // The first connection takes a moment; a nudge in that moment is not refused.
      const tried = new Promise((resolve) => ['ready', 'error', 'close'].forEach((event) => client.once(event, resolve)));
      client.on('error', () => undefined);
      return new LastingQueue(
        () => new Queue<NudgeData>(OPERATIONS_QUEUE, { connection: client, defaultJobOptions }),
        () => tried.then(() => (client.status === 'ready' ? undefined : 'Redis is not connected')),
      );
    },
    createWorker: (process) =>
      new Worker<NudgeData>(OPERATIONS_QUEUE, (job) => process(job.data), {
        ...workerOptions(settings),
        connection: { url, maxRetriesPerRequest: null, retryStrategy: soon },
      }),
    close: () => {
      for (const client of clients) client.disconnect();
      return Promise.resolve();
    },
  };
}

/** Pauses between attempts to reach Redis; BullMQ's own grow to 20 s. */
function soon(times: number): number {
  return Math.min(times * 200, 2_000);
}

async function postgresBackend(settings: Settings): Promise<QueueBackend> {
  const { Queue, Worker } = withBackend(createPostgresBackend);
  const pool = await queuePool(settings);
  return {
    kind: 'postgres',
    createQueue: () => new LastingQueue(() => new Queue<NudgeData>(OPERATIONS_QUEUE, { connection: pool, defaultJobOptions })),
    createWorker: (process) =>
      new Worker<NudgeData>(OPERATIONS_QUEUE, (job) => process(job.data), { ...workerOptions(settings), connection: pool }),
    close: () => pool.end(),
  };
}

/** A small pool of its own: one connection listens, the others add, take and finish jobs. */
async function queuePool(settings: Settings): Promise<pg.Pool> {
  const logger = new Logger('Queue');
  const note = (error: Error) => logger.warn(`A connection was lost: ${error.message}`);
  const pool = new pg.Pool({
    connectionString: settings.databaseUrl,
    application_name: `klarna-merchant-gateway queue ${settings.role}`,
    options: '-c search_path=bullmq',
    max: settings.role === 'api' ? 2 : 5,
    connectionTimeoutMillis: 5_000,
    query_timeout: 15_000,
    keepAlive: true,
  });
  pool.on('error', note);
  // Idle or in use: a connection that dies with its server must not end the process.
  pool.on('connect', (client) => client.on('error', note));
  const client = await pool.connect();
  try {
    await runMigrations(client);
  } finally {
    client.release();
  }
  return pool;
}
