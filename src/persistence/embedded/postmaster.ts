import { spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, statSync, truncateSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { hasCluster, type Places } from './places.js';
import { commandOf, identityOf } from './process-identity.js';
import { handOver } from './server-user.js';

const START_WITHIN_MS = 15_000;
/** Signals to the server, and how long each has. */
const STOPS = [
  ['SIGTERM', 500],
  ['SIGINT', 4_000],
  ['SIGQUIT', 1_000],
  ['SIGKILL', 1_000],
] as const;
const LARGEST_LOG = 20_000_000;
/** Small and always valid; the rest of the environment is none of the server's business. */
const SERVER_ENVIRONMENT = { LC_ALL: 'C', TZ: 'UTC', PATH: '/usr/bin:/bin' };

/** A server of this cluster that runs, whoever started it. */
export interface Running {
  readonly pid: number;
  readonly port: number;
}

/** Makes an empty cluster if there is none. It becomes visible when it is whole: a start killed in between begins anew. */
export function initialise(places: Places, quick: boolean): void {
  if (hasCluster(places.cluster)) return;
  const draft = `${places.cluster}.new`;
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { recursive: true, mode: 0o700 });
  handOver(draft, places.user);
  const flags = [
    '-D',
    draft,
    '-U',
    'app',
    '--auth=trust',
    '-E',
    'UTF8',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--locale=C',
  ];
  const result = spawnSync(places.initdb, quick ? [...flags, '--no-sync'] : flags, {
    cwd: draft,
    env: SERVER_ENVIRONMENT,
    encoding: 'utf8',
    ...places.user,
  });
  if (result.status !== 0) throw new Error(`initdb failed: ${result.stderr?.trim() || result.error?.message}`);
  rmSync(places.cluster, { recursive: true, force: true });
  renameSync(draft, places.cluster);
}

/** Finds the server of this cluster when one survived its gateway. A pid file that names someone else is removed: it would stop a new one. */
export async function findRunning(cluster: string): Promise<Running | undefined> {
  const file = join(cluster, 'postmaster.pid');
  const until = performance.now() + START_WITHIN_MS;
  for (;;) {
    const [pid, port] = pidFile(file);
    if (pid === undefined) return undefined;
    if (!isPostmaster(pid, cluster)) {
      rmSync(file, { force: true });
      return undefined;
    }
    if (port !== undefined && (await answers(port, cluster))) return { pid, port };
    // It is starting, recovering or stopping: one of them ends.
    if (performance.now() > until) throw new Error(`Postgres (process ${pid}) in ${cluster} neither answers nor ends`);
    await pause(100);
  }
}

/**
 * Starts the server. After a `kill -9` the old one's children hold its shared memory for a moment, so a start that fails is repeated.
 * @param settings more `-c` settings
 */
export async function startServer(places: Places, port: number, settings: Readonly<Record<string, string>>): Promise<Running> {
  const log = join(dirname(places.cluster), 'postgres.log');
  if ((statSync(log, { throwIfNoEntry: false })?.size ?? 0) > LARGEST_LOG) truncateSync(log);
  const until = performance.now() + START_WITHIN_MS;
  for (;;) {
    const started = await startOnce(places, port, settings, log);
    if (started !== undefined) return started;
    if (performance.now() > until) throw new Error(`Postgres does not start; its log is ${log}. Last lines:\n${tail(log)}`);
    await pause(250);
  }
}

async function startOnce(
  places: Places,
  port: number,
  settings: Readonly<Record<string, string>>,
  log: string,
): Promise<Running | undefined> {
  // The data is on a local disk or in memory: looking up a row by index is not four times as dear as reading on.
  const all = { listen_addresses: '127.0.0.1', port: String(port), unix_socket_directories: '', random_page_cost: '1.1', ...settings };
  const output = openSync(log, 'a');
  const child = spawn(
    places.postgres,
    ['-D', places.cluster, ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    {
      cwd: places.cluster,
      env: SERVER_ENVIRONMENT,
      // Ctrl-C at the terminal reaches this process alone, which stops the server when nobody needs it any more.
      detached: true,
      stdio: ['ignore', output, output],
      ...places.user,
    },
  );
  closeSync(output);
  child.unref();
  let ended = false;
  child.on('exit', () => (ended = true)).on('error', () => (ended = true));
  const until = performance.now() + START_WITHIN_MS;
  while (!ended && performance.now() < until) {
    if (child.pid !== undefined && (await answers(port, places.cluster))) return { pid: child.pid, port };
    await pause(20);
  }
  child.kill('SIGQUIT');
  return undefined;
}

/**
 * Stops the server: when its last connection has said goodbye (pools say so after they call themselves closed), then politely, firmly, at
 * once.
 */
export async function stopServer(running: Running, cluster: string): Promise<void> {
  // Its identity says when it is gone: one that is ending has no command line any more, and is still there for a moment.
  const identity = isPostmaster(running.pid, cluster) ? identityOf(running.pid) : undefined;
  const isThere = () => identity !== undefined && identityOf(running.pid) === identity;
  for (const [signal, withinMs] of STOPS) {
    if (!isThere()) return;
    try {
      process.kill(running.pid, signal);
    } catch {
      return;
    }
    const until = performance.now() + withinMs;
    while (isThere() && performance.now() < until) await pause(20);
  }
}

/** Whether this process is the server of this cluster; pids are reused, and zombies answer to `kill(pid, 0)`. */
export function isPostmaster(pid: number, cluster: string): boolean {
  const command = commandOf(pid);
  return command !== undefined && command.includes('postgres') && command.includes(`-D ${cluster} `);
}

function pidFile(path: string): [pid: number | undefined, port: number | undefined] {
  if (!existsSync(path)) return [undefined, undefined];
  const lines = readFileSync(path, 'utf8').split('\n');
  const whole = (line: string | undefined) => (/^\d+$/.test(line ?? '') ? Number(line) : undefined);
  // A file without a pid is a crash's remainder.
  return [whole(lines[0]?.trim()) ?? 0, whole(lines[3]?.trim())];
}

/** Whether the server on this port takes connections and is this cluster's. */
async function answers(port: number, cluster: string): Promise<boolean> {
  const client = new pg.Client({
    host: '127.0.0.1',
    port,
    user: 'app',
    database: 'postgres',
    connectionTimeoutMillis: 1_000,
    query_timeout: 1_000,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ data_directory: string }>('SHOW data_directory');
    return rows[0]?.data_directory === cluster;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}

function tail(log: string): string {
  return readFileSync(log, 'utf8').trimEnd().split('\n').slice(-5).join('\n');
}
