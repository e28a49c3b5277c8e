import { readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { freePort } from './free-port.js';
import { findPlaces } from './places.js';
import { findRunning, initialise, isPostmaster, startServer, stopServer, type Running } from './postmaster.js';

const WATCH_MS = 1_000;

export interface EmbeddedOptions {
  /** DATA_DIR; the caller holds its `DataLock`. */
  readonly dataDir: string;
  /** More `-c` settings of the server. */
  readonly settings?: Readonly<Record<string, string>>;
  /** For tests: what is written need not survive a power cut. */
  readonly quick?: boolean;
  readonly note?: (line: string) => void;
}

/** The private Postgres of the embedded default: real binaries, on 127.0.0.1 alone, started and stopped with the gateway. */
export class EmbeddedPostgres {
  #running: Running;
  #watch: NodeJS.Timeout;
  #restarting: Promise<void> | undefined;
  #stopping = false;

  private constructor(
    /** Address of the gateway's database. */
    readonly url: string,
    /** Where the data lies; as root it may not be DATA_DIR. */
    readonly cluster: string,
    running: Running,
    private readonly restart: () => Promise<Running>,
    private readonly note: (line: string) => void,
  ) {
    this.#running = running;
    this.#watch = setInterval(() => this.#look(), WATCH_MS);
    this.#watch.unref();
  }

  /** Starts the server, or takes over the one that survived its gateway. A restart keeps its port if nobody else took it. */
  static async start(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
    const note = options.note ?? (() => undefined);
    const places = await findPlaces(options.dataDir);
    if (places.moved)
      note(`Other users can't enter ${realpathSync(options.dataDir)}, and Postgres does not run as root: its data is in ${places.cluster}`);
    initialise(places, options.quick ?? false);
    const settings = { ...options.settings, ...(options.quick ? { fsync: 'off', full_page_writes: 'off' } : {}) };
    const portFile = join(options.dataDir, 'postgres.port');
    const startAt = async () => startServer(places, await freePort(portIn(portFile)), settings);
    const running = (await findRunning(places.cluster)) ?? (await startAt());
    writeFileSync(portFile, `${running.port}\n`);
    await ensureDatabase(running.port);
    const url = urlAt(running.port);
    const restart = async () => (await findRunning(places.cluster)) ?? (await startServer(places, running.port, settings));
    return new EmbeddedPostgres(url, places.cluster, running, restart, note);
  }

  /** The address of the server that another process has started for this DATA_DIR; undefined while none runs. */
  static async running(dataDir: string): Promise<string | undefined> {
    const running = await findRunning((await findPlaces(dataDir)).cluster);
    return running && urlAt(running.port);
  }

  get pid(): number {
    return this.#running.pid;
  }

  get port(): number {
    return this.#running.port;
  }

  /** Stops the server, also one that was taken over. */
  async stop(): Promise<void> {
    this.#stopping = true;
    clearInterval(this.#watch);
    await this.#restarting?.catch(() => undefined);
    await stopServer(this.#running, this.cluster);
  }

  /** Tells the server to end at once and does not wait; it recovers at its next start. */
  abandon(): void {
    this.#stopping = true;
    if (isPostmaster(this.#running.pid, this.cluster)) process.kill(this.#running.pid, 'SIGQUIT');
  }

  /** A server that was killed is started again on the same port: the pools reconnect, and nothing else needs to know. */
  #look(): void {
    if (this.#stopping || this.#restarting !== undefined || isPostmaster(this.#running.pid, this.cluster)) return;
    this.note('The private Postgres is gone; starting it again');
    this.#restarting = this.restart()
      .then((running) => void (this.#running = running))
      .catch((error: unknown) => this.note(`The private Postgres could not be started again: ${(error as Error).message}`))
      .finally(() => (this.#restarting = undefined));
  }
}

function urlAt(port: number): string {
  return `postgres://app@127.0.0.1:${port}/gateway`;
}

async function ensureDatabase(port: number): Promise<void> {
  const client = new pg.Client({ host: '127.0.0.1', port, user: 'app', database: 'postgres' });
  await client.connect();
  try {
    const { rowCount } = await client.query("SELECT FROM pg_database WHERE datname = 'gateway'");
    if (rowCount === 0) await client.query('CREATE DATABASE gateway');
  } finally {
    await client.end();
  }
}

function portIn(file: string): number | undefined {
  try {
    const port = Number(readFileSync(file, 'utf8').trim());
    return Number.isInteger(port) && port > 0 && port < 65_536 ? port : undefined;
  } catch {
    return undefined;
  }
}
