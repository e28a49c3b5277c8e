import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { EmbeddedPostgres } from '../../src/persistence/embedded/embedded-postgres.js';
import { SealedEnvelope } from '../../src/persistence/sealed-envelope.js';
import { loseAllJobs } from '../support/lost-queue.js';
import { type ServiceProcess, startGateway, startSimulatorProcess, temporaryFolder } from '../support/processes.js';
import { findRedis, type TestRedis } from '../support/redis.js';
import { Turnpike } from '../support/turnpike.js';
import { until } from '../support/until.js';
import { Front } from '../support/front.js';
import type { Role } from './plan-chaos.js';
import { STATEMENTS } from './statements.js';

/**
 * Real times that callers and calls wait for are short, so that much happens in a storm. Leases, the quiet period and the life of keys
 * are those of the product: the shared clock is moved instead.
 */
export const STORM_TIMES = {
  KLARNA_TIMEOUT_MS: '2000',
  ANSWER_WAIT_MS: '3000',
  ASK_AGAIN_MS: '100,300,800',
  RETRY_DELAYS_MS: '500,1000,3000,10000,30000',
  // Half of the writes meet a fault: what spares a sick Klarna would keep the storm from doing harm.
  BREAKER_CALLS: '100000',
  RETRY_FLOOR_PER_SECOND: '1000',
} as const;
export const KLARNA_TIMEOUT_MS = Number(STORM_TIMES.KLARNA_TIMEOUT_MS);
/** The longest step of the schedule, with its jitter. */
export const LONGEST_STEP_MS = 33_000;

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
const OLD_ROAD_MS = 3_000;
/** Names of kinds whose attempts do not come to Order Management; a worker's statement names no kind. */
const ELSEWHERE = /payments\.|customer-token\.|checkout\.|hosted-payment-page\./;

/** One life of a gateway process. */
export class Instance {
  state: 'up' | 'frozen' | 'dead' = 'up';
  readonly began = performance.now();
  died: number | null = null;
  #frozenSince: number | null = null;
  #frozenMs = 0;
  /** When the newest attempt of a change at Order Management was begun here. */
  lastAttempt = -Infinity;

  constructor(
    readonly name: string,
    readonly role: Role,
    readonly process: ServiceProcess,
    /** Between it and Postgres. */
    readonly road: Turnpike,
    /** Between callers and it. */
    readonly door: Turnpike,
  ) {}

  /** Where callers reach it. */
  get url(): string {
    return this.door.url(this.process.url);
  }

  freeze(): void {
    this.state = 'frozen';
    this.#frozenSince = performance.now();
    this.process.kill('SIGSTOP');
  }

  thaw(): void {
    this.process.kill('SIGCONT');
    this.#frozenMs += performance.now() - (this.#frozenSince ?? performance.now());
    this.#frozenSince = null;
    if (this.state === 'frozen') this.state = 'up';
  }

  get frozenMs(): number {
    return this.#frozenMs;
  }

  async killed(): Promise<void> {
    this.state = 'dead';
    this.died = performance.now();
    this.process.kill('SIGKILL');
    await this.process.exited;
  }
}

/** A place in which there is always one process, or soon. */
class Slot {
  instance: Instance | null = null;
  starts = 0;
  /** Somebody is about to harm it. */
  taken = false;

  constructor(
    readonly name: string,
    readonly role: Role,
  ) {}
}

export interface TopologyOptions {
  readonly folder: string;
  readonly apis: number;
  readonly workers: number;
  readonly queue: 'postgres' | 'redis';
}

/** Where an attempt was begun, and when. */
export interface Birth {
  readonly by: Instance;
  readonly at: number;
}

/** Everything that runs: Postgres, the simulator, perhaps Redis, and gateway processes that may die at any time. */
export class Topology {
  readonly slots: Slot[];
  /** Every uuid that a process sent in a statement that begins an attempt: among them the attempt's. */
  readonly births = new Map<string, Birth>();
  /** Operations that are looked for, with the process that was the last to take one up for it. */
  readonly lookers = new Map<string, Birth>();
  /** The shops' own URLs, by the id of the address of ours that stands in their place; null: there was none. */
  readonly templates = new Map<string, string | null>();
  readonly pool: pg.Pool;
  /** Opens what the processes have sealed. */
  readonly envelope: SealedEnvelope;
  readonly #env: Readonly<Record<string, string>>;
  readonly #starting = new Set<Promise<void>>();
  readonly #every: Instance[] = [];
  #closing = false;
  postgresDown = false;
  starts = 0;

  private constructor(
    readonly postgres: EmbeddedPostgres,
    readonly simulator: ServiceProcess,
    readonly redis: TestRedis | null,
    /** Where the apis are reached by Klarna, whichever of them run. */
    private readonly front: Front,
    private readonly options: TopologyOptions,
  ) {
    this.pool = new pg.Pool({ connectionString: postgres.url, max: 6, connectionTimeoutMillis: 5_000, application_name: 'storm' });
    this.pool.on('error', () => undefined);
    this.slots = [
      ...Array.from({ length: options.apis }, (_, index) => new Slot(`api${index + 1}`, 'api')),
      ...Array.from({ length: options.workers }, (_, index) => new Slot(`worker${index + 1}`, 'worker')),
    ];
    const dataKey = randomBytes(32);
    this.envelope = new SealedEnvelope(dataKey);
    this.#env = {
      ...STORM_TIMES,
      HOST: '127.0.0.1',
      CLOCK: 'simulator',
      DATABASE_POOL: '12',
      // Answers are compared to the end, however much time passes.
      BODY_RETENTION_DAYS: '3650',
      DATA_KEY: dataKey.toString('base64'),
      KLARNA_BASE_URL: simulator.url,
      PUBLIC_URL: front.url,
      // The receivers of the storm are on this machine, and reached by http, which Klarna's documents do not know.
      API_LIMITS: 'report',
      NOTIFY_ALLOW_CIDRS: '127.0.0.0/8',
      NOTIFICATION_RETENTION_DAYS: '3650',
      ...(redis === null ? {} : { REDIS_URL: redis.url }),
    };
  }

  static async open(options: TopologyOptions): Promise<Topology> {
    const redisSource = options.queue === 'redis' ? findRedis() : null;
    if (redisSource === undefined) throw new Error('--queue redis needs redis-server (or valkey-server) on the PATH, or REDIS_URL');
    const data = join(options.folder, 'data');
    mkdirSync(data, { mode: 0o755 });
    const postgres = await EmbeddedPostgres.start({
      dataDir: data,
      quick: true,
      settings: { max_connections: '250', track_activity_query_size: '8192' },
    });
    const simulator = await startSimulatorProcess({ DATA_DIR: data });
    const redis = redisSource === null ? null : await redisSource.start();
    const front = await Front.open();
    const topology = new Topology(postgres, simulator, redis, front, options);
    let turn = 0;
    front.leadTo(() => {
      const live = topology.live('api');
      const candidates = live.length > 0 ? live : topology.frozen.filter(({ role }) => role === 'api');
      return candidates[turn++ % Math.max(1, candidates.length)]?.process.url;
    });
    try {
      // The first one migrates the database: the others need not wait for its lock.
      await topology.#startIn(topology.slots[0]!);
      await Promise.all(topology.slots.slice(1).map((slot) => topology.#startIn(slot)));
      return topology;
    } catch (error) {
      topology.abandon();
      throw error;
    }
  }

  live(role: Role): Instance[] {
    return this.slots.flatMap(({ role: own, instance }) => (own === role && instance?.state === 'up' ? [instance] : []));
  }

  get frozen(): Instance[] {
    return this.#every.filter(({ state }) => state === 'frozen');
  }

  /** Rows, asked again while Postgres is away. */
  async rows<T extends pg.QueryResultRow>(sql: string, params: unknown[] = []): Promise<T[]> {
    return until('Postgres answers', async () => (await this.pool.query<T>(sql, params)).rows, { withinMs: 30_000, everyMs: 100 });
  }

  /** To be called before much time passes: addresses of ours are erased after a month, and what they stand for with them. */
  async noteTemplates(): Promise<void> {
    const hooks = await this.rows<{ id: string; template: Buffer | null }>('SELECT id, template FROM hooks');
    for (const { id, template } of hooks) {
      if (!this.templates.has(id)) this.templates.set(id, template && this.envelope.open(template, 'hook.template').toString());
    }
  }

  /** Ends the process in a slot at once, in the middle of whatever it does, and starts another. @param then before its roads are cut */
  async kill(slot: Slot, instance: Instance, then: () => void = () => undefined): Promise<void> {
    await instance.killed();
    then();
    this.#bury(instance);
    if (slot.instance === instance) slot.instance = null;
    this.respawn(slot);
  }

  /** Starts a process in an empty slot, as often as it takes. */
  respawn(slot: Slot): void {
    const starting = this.#startIn(slot)
      .catch(async (error: unknown) => {
        // Postgres may be away at the moment.
        writeFileSync(join(this.options.folder, `${slot.name}-start-${slot.starts}.log`), String(error));
        await pause(500);
        if (!this.#closing) this.respawn(slot);
      })
      .finally(() => this.#starting.delete(starting));
    this.#starting.add(starting);
  }

  /** Waits until every slot has a process. */
  async complete(): Promise<void> {
    await until('every process runs again', () => this.slots.every(({ instance }) => instance !== null), { withinMs: 60_000, everyMs: 50 });
  }

  /** Ends every process, and starts all of them anew. */
  async restartAll(): Promise<void> {
    await this.complete();
    await Promise.all(
      this.slots.map(async (slot) => {
        const { instance } = slot;
        if (instance !== null) await this.kill(slot, instance);
      }),
    );
    await this.complete();
  }

  /** Ends Postgres at once; it recovers at its next start, which is at once. */
  async restartPostgres(): Promise<void> {
    const { pid } = this.postgres;
    this.postgresDown = true;
    try {
      process.kill(pid, 'SIGQUIT');
      await until('Postgres runs again', () => this.postgres.pid !== pid, { withinMs: 30_000 });
      await until('Postgres answers again', () => this.pool.query('SELECT 1'), { withinMs: 30_000 });
    } finally {
      this.postgresDown = false;
    }
  }

  /** The queue forgets everything. */
  async flushQueue(): Promise<void> {
    if (this.redis !== null) await this.redis.flush();
    else await loseAllJobs((sql) => this.rows(sql));
  }

  writeLogs(): void {
    for (const each of this.#every) writeFileSync(join(this.options.folder, `${each.name}.log`), each.process.logs());
    writeFileSync(join(this.options.folder, 'simulator.log'), this.simulator.logs());
  }

  async close(): Promise<void> {
    this.#closing = true;
    for (const each of this.#every) if (each.state === 'frozen') each.thaw();
    await Promise.allSettled([...this.#starting]);
    await Promise.all(this.#every.map(({ process }) => process.stop()));
    for (const each of this.#every) await Promise.all([each.road.close(), each.door.close()]);
    await this.front.close();
    await this.pool.end();
    await this.redis?.stop();
    await this.simulator.stop();
    await this.postgres.stop();
  }

  /** Ends everything without waiting: for an interrupted storm. */
  abandon(): void {
    this.#closing = true;
    for (const each of this.#every) each.process.kill('SIGKILL');
    this.simulator.kill('SIGKILL');
    this.postgres.abandon();
  }

  async #startIn(slot: Slot): Promise<void> {
    slot.starts += 1;
    this.starts += 1;
    let instance: Instance | undefined;
    // A worker takes operations up before anybody knows that it is ready.
    const early: { uuid: string; of: Map<string, Birth> }[] = [];
    const note = (of: Map<string, Birth>, sent: string): void => {
      for (const [uuid] of sent.matchAll(UUID)) {
        if (instance) of.set(uuid, { by: instance, at: performance.now() });
        else early.push({ uuid, of });
      }
    };
    const road = await Turnpike.before(this.postgres.url, (sent) => {
      if (sent.includes(STATEMENTS.LOOK)) note(this.lookers, sent);
      if (!sent.includes('INSERT INTO attempts')) return;
      if (instance && !ELSEWHERE.test(sent)) instance.lastAttempt = performance.now();
      note(this.births, sent);
    });
    try {
      const process = await startGateway({ role: slot.role, env: { ...this.#env, DATABASE_URL: road.url(this.postgres.url) } });
      const door = await Turnpike.before(process.url);
      instance = new Instance(`${slot.name}-${slot.starts}`, slot.role, process, road, door);
      for (const { uuid, of } of early) of.set(uuid, { by: instance, at: performance.now() });
      this.#every.push(instance);
      slot.instance = instance;
      if (this.#closing) process.kill('SIGKILL');
    } catch (error) {
      await road.close();
      throw error;
    }
  }

  /** What the dead sent may still arrive; then its roads go, and its log is kept in the folder alone. */
  #bury(instance: Instance): void {
    const bury = async (): Promise<void> => {
      await pause(OLD_ROAD_MS);
      await Promise.all([instance.road.close(), instance.door.close()]);
      await instance.process.stop();
    };
    void bury().catch(() => undefined);
  }
}

export type { Slot };

export function stormFolder(seed: number): { path: string; remove: () => void } {
  return temporaryFolder(`storm-${seed}-`);
}
