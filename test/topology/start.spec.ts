import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { copyFileSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { identityOf } from '../../src/persistence/embedded/process-identity.js';
import { type Answer, Client, type LedgerOrder } from '../support/client.js';
import { temporaryFolder } from '../support/processes.js';
import { ordersPath, told } from '../support/scene.js';
import { until } from '../support/until.js';

const ROOT = join(import.meta.dirname, '..', '..');
const DIST = process.env['GATEWAY_DIST'] ?? join(ROOT, 'dist');

/** What a user has before them: `npm start`, in a folder of its own. */
function npmStart(folder: string) {
  const env = { PATH: process.env['PATH'], HOME: folder, PORT: '0', SIMULATOR_PORT: '0', npm_config_update_notifier: 'false' };
  // The build was looked after by whoever runs the tests.
  const child = spawn('npm', ['start', '--ignore-scripts'], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => (output.stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output.stderr += chunk.toString()));
  let over = false;
  const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once('close', (code, signal) => {
      over = true;
      resolve({ code, signal });
    });
  });
  const said = (what: RegExp) =>
    until(`it says ${what}`, () => what.exec(output.stdout)?.[1], {
      withinMs: 25_000,
      giveUp: () => over && `it ended:\n${output.stdout}${output.stderr}`,
      hint: () => output.stdout + output.stderr,
    });
  return { kill: (signal: NodeJS.Signals) => void child.kill(signal), exited, output, said, isOver: () => over };
}

describe('npm start', () => {
  const folder = temporaryFolder('npm-start-');
  const data = join(folder.path, '.data');
  const firstNumberIn = (...path: string[]) => Number(/\d+/.exec(readFileSync(join(data, ...path), 'utf8'))?.[0]);
  const parts = () => ({
    gateway: firstNumberIn('gateway.lock'),
    Postgres: firstNumberIn('postgres', 'postmaster.pid'),
    simulator: firstNumberIn('simulator.pid'),
  });

  let npm: ReturnType<typeof npmStart>;
  let shop: Client;
  let orderId: string;
  let capture: { ask: (at: Client) => Promise<Answer>; answer: Answer };
  let ledger: LedgerOrder;

  const start = async () => {
    npm = npmStart(folder.path);
    const simulator = await npm.said(/Shopper's page\s+(\S+)\/\n/);
    const url = await npm.said(/Klarna Merchant Gateway is running\.\s+API\s+(\S+)/);
    await until('it is ready', async () => (await fetch(`${url}/health/ready`)).ok);
    shop = new Client(url, simulator);
  };
  /** Klarna's ledger, but for the gateway's own reads. */
  const written = async () => {
    const all = await shop.ledger(orderId);
    return { ...all, requests: all.requests.filter(({ method }) => method === 'POST') };
  };
  const everythingIsThere = async () => {
    expect(told(await capture.ask(shop))).toEqual(told(capture.answer));
    expect(await written()).toEqual(ledger);
    expect(await shop.stored(orderId)).toMatchObject({
      provider_order_id: orderId,
      captured_amount: ledger.captured_amount,
      remaining_authorized_amount: ledger.remaining_authorized_amount,
    });
  };

  beforeAll(async () => {
    for (const file of ['package.json', 'package-lock.json']) copyFileSync(join(ROOT, file), join(folder.path, file));
    symlinkSync(DIST, join(folder.path, 'dist'));
    await start();
  }, 40_000);
  afterAll(async () => {
    npm.kill('SIGTERM');
    await npm.exited;
    folder.remove();
  }, 20_000);

  it('serves a purchase in a fresh folder', async () => {
    orderId = await shop.order(10_000);
    const key = randomUUID();
    const ask = (at: Client) => at.post(ordersPath(orderId, '/captures'), { captured_amount: 2_500 }, key);
    capture = { ask, answer: await ask(shop) };
    expect(capture.answer.status).toBe(201);
    ledger = await written();
    expect(ledger).toMatchObject({ captured_amount: 2_500, remaining_authorized_amount: 7_500 });
  });

  it('says in one line that it runs there already, and exits with 1', async () => {
    const second = npmStart(folder.path);
    expect(await second.exited).toEqual({ code: 1, signal: null });
    expect(second.output.stderr.trim().split('\n')).toEqual([
      expect.stringContaining(`Already running in ${data}: process ${parts().gateway} serves port`),
    ]);
    await everythingIsThere();
  });

  it.each(['Postgres', 'simulator'] as const)('goes on with all data when its %s is killed', async (part) => {
    const pid = parts()[part];
    process.kill(pid, 'SIGKILL');
    await until('it was started again', () => identityOf(pid) === undefined && parts()[part] !== pid);
    await until('it answers', async () => (await shop.get(`/orders/${orderId}`)).status === 200 && (await shop.ledger(orderId)));
    await everythingIsThere();
  });

  it.each<{ name: string; killed: ('gateway' | 'Postgres' | 'simulator')[] }>([
    { name: 'the gateway', killed: ['gateway'] },
    { name: 'the gateway and its Postgres', killed: ['gateway', 'Postgres'] },
    { name: 'all three', killed: ['gateway', 'Postgres', 'simulator'] },
  ])(
    'starts again with all data after kill -9 of $name',
    async ({ killed }) => {
      const pids = parts();
      for (const part of killed) process.kill(pids[part], 'SIGKILL');
      await npm.exited;
      await start();
      await everythingIsThere();
    },
    40_000,
  );

  it('ends with everything it started, within 10 s of a SIGTERM to npm', async () => {
    const pids = Object.values(parts());
    const started = performance.now();
    npm.kill('SIGTERM');
    await npm.exited;
    // Whether or not npm waited for it.
    await until('nothing is left of it', () => pids.every((pid) => identityOf(pid) === undefined), {
      hint: () => JSON.stringify(parts()),
    });
    expect(performance.now() - started).toBeLessThan(10_000);
    await start();
    await everythingIsThere();
  }, 40_000);
});
