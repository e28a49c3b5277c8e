import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { Redis } from 'ioredis';
import { freePort } from '../../src/persistence/embedded/free-port.js';
import { temporaryFolder } from './processes.js';
import { until } from './until.js';

/** A real Redis for tests. */
export interface TestRedis {
  readonly url: string;
  /** Forgets everything, as a Redis without persistence does when it restarts. */
  flush(): Promise<void>;
  stop(): Promise<void>;
}

/** How this machine can have a Redis; found once per file, before its `describe`s. */
export interface RedisSource {
  start(): Promise<TestRedis>;
}

/**
 * Finds a Redis: REDIS_URL; `redis-server` or `valkey-server` on the PATH; as root on Debian with CI=1 or INSTALL_REDIS=1, installed by apt.
 * Else undefined: the suite skips itself, and the last line of the run says so (redis-skip-reporter.mjs).
 */
export function findRedis(): RedisSource | undefined {
  const url = process.env['REDIS_URL'];
  if (url) return { start: () => Promise.resolve({ url, flush: () => flush(url), stop: () => Promise.resolve() }) };
  const program = onPath('redis-server') ?? onPath('valkey-server') ?? installed();
  if (program !== undefined) return { start: () => spawnRedis(program) };
  reportSkipped();
  return undefined;
}

function onPath(name: string): string | undefined {
  return (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path));
}

function installed(): string | undefined {
  const asked = process.env['CI'] === '1' || process.env['INSTALL_REDIS'] === '1';
  if (!asked || process.getuid?.() !== 0 || !existsSync('/etc/debian_version')) return undefined;
  const apt = (...args: string[]) =>
    spawnSync('apt-get', args, { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } });
  apt('update');
  // The package would start a server of its own on the usual port.
  if (apt('install', '-y', '--no-install-recommends', '-o', 'Dpkg::Options::=--force-confold', 'redis-server').status !== 0)
    return undefined;
  return onPath('redis-server') ?? (existsSync('/usr/bin/redis-server') ? '/usr/bin/redis-server' : undefined);
}

async function spawnRedis(program: string): Promise<TestRedis> {
  const folder = temporaryFolder('gateway-redis-');
  const port = await freePort(undefined);
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder.path];
  const child = spawn(program, args, { stdio: 'ignore' });
  // The tests' own end is its end, however they end.
  const end = () => void child.kill('SIGKILL');
  process.once('exit', end);
  const url = `redis://127.0.0.1:${port}`;
  await until('Redis answers', () => ping(url), { giveUp: () => hasExited(child) && 'it ended' });
  return {
    url,
    flush: () => flush(url),
    stop: async () => {
      process.off('exit', end);
      child.kill('SIGTERM');
      await until('Redis has ended', () => hasExited(child));
      folder.remove();
    },
  };
}

function hasExited(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

async function ping(url: string): Promise<boolean> {
  return withClient(url, async (client) => (await client.ping()) === 'PONG');
}

async function flush(url: string): Promise<void> {
  await withClient(url, (client) => client.flushdb());
}

async function withClient<T>(url: string, work: (client: Redis) => Promise<T>): Promise<T> {
  const client = new Redis(url, { lazyConnect: true, maxRetriesPerRequest: 0, retryStrategy: () => null });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await work(client);
  } finally {
    client.disconnect();
  }
}

function reportSkipped(): void {
  const folder = process.env['TEST_MARKERS'];
  if (folder === undefined) return;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'redis-skipped'), '');
}
