import { afterEach, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigurationError } from '../../src/config/configuration-error.js';
import { loadSettings } from '../../src/config/load-settings.js';
import { openDataSource } from '../../src/persistence/persistence.module.js';
import { startGateway, spawnGateway, type ServiceProcess } from '../support/processes.js';
import { emptyDatabase, testDatabase, testPostgresUrl, type TestDatabase } from '../support/postgres.js';
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

  it('starts the simulator when nobody says where Klarna is, says so loudly, and makes a key', async () => {
    const { url } = using(await testDatabase());
    const gateway = using(await startGateway({ env: { DATABASE_URL: url, HOST: '127.0.0.1' } }));
    expect(gateway.logs()).toContain('*** Klarna is the SIMULATOR: no money moves');
    const simulator = /Shopper's page\s+(\S+)\//.exec(gateway.logs())![1]!;
    expect((await fetch(`${simulator}/simulator/clock`)).status).toBe(200);
    const [, login, , body] = /^curl -u (\S+) .* (\S+) -d '(.*)'$/m.exec(gateway.logs())!;
    const headers = { Authorization: `Basic ${btoa(login!)}`, 'Content-Type': 'application/json' };
    expect((await fetch(`${gateway.url}/payments/v1/sessions`, { method: 'POST', headers, body: body! })).status).toBe(200);
    expect(existsSync(join(gateway.dataDir, 'data.key'))).toBe(true);
    // The simulator's file is one process's: a second start would end the first one's simulator.
    const second = spawnGateway({ env: { DATABASE_URL: url, DATA_DIR: gateway.dataDir } });
    expect(await second.exited).toEqual({ code: 1, signal: null });
    expect(second.logs()).toContain(`Already running in ${gateway.dataDir}`);
    await second.stop();
    gateway.kill('SIGTERM');
    expect(await gateway.exited).toEqual({ code: 0, signal: null });
    await expect(fetch(simulator)).rejects.toThrow('fetch failed');
  });

  it.each([
    ['database', (url: URL) => (url.pathname = '/no_such_database'), 'database "no_such_database" does not exist'],
    ['role', (url: URL) => (url.username = 'no_such_role'), 'role "no_such_role" does not exist'],
  ])('says in one line that Postgres has no such %s, and never the password', async (_, change, said) => {
    const url = new URL(testPostgresUrl());
    change(url);
    url.password = 'hunter2';
    const gateway = spawnGateway({ env: { DATABASE_URL: url.href, ...COMMON } });
    expect(await gateway.exited).toEqual({ code: 1, signal: null });
    expect(gateway.logs()).toBe(`Cannot start: DATABASE_URL can't be used: Postgres at ${url.host} refuses: ${said}\n`);
    await gateway.stop();
  });

  it('gives up on a Postgres that never answers, naming DATABASE_URL and not the password', async () => {
    const settings = loadSettings({ ...COMMON, DATABASE_URL: 'postgres://shop:hunter2@127.0.0.1:1/gateway' });
    const refused = openDataSource(settings, 0);
    await expect(refused).rejects.toThrow(ConfigurationError);
    await expect(refused).rejects.toThrow(/^DATABASE_URL can't be used: Postgres at 127\.0\.0\.1:1 does not answer: [^\n]*ECONNREFUSED/);
    await expect(refused).rejects.not.toThrow('hunter2');
  });

  it('lets a worker wait for the migrations that the api applies; the worker serves health and metrics alone', async () => {
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
    const metrics = await fetch(`${worker.url}/metrics`);
    expect([metrics.status, metrics.headers.get('content-type')]).toEqual([200, expect.stringContaining('text/plain')]);
    expect(await metrics.text()).toContain('# TYPE gateway_alerts_raised gauge');
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
