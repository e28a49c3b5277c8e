import { randomBytes } from 'node:crypto';
import { startSimulator, type Simulator } from '../../simulator/simulator.js';
import { Client } from './client.js';
import { CARELESS } from './gateway.js';
import { testDatabase, type TestDatabase } from './postgres.js';
import { startGateway, type ServiceProcess } from './processes.js';
import { Turnpike } from './turnpike.js';

/** Short times in the proportions of production, but for the waits of callers, who have to outlive a restart. */
export const CRASH_TIMES: Readonly<Record<string, string>> = {
  LEASE_MS: '500',
  KLARNA_TIMEOUT_MS: '1500',
  RETRY_DELAYS_MS: '100,200,400',
  ASK_AGAIN_MS: '50,100',
  ANSWER_WAIT_MS: '4000',
  QUIET_PERIOD_MS: '300',
  READ_AGAIN_MS: '150',
  SWEEP_INTERVAL_MS: '100',
  NUDGE_OVERDUE_MS: '300',
  ...CARELESS,
};

/** A gateway process, and a shop that talks to it. */
export interface Player {
  readonly process: ServiceProcess;
  readonly shop: Client;
}

/**
 * One database, one Klarna, and gateway processes that can be killed. On the roads to Postgres and to Klarna stand turnpikes, where bytes
 * can be stopped.
 */
export class CrashStage {
  readonly #processes: ServiceProcess[] = [];

  private constructor(
    readonly simulator: Simulator,
    readonly database: TestDatabase,
    readonly roads: { readonly postgres: Turnpike; readonly klarna: Turnpike },
    private readonly env: Readonly<Record<string, string>>,
  ) {}

  /** @param env on top of CRASH_TIMES, for every process */
  static async open(env: Readonly<Record<string, string>> = {}, givenDatabase?: TestDatabase): Promise<CrashStage> {
    const simulator = await startSimulator();
    const database = givenDatabase ?? (await testDatabase());
    const roads = { postgres: await Turnpike.before(database.url), klarna: await Turnpike.before(simulator.url) };
    const common = { HOST: '127.0.0.1', DATABASE_POOL: '12', DATA_KEY: randomBytes(32).toString('base64') };
    return new CrashStage(simulator, database, roads, { ...common, ...CRASH_TIMES, ...env });
  }

  /** Starts a process. @param onTheRoad whether it reaches Postgres by the turnpike; Klarna is reached by the other one in any case */
  async start(role: 'all' | 'api' | 'worker', onTheRoad = false, env: Readonly<Record<string, string>> = {}): Promise<Player> {
    const { database, simulator, roads } = this;
    const process = await startGateway({
      role,
      env: {
        ...this.env,
        DATABASE_URL: onTheRoad ? roads.postgres.url(database.url) : database.url,
        // The account's address is in the database: all processes share it.
        KLARNA_BASE_URL: roads.klarna.url(simulator.url),
        ...env,
      },
    });
    this.#processes.push(process);
    return { process, shop: new Client(process.url, simulator.url) };
  }

  /** A shop that talks to this process, and can look into the database. */
  insider({ process }: Player): Client & { database: TestDatabase } {
    return Object.assign(new Client(process.url, this.simulator.url), { database: this.database });
  }

  async close(): Promise<void> {
    for (const process of this.#processes) process.kill('SIGCONT');
    await this.roads.postgres.close();
    await this.roads.klarna.close();
    await Promise.all(this.#processes.map((process) => process.stop()));
    await this.simulator.close();
    await this.database.drop();
  }
}

/** Ends a process at once, in the middle of whatever it does. */
export async function killed({ process }: Player): Promise<void> {
  process.kill('SIGKILL');
  await process.exited;
}
