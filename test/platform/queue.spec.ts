import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import pg from 'pg';
import { loadSettings } from '../../src/config/load-settings.js';
import { NudgeWorker } from '../../src/queue/nudge-worker.js';
import { Nudges } from '../../src/queue/nudges.js';
import { openQueueBackend } from '../../src/queue/queue-backend.js';
import type { QueueBackend } from '../../src/queue/queue-ports.js';
import { Alerts } from '../../src/telemetry/alerts.js';
import { loseAllJobs } from '../support/lost-queue.js';
import { testDatabase } from '../support/postgres.js';
import { Proxy } from '../support/proxy.js';
import { findRedis } from '../support/redis.js';
import { until } from '../support/until.js';

const redis = findRedis();

/** A queue's home behind a proxy, so that it can go away and come back. */
interface Home {
  readonly url: string;
  /** Loses every job. */
  clear(): Promise<void>;
  stop(): Promise<void>;
}

async function postgresHome(): Promise<Home> {
  const database = await testDatabase();
  const clear = async () => {
    const client = new pg.Client(database.url);
    await client.connect();
    try {
      await loseAllJobs((sql) => client.query(sql));
    } finally {
      await client.end();
    }
  };
  return { url: database.url, clear, stop: () => database.drop() };
}

async function redisHome(): Promise<Home> {
  const started = await redis!.start();
  await started.flush();
  return { url: started.url, clear: () => started.flush(), stop: () => started.stop() };
}

const homes = [
  { name: 'Postgres', open: postgresHome, available: true },
  { name: 'Redis', open: redisHome, available: redis !== undefined },
];

for (const { name, open, available } of homes) {
  (available ? describe : describe.skip)(`The queue on ${name}`, () => {
    let home: Home;
    let proxy: Proxy;
    let backend: QueueBackend;
    let nudges: Nudges;
    let worker: NudgeWorker;
    let alerts: Alerts;
    let seen: string[];

    const settings = () => {
      const url = proxy.url(home.url);
      const env = name === 'Redis' ? { DATABASE_URL: 'postgres://nowhere.invalid/x', REDIS_URL: url } : { DATABASE_URL: url };
      return loadSettings({ ...env, KLARNA_BASE_URL: 'http://127.0.0.1:1' });
    };
    const begin = async ({ down = false } = {}) => {
      // On Redis nothing is asked of the server before the start; Postgres must be up once, to make its tables.
      if (down && name === 'Redis') await proxy.cut();
      backend = await openQueueBackend(settings());
      if (down) await proxy.cut();
      alerts = new Alerts();
      nudges = new Nudges(backend, alerts);
      worker = new NudgeWorker(backend);
      seen = [];
    };
    const work = (handler: (id: string) => Promise<void> = () => Promise.resolve()) =>
      worker.start((id) => {
        seen.push(id);
        return handler(id);
      });
    const sees = (id: string) => until(`${id} arrives`, () => seen.includes(id));

    beforeAll(async () => {
      Logger.overrideLogger(false);
      jest.spyOn(console, 'error').mockImplementation(() => undefined);
      home = await open();
      proxy = await Proxy.before(home.url);
    });
    afterEach(async () => {
      await worker.close(1_000);
      await nudges.close();
      await backend.close();
      await home.clear();
    });
    afterAll(async () => {
      await proxy.cut();
      await home.stop();
    });

    it('brings a nudge to a worker', async () => {
      await begin();
      work();
      nudges.nudge('o-1', 1, 0);
      await sees('o-1');
      expect(nudges.queueHealth()).toMatchObject({ backend: name.toLowerCase(), reachable: true, added: 1 });
    });

    it('brings a delayed nudge when it is due, and not before', async () => {
      await begin();
      work();
      const start = performance.now();
      nudges.nudge('late', 1, 600);
      nudges.nudge('now', 1, 0);
      await sees('late');
      expect(seen).toEqual(['now', 'late']);
      expect(performance.now() - start).toBeGreaterThanOrEqual(590);
    });

    it('takes two nudges of one fence for one, and those of two fences for two', async () => {
      await begin();
      for (const fence of [1, 1, 2]) nudges.nudge('twice', fence, 0);
      await until('all are added', () => nudges.queueHealth().added === 3);
      nudges.nudge('last', 1, 0);
      await until('the last is added', () => nudges.queueHealth().added === 4);
      work();
      await sees('last');
      expect(seen).toEqual(['twice', 'twice', 'last']);
    });

    it('goes on after an operation that failed, and lets the same nudge come again', async () => {
      await begin();
      work(() => Promise.reject(new Error('no')));
      nudges.nudge('o-1', 1, 0);
      await sees('o-1');
      await until('its id is free again', () => {
        nudges.nudge('o-1', 1, 0);
        return seen.length > 1;
      });
    });

    it('survives that it goes away and comes back, without a restart', async () => {
      await begin();
      work();
      nudges.nudge('before', 1, 0);
      await sees('before');

      await proxy.cut();
      nudges.nudge('lost', 1, 0);
      await until('the alert is raised', () => alerts.count('queue.unreachable') > 0);
      expect(nudges.queueHealth().reachable).toBe(false);

      await proxy.open();
      let fence = 0;
      await until('a nudge arrives again', () => {
        nudges.nudge('after', fence++, 0);
        return seen.includes('after');
      });
      await until('it counts as reachable again', () => nudges.queueHealth().reachable);
    });

    it('goes on when everything in it is lost', async () => {
      await begin();
      work();
      nudges.nudge('before', 1, 0);
      nudges.nudge('forgotten', 1, 60_000);
      await until('both are added', () => nudges.queueHealth().added === 2);
      await sees('before');
      await home.clear();
      nudges.nudge('after', 1, 0);
      await sees('after');
      nudges.nudge('delayed', 1, 100);
      await sees('delayed');
      expect(seen).not.toContain('forgotten');
    });

    it('stops within its time although a nudge is still being worked on', async () => {
      await begin();
      work(() => new Promise(() => undefined));
      nudges.nudge('stuck', 1, 0);
      await sees('stuck');
      const start = performance.now();
      await worker.close(200);
      expect(performance.now() - start).toBeLessThan(1_500);
    });

    if (name === 'Postgres') {
      it('survives that the server ends every connection, as it does when it is restarted', async () => {
        await begin();
        work();
        nudges.nudge('before', 1, 0);
        await sees('before');
        const client = new pg.Client(home.url);
        await client.connect();
        await client.query(
          'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
        );
        await client.end();
        let fence = 0;
        await until('a nudge arrives again', () => {
          nudges.nudge('after', fence++, 0);
          return seen.includes('after');
        });
      });
    }

    it('does not delay the start when it is down, and works once it is up', async () => {
      await begin({ down: true });
      const start = performance.now();
      work();
      nudges.nudge('early', 1, 0);
      expect(performance.now() - start).toBeLessThan(500);
      await until('the alert is raised', () => alerts.count('queue.unreachable') > 0);
      await proxy.open();
      let fence = 0;
      await until('a nudge arrives', () => {
        nudges.nudge('o-1', fence++, 0);
        return seen.includes('o-1');
      });
    });
  });
}
