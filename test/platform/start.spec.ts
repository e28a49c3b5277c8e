import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { chownSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import pg from 'pg';
import { identityOf } from '../../src/persistence/embedded/process-identity.js';
import { spawnGateway, startGateway, temporaryFolder, type ServiceProcess } from '../support/processes.js';
import { until } from '../support/until.js';

const asRoot = process.getuid?.() === 0;

describe('The embedded default', () => {
  let folder: { path: string; remove: () => void };
  const firstNumberIn = (...path: string[]) => Number(/^\d+/.exec(readFileSync(join(folder.path, ...path), 'utf8'))?.[0]);
  const postgresPid = () => firstNumberIn('postgres', 'postmaster.pid');
  const simulatorPid = () => firstNumberIn('simulator.pid');
  const query = async (sql: string) => {
    const client = new pg.Client(`postgres://app@127.0.0.1:${firstNumberIn('postgres.port')}/gateway`);
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(sql)).rows;
    } finally {
      await client.end();
    }
  };
  const simulatorUrl = (gateway: ServiceProcess) => /Shopper's page\s+(\S+)\//.exec(gateway.logs())![1]!;

  // One data folder for all, and one gateway for the first four: a start costs more than everything that is looked at here.
  let running: ServiceProcess;
  beforeAll(async () => {
    folder = temporaryFolder('gateway-start-');
    running = await startGateway({ env: { DATA_DIR: folder.path } });
  });
  afterAll(async () => {
    await running.stop();
    folder.remove();
  });

  it('starts from nothing and says where to go on', async () => {
    expect((await fetch(`${running.url}/health/live`)).status).toBe(200);
    expect(await (await fetch(`${running.url}/health/ready`)).json()).toEqual({ status: 'ok' });
    expect(running.logs()).toContain('Klarna is the SIMULATOR');
    expect(running.logs()).toContain(`${running.url}/docs`);
    for (const url of [`${running.url}/docs`, `${simulatorUrl(running)}/`]) expect((await fetch(url)).status).toBe(200);
  });

  it('prints a first request that works as it stands', async () => {
    const [, login, url, body] = /^curl -u (\S+) -H 'Content-Type: application\/json' (\S+) -d '(.*)'$/m.exec(running.logs())!;
    const headers = { Authorization: `Basic ${btoa(login!)}`, 'Content-Type': 'application/json' };
    const answer = await fetch(url!, { method: 'POST', headers, body: body! });
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ session_id: expect.any(String) });
  });

  it.each(['another', 'the same'])(
    'refuses a second start in the same folder with %s port in one line; the first goes on',
    async (which) => {
      const port = new URL(running.url).port;
      const second = spawnGateway({ env: { DATA_DIR: folder.path, PORT: which === 'another' ? '0' : port } });
      expect(await second.exited).toEqual({ code: 1, signal: null });
      expect(second.logs()).toBe(
        `Already running in ${folder.path}: process ${running.pid} serves port ${port}. Stop it, or set another DATA_DIR.\n`,
      );
      expect((await fetch(`${running.url}/health/ready`)).status).toBe(200);
      await second.stop();
    },
  );

  it('starts the simulator again on its port, and Postgres too, when they are killed', async () => {
    const url = simulatorUrl(running);
    const [simulator, postgres] = [simulatorPid(), postgresPid()];
    process.kill(simulator, 'SIGKILL');
    process.kill(postgres, 'SIGKILL');
    await until('the simulator is back', async () => simulatorPid() !== simulator && (await fetch(`${url}/simulator/clock`)).ok);
    await until('the gateway is ready again', async () => postgresPid() !== postgres && (await fetch(`${running.url}/health/ready`)).ok);
  });

  it('recovers after its own kill -9 with all data; then one Ctrl-C, which npm delivers twice, ends everything in order', async () => {
    await query('CREATE TABLE proof AS SELECT 42 AS kept');
    const [simulator, postgres] = [simulatorPid(), postgresPid()];
    running.kill('SIGKILL');
    await until('the simulator has not outlived it', () => identityOf(simulator) === undefined);
    const next = await startGateway({ env: { DATA_DIR: folder.path } });
    expect(postgresPid()).toBe(postgres);
    expect(await query('SELECT kept FROM proof')).toEqual([{ kept: 42 }]);
    const pids = [postgres, simulatorPid()];
    next.kill('SIGINT');
    next.kill('SIGINT');
    expect(await next.exited).toEqual({ code: 0, signal: null });
    for (const pid of pids) expect(identityOf(pid)).toBeUndefined();
    expect(existsSync(join(folder.path, 'gateway.lock'))).toBe(false);
    await next.stop();
  });

  it('stops in the middle of a start without leaving anything behind', async () => {
    const gateway = spawnGateway({ env: { DATA_DIR: folder.path } });
    await until('it has begun', () => existsSync(join(folder.path, 'gateway.lock')));
    gateway.kill('SIGTERM');
    expect(await gateway.exited).toEqual({ code: 0, signal: null });
    expect(existsSync(join(folder.path, 'postgres', 'postmaster.pid'))).toBe(false);
    expect(existsSync(join(folder.path, 'simulator.pid'))).toBe(false);
    await gateway.stop();
  });

  it('says in one line that a port which was asked for is taken, and leaves nothing running', async () => {
    const thief = createServer().listen(0, '127.0.0.1');
    await until('the port is taken', () => thief.listening);
    const { port } = thief.address() as { port: number };
    const gateway = spawnGateway({ env: { DATA_DIR: folder.path, SIMULATOR_PORT: String(port) } });
    expect(await gateway.exited).toEqual({ code: 1, signal: null });
    expect(gateway.logs()).toContain(`SIMULATOR_PORT ${port} is taken on 127.0.0.1; `);
    expect(gateway.logs()).not.toContain('    at ');
    expect(existsSync(join(folder.path, 'postgres', 'postmaster.pid'))).toBe(false);
    await gateway.stop();
    await new Promise((resolve) => thief.close(resolve));
  });

  it.each([
    ['a file', 'README', 'EEXIST'],
    ['below a file', 'README/data', 'ENOTDIR'],
  ])('says in one line that DATA_DIR is %s', async (_, path, code) => {
    const own = temporaryFolder('gateway-unusable-');
    writeFileSync(join(own.path, 'README'), '');
    const gateway = spawnGateway({ env: { DATA_DIR: join(own.path, path) } });
    expect(await gateway.exited).toEqual({ code: 1, signal: null });
    expect(gateway.logs()).toMatch(new RegExp(`^Cannot start: DATA_DIR "${join(own.path, path)}" can't be used: ${code}: .*\\n$`));
    await gateway.stop();
    own.remove();
  });

  it('names what is wrong with the configuration, without a stack', async () => {
    const gateway = spawnGateway({ env: { PORT: 'x', NODE_ENV: 'production' } });
    expect(await gateway.exited).toEqual({ code: 1, signal: null });
    expect(gateway.logs()).toBe('Cannot start: PORT is "x"; allowed: a whole number from 0 to 65535\n');
    await gateway.stop();
  });

  (asRoot ? it : it.skip)('works as a normal user', async () => {
    const own = temporaryFolder('gateway-nobody-');
    chownSync(own.path, 65534, 65534);
    const gateway = await startGateway({ env: { DATA_DIR: join(own.path, 'data'), HOME: own.path }, user: { uid: 65534, gid: 65534 } });
    gateway.kill('SIGTERM');
    expect(await gateway.exited).toEqual({ code: 0, signal: null });
    await gateway.stop();
    own.remove();
  });
});
