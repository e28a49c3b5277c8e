import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import pg from 'pg';
import { EmbeddedPostgres } from '../../src/persistence/embedded/embedded-postgres.js';
import { isFree } from '../../src/persistence/embedded/free-port.js';
import { identityOf } from '../../src/persistence/embedded/process-identity.js';
import { temporaryFolder } from '../support/processes.js';
import { until } from '../support/until.js';

const asRoot = process.getuid?.() === 0;

async function query(postgres: EmbeddedPostgres, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client(postgres.url);
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

describe('The embedded Postgres', () => {
  let folder: { path: string; remove: () => void };
  let servers: EmbeddedPostgres[];
  let notes: string[];
  const start = async (dataDir = folder.path) => {
    const server = await EmbeddedPostgres.start({ dataDir, quick: true, note: (line) => notes.push(line) });
    servers.push(server);
    return server;
  };

  // One cluster for all: making one takes longer than everything else here.
  beforeAll(() => void (folder = temporaryFolder('gateway-embedded-')));
  afterAll(() => folder.remove());
  beforeEach(() => {
    servers = [];
    notes = [];
  });
  afterEach(async () => {
    await Promise.all(servers.map((server) => server.stop()));
  });

  it('keeps its data and its port from one start to the next, and leaves no process behind', async () => {
    const first = await start();
    await query(first, 'CREATE TABLE kept AS SELECT 1 AS id');
    await first.stop();
    expect(identityOf(first.pid)).toBeUndefined();
    expect(existsSync(join(first.cluster, 'postmaster.pid'))).toBe(false);
    const second = await start();
    expect(second.port).toBe(first.port);
    expect(await query(second, 'SELECT id FROM kept')).toEqual([{ id: 1 }]);
  });

  it('takes another port when its own was taken meanwhile', async () => {
    const first = await start();
    await first.stop();
    const thief = createServer().listen(first.port, '127.0.0.1');
    await until('the port is taken', () => thief.listening);
    const second = await start();
    expect(second.port).not.toBe(first.port);
    await new Promise((resolve) => thief.close(resolve));
  });

  it('listens on 127.0.0.1 alone', async () => {
    const { port } = await start();
    const others = Object.values(networkInterfaces())
      .flatMap((each) => each ?? [])
      .filter((each) => each.family === 'IPv4' && !each.internal);
    for (const { address } of others) expect(await isFree(port, address)).toBe(true);
    expect(await isFree(port, '127.0.0.1')).toBe(false);
  });

  it('takes over the server that survived its gateway, and stops it in the end', async () => {
    const first = await start();
    const second = await start();
    expect(second.pid).toBe(first.pid);
    await second.stop();
    // It has ended; its entry stays until its parent, this process, has taken note.
    await until('it is gone', () => identityOf(first.pid) === undefined);
  });

  it('recovers after a kill -9 of the server with its children in the middle of work', async () => {
    const first = await start();
    await query(first, 'CREATE TABLE survives (id int); INSERT INTO survives VALUES (1)');
    const busy = query(first, 'SELECT pg_sleep(30)').catch(() => 'cut');
    await until(
      'it works',
      async () =>
        (await query(first, `SELECT FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(30)%' AND state = 'active'`)).length > 0,
    );
    process.kill(first.pid, 'SIGKILL');
    const second = await start();
    expect(second.pid).not.toBe(first.pid);
    expect(await query(second, 'SELECT id FROM survives')).toEqual([{ id: 1 }]);
    expect(await busy).toBe('cut');
  });

  it('is started again on the same port when it is killed while the gateway runs', async () => {
    const server = await start();
    const { pid, port } = server;
    process.kill(pid, 'SIGKILL');
    await until('it is back', async () => server.pid !== pid && (await query(server, 'SELECT 1')), { withinMs: 14_000 });
    expect(server.port).toBe(port);
    expect(notes.join()).toContain('The private Postgres is gone; starting it again');
  });

  it('is not confused by a stale pid file that names a living process of someone else', async () => {
    const first = await start();
    const lines = readFileSync(join(first.cluster, 'postmaster.pid'), 'utf8').split('\n');
    await first.stop();
    // The same user's process: Postgres itself would refuse to start beside it.
    const stranger = spawn('sleep', ['60'], asRoot ? { uid: 65534, gid: 65534 } : {});
    writeFileSync(join(first.cluster, 'postmaster.pid'), [String(stranger.pid), ...lines.slice(1)].join('\n'));
    const second = await start();
    expect(await query(second, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    expect(identityOf(stranger.pid!)).toBeDefined();
    stranger.kill('SIGKILL');
  });

  it('begins anew when an earlier start was killed while it made the cluster', async () => {
    const fresh = join(folder.path, 'fresh');
    mkdirSync(join(fresh, 'postgres.new'), { recursive: true });
    writeFileSync(join(fresh, 'postgres.new', 'PG_VERSION'), '18\n');
    expect(await query(await start(fresh), 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  (asRoot ? it : it.skip)('works as root in a folder that other users cannot enter, and finds its data again', async () => {
    const closed = join(folder.path, 'closed');
    mkdirSync(closed);
    chmodSync(closed, 0o700);
    const first = await start(join(closed, 'data'));
    expect(first.cluster).toMatch(/^\/var\/lib\/klarna-merchant-gateway\/[0-9a-f]{16}\/postgres$/);
    expect(notes.join()).toContain(`its data is in ${first.cluster}`);
    await query(first, 'CREATE TABLE t AS SELECT 1 AS id');
    await first.stop();
    const second = await start(join(closed, 'data'));
    expect(await query(second, 'SELECT id FROM t')).toEqual([{ id: 1 }]);
    await second.stop();
    rmSync(dirname(first.cluster), { recursive: true });
  });
});
