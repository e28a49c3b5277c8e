import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { startSimulator, type Simulator } from '../../simulator/simulator.js';
import { DATA_KEY, testGateway, type TestGateway } from '../support/gateway.js';
import { loseAllJobs } from '../support/lost-queue.js';
import { testDatabase, type TestDatabase } from '../support/postgres.js';
import { startGateway, temporaryFolder } from '../support/processes.js';
import { findRedis, type TestRedis } from '../support/redis.js';
import { lasting, manualCapture, operation, operationIn, ordersPath, requests, rowsOf, settled } from '../support/scene.js';
import { until } from '../support/until.js';

const DIST = process.env['GATEWAY_DIST'] ?? join(import.meta.dirname, '..', '..', 'dist');
const redis = findRedis();

/** The command as an operator runs it, after the build. */
function command(env: Record<string, string>, ...args: string[]): Promise<{ code: number | null; said: string }> {
  const child = spawn(process.execPath, [join(DIST, 'src', 'rebuild-queue.js'), ...args], {
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said: string[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => said.push(chunk.toString()));
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, said: said.join('') })));
}

for (const { name, available } of [
  { name: 'postgres', available: true },
  { name: 'redis', available: redis !== undefined },
]) {
  (available ? describe : describe.skip)(`A lost queue in ${name}`, () => {
    let simulator: Simulator;
    let database: TestDatabase;
    let server: TestRedis | undefined;
    let env: Record<string, string>;
    const running: TestGateway[] = [];

    beforeAll(async () => {
      simulator = await startSimulator();
      database = await testDatabase();
      server = name === 'redis' ? await redis!.start() : undefined;
      env = {
        DATABASE_URL: database.url,
        KLARNA_BASE_URL: simulator.url,
        DATA_KEY,
        ...(server === undefined ? {} : { REDIS_URL: server.url }),
      };
    });
    afterEach(async () => {
      for (const each of running.splice(0)) await each.close();
    });
    afterAll(async () => {
      await simulator.close();
      await server?.stop();
      await database.drop();
    });

    /** Whose sweep does not run while the test does: what is settled was brought by a nudge. */
    async function gateway(role: 'api' | 'worker'): Promise<TestGateway> {
      const started = await testGateway({
        simulator,
        database,
        env: {
          ROLE: role,
          SWEEP_INTERVAL_MS: '600000',
          RETRY_DELAYS_MS: '2000',
          ...(server === undefined ? {} : { REDIS_URL: server.url }),
        },
      });
      running.push(started);
      return started;
    }
    const lose = async () => {
      if (server) await server.flush();
      else await loseAllJobs((sql) => rowsOf(database, sql));
    };

    /** What the queue holds. */
    async function jobs(): Promise<number> {
      if (!server) return (await rowsOf<{ count: number }>(database, 'SELECT count(*)::int FROM bullmq.job'))[0]?.count ?? 0;
      const client = new Redis(server.url);
      const counts = [client.zcard('bull:operations:delayed'), client.llen('bull:operations:wait'), client.llen('bull:operations:active')];
      const counted = await Promise.all(counts);
      await client.quit();
      return counted.reduce((sum, each) => sum + each, 0);
    }

    it('is told again of everything that waits, as often as one likes, and then every operation ends', async () => {
      const api = await gateway('api');
      const paths: string[] = [];
      const open: string[] = [];
      for (let n = 0; n < 5; n += 1) {
        const id = await api.order();
        const path = ordersPath(id, '/captures');
        const broken = await lasting(api, 'reset_before', { method: 'POST', path });
        const answer = await api.call('POST', path, { body: { captured_amount: 1_000 + n }, headers: { Prefer: 'wait=0' } });
        await until('it waits for the schedule', async () => (await operation(api, answer)).next_attempt_at);
        await broken.end();
        paths.push(path);
        open.push(operationIn(answer));
      }
      // Neither what has ended nor what a person has to look at is told of.
      await api.post(ordersPath(await api.order(), '/captures'), { captured_amount: 1 });
      await lose();

      const dry = await command(env, '--dry-run');
      expect(dry).toEqual({ code: 0, said: expect.stringContaining('5 operations wait for a time. Nothing was written') });
      const away = await command({ ...env, REDIS_URL: 'redis://127.0.0.1:1' });
      expect(away).toEqual({ code: 1, said: 'The queue was not rebuilt: Redis is not connected\n' });
      for (let times = 0; times < 2; times += 1) {
        const { code, said } = await command(env);
        expect([code, said]).toEqual([0, `5 operations wait for a time; the queue in ${name} has a nudge for each.\n`]);
      }
      await gateway('worker');
      for (const id of open) expect((await settled(api, id)).state).toBe('succeeded');
      for (const path of paths) {
        const sent = await requests(api, { method: 'POST', path });
        expect(sent.filter(({ executed }) => executed)).toHaveLength(1);
      }
    });

    it('stays lost in a dry run; is told while a worker runs, too, and of each operation once', async () => {
      const api = await gateway('api');
      const path = ordersPath(await api.order(), '/captures');
      const broken = await lasting(api, 'reset_before', { method: 'POST', path });
      const answer = await api.call('POST', path, { body: { captured_amount: 1_000 }, headers: { Prefer: 'wait=0' } });
      await until('it waits for the schedule', async () => (await operation(api, answer)).next_attempt_at);
      await broken.end();
      await lose();
      expect((await command(env, '--dry-run')).said).toContain('1 operation waits');
      expect(await jobs()).toBe(0);
      await Promise.all([command(env), command(env)]);
      expect(await jobs()).toBe(1);
      await lose();
      await gateway('worker');
      expect((await command(env)).code).toBe(0);
      expect((await settled(api, answer)).state).toBe('succeeded');
      await until('the queue is empty', async () => (await jobs()) === 0);
    });

    it('is not told of what a person has to decide', async () => {
      const all = await testGateway({ simulator, database });
      running.push(all);
      await manualCapture(all, await all.order(), 2_500);
      expect((await command(env, '--dry-run')).said).toContain('0 operations wait');
    });
  });
}

describe('the command', () => {
  it('explains itself when it is asked for something else', async () => {
    expect(await command({}, '--force')).toEqual({ code: 2, said: 'Usage: npm run queue:rebuild [-- --dry-run]\n' });
  });

  it('says in one line that it was not done, and why', async () => {
    const away = await command({ DATABASE_URL: 'postgres://127.0.0.1:1/x', KLARNA_BASE_URL: 'http://127.0.0.1:1', DATA_KEY });
    expect(away).toEqual({ code: 1, said: expect.stringMatching(/^The queue was not rebuilt: .*ECONNREFUSED.*\n$/) });
    const nowhere = temporaryFolder('gateway-nowhere-');
    const never = await command({ DATA_DIR: nowhere.path });
    nowhere.remove();
    expect(never).toEqual({ code: 1, said: expect.stringContaining('no service has ever run in DATA_DIR') });
  });

  it('works in the embedded default, while the service runs and after it was stopped', async () => {
    const data = temporaryFolder('gateway-embedded-');
    const service = await startGateway({ env: { DATA_DIR: data.path } });
    const beside = await command({ DATA_DIR: data.path });
    await service.stop();
    const after = await command({ DATA_DIR: data.path });
    const again = await command({ DATA_DIR: data.path }, '--dry-run');
    data.remove();
    const done = { code: 0, said: '0 operations wait for a time; the queue in postgres has a nudge for each.\n' };
    expect([beside, after]).toEqual([done, done]);
    expect(again.said).toContain('Nothing was written');
  }, 180_000);
});
