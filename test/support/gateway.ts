import { ConsoleLogger } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { randomBytes } from 'node:crypto';
import { startSimulator, type Simulator } from '../../simulator/simulator.js';
import { startApplication } from '../../src/boot/application.js';
import { loadSettings } from '../../src/config/load-settings.js';
import { freePort } from '../../src/persistence/embedded/free-port.js';
import { Client } from './client.js';
import { testDatabase, type TestDatabase } from './postgres.js';

export const DATA_KEY = randomBytes(32).toString('base64');

/**
 * Klarna's client without its care for a failing Klarna, for tests that let everything fail at once and look at what becomes of each operation.
 * What it does about a failing Klarna has tests of its own.
 */
export const CARELESS: Readonly<Record<string, string>> = { BREAKER_CALLS: '100000', RETRY_FLOOR_PER_SECOND: '10000' };

/** Short times, so that a test that waits for the schedule waits for moments; their proportions are those of production. */
export const QUICK: Readonly<Record<string, string>> = {
  KLARNA_TIMEOUT_MS: '1500',
  ANSWER_WAIT_MS: '3000',
  ASK_AGAIN_MS: '50,100,200',
  RETRY_DELAYS_MS: '100,200,400',
  LEASE_MS: '1000',
  SWEEP_INTERVAL_MS: '50',
  NUDGE_OVERDUE_MS: '200',
  QUIET_PERIOD_MS: '400',
  READ_AGAIN_MS: '200',
  ...CARELESS,
};

export interface TestGateway extends Client {
  readonly app: NestFastifyApplication;
  readonly simulator: Simulator;
  readonly database: TestDatabase;
  /** Stops the gateway and what it was given for itself; a simulator or database that was passed in stays. */
  close(): Promise<void>;
}

export interface TestGatewayOptions {
  /** Environment on top of QUICK. */
  env?: Readonly<Record<string, string>>;
  simulator?: Simulator;
  database?: TestDatabase;
  /** Klarna's callbacks come to it: PUBLIC_URL is its own address. */
  reachable?: boolean;
  /** Log lines that a failing test would like to see: `true` prints them. */
  loud?: boolean;
}

/** The whole application inside the test process, on a database of its own and a simulator. */
export async function testGateway(options: TestGatewayOptions = {}): Promise<TestGateway> {
  const simulator = options.simulator ?? (await startSimulator());
  const database = options.database ?? (await testDatabase());
  const port = options.reachable ? await freePort(undefined) : 0;
  const settings = loadSettings({
    ...(options.reachable ? { PUBLIC_URL: `http://127.0.0.1:${port}` } : {}),
    DATABASE_URL: database.url,
    KLARNA_BASE_URL: simulator.url,
    DATA_KEY,
    HOST: '127.0.0.1',
    DATABASE_POOL: '12',
    ...QUICK,
    ...options.env,
  });
  const logger = new ConsoleLogger({ logLevels: options.loud ? ['error', 'warn', 'log', 'debug'] : [] });
  const app = await startApplication(settings, port, logger);
  const url = (await app.getUrl()).replace('[::1]', '127.0.0.1');
  const client = new Client(url, simulator.url);
  const close = async (): Promise<void> => {
    await app.close();
    if (!options.simulator) await simulator.close();
    if (!options.database) await database.drop();
  };
  return Object.assign(client, { app, simulator, database, close });
}
