import { afterEach, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { startGateway, spawnGateway, type ServiceProcess } from '../support/processes.js';
import { emptyDatabase, testDatabase, type TestDatabase } from '../support/postgres.js';
import { Proxy } from '../support/proxy.js';
import { until } from '../support/until.js';

/** Nobody is there: a service that starts does not need Klarna. One key, because they share a database. */
const COMMON = { KLARNA_BASE_URL: 'http://127.0.0.1:1', DATA_KEY: randomBytes(32).toString('base64') };
const readiness = async (url: string) => (await fetch(`${url}/health/ready`)).status;

describe('The configured service', () => {
  const cleanUps: (() => Promise<void>)[] = [];
  const using = <T extends ServiceProcess | TestDatabase>(one: T): T => {
    cleanUps.unshift(() => ('drop' in one ? one.drop() : one.stop()));
    return one;
  };
  afterEach(async () => {
    for (const cleanUp of cleanUps.splice(0)) await cleanUp();
  });

  it('starts and is ready although Redis is down', async () => {
    const { url } = using(await testDatabase());
    const env = { DATABASE_URL: url, ...COMMON, REDIS_URL: 'redis://127.0.0.1:1' };
    const gateway = using(await startGateway({ env }));
    expect(await readiness(gateway.url)).toBe(200);
    gateway.kill('SIGTERM');
    expect(await gateway.exited).toEqual({ code: 0, signal: null });
  });

  it('lets a worker wait for the migrations that the api applies; the worker serves health alone', async () => {
    const { url } = using(await emptyDatabase());
    const env = { DATABASE_URL: url, ...COMMON };
    const early = spawnGateway({ env, role: 'worker' });
    await until('the worker waits', () => early.logs().includes('Waiting for migrations'));
    const api = using(await startGateway({ env, role: 'api' }));
    const workerUrl = await until('the worker listens', () => /Listening on (http:\/\/[^\s"]+)/.exec(early.logs())?.[1]);
    const worker = using({ ...early, url: workerUrl });
    expect(await readiness(worker.url)).toBe(200);
    expect(await readiness(api.url)).toBe(200);
    expect((await fetch(`${worker.url}/orders`)).status).toBe(404);
  });

  it('waits for a Postgres that is not up yet, says when it goes, and serves again when it is back', async () => {
    const home = using(await testDatabase());
    const proxy = await Proxy.before(home.url);
    cleanUps.unshift(() => proxy.cut());
    await proxy.cut();
    const starting = spawnGateway({ env: { DATABASE_URL: proxy.url(home.url), ...COMMON } });
    await until('it waits', () => starting.logs().includes('Postgres does not answer yet'));
    await proxy.open();
    const url = await until('it listens', () => /Listening on (http:\/\/[^\s"]+)/.exec(starting.logs())?.[1]);
    using({ ...starting, url });
    await proxy.cut();
    await until('it says that it is not ready', async () => (await readiness(url)) === 503);
    expect((await fetch(`${url}/health/live`)).status).toBe(200);
    await proxy.open();
    await until('it is ready again', async () => (await readiness(url)) === 200);
  });
});
