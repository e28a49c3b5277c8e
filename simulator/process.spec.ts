import { transformSync } from '@swc/core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { fork, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readSettings } from './settings.js';
import { eventually, TestClient } from './test-client.js';

const here = fileURLToPath(new URL('.', import.meta.url));
let built: string;
let dataDir: string;
const children: ChildProcess[] = [];

// The process is started from sources compiled here and now: a stale build could prove nothing.
beforeAll(() => {
  built = mkdtempSync(join(tmpdir(), 'simulator-build-'));
  symlinkSync(join(here, '../node_modules'), join(built, 'node_modules'));
  writeFileSync(join(built, 'package.json'), '{"type":"module"}');
  for (const file of readdirSync(here, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.ts') || file.endsWith('.spec.ts')) continue;
    const { code } = transformSync(readFileSync(join(here, file), 'utf8'), {
      swcrc: false,
      jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
      module: { type: 'es6' },
    });
    mkdirSync(dirname(join(built, file)), { recursive: true });
    writeFileSync(join(built, file.replace(/\.ts$/, '.js')), code);
  }
});
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'simulator-data-'));
});
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(built, { recursive: true, force: true });
});

interface Started {
  child: ChildProcess;
  client: TestClient;
  ended: Promise<{ code: number | null }>;
  errors: () => string;
}

async function start(env: Record<string, string> = {}): Promise<Started> {
  const child = fork(join(built, 'main.js'), {
    env: { PATH: process.env.PATH, SIMULATOR_PORT: '0', DATA_DIR: dataDir, ...env },
    stdio: ['pipe', 'pipe', 'pipe', 'ipc'],
    execArgv: [],
  });
  children.push(child);
  let errors = '';
  child.stderr?.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  const ended = new Promise<{ code: number | null }>((resolve) => child.once('close', (code) => resolve({ code })));
  const url = await new Promise<string>((resolve) => {
    child.once('message', (message: { type: string; url: string; port: number }) => resolve(message.url));
    void ended.then(() => resolve('http://nowhere.invalid'));
  });
  return { child, client: new TestClient(url), ended, errors: () => errors };
}

describe('the simulator as a process', () => {
  it('loses nothing by kill -9: effects, keys and placed tokens are there after the next start', async () => {
    const first = await start();
    const orderId = await first.client.order();
    const captured = await first.client.capture(orderId, 4_000, 'k');
    await first.client.fault({ match: { path: '/ordermanagement/*' }, kind: 'timeout_after' });
    const unanswered = first.client.capture(orderId, 1_000, 'l').catch((error: unknown) => error);
    await eventually(async () => (await first.client.ledger(orderId)).captured_amount === 5_000);
    first.child.kill('SIGKILL');
    await first.ended;
    await unanswered;
    const second = await start();
    expect((await second.client.capture(orderId, 4_000, 'k')).headers.get('capture-id')).toBe(captured.headers.get('capture-id'));
    expect((await second.client.capture(orderId, 1_000, 'l')).status).toBe(201);
    expect(await second.client.ledger(orderId)).toMatchObject({ captured_amount: 5_000, captures: [{}, {}] });
    second.child.kill('SIGKILL');
    await second.ended;
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('stops on %s within a second, held connections or not', async (signal) => {
    const { child, client, ended } = await start();
    await client.fault({ match: { path: '/payments/*' }, kind: 'timeout_before' });
    const held = client.call('GET', '/payments/v1/sessions/x').catch((error: unknown) => error);
    await eventually(async () => (await client.call('GET', '/simulator/ledger/summary')).json.requests === 1);
    const before = Date.now();
    child.kill(signal);
    expect((await ended).code).toBe(0);
    expect(Date.now() - before).toBeLessThan(1_000);
    expect(await held).toMatchObject({ message: 'fetch failed' });
  });

  it('stops when its parent is gone, where it was asked to', async () => {
    const { child, ended } = await start({ SIMULATOR_STOP_WITH_STDIN: '1' });
    child.stdin?.end();
    expect((await ended).code).toBe(0);
  });

  it('says in one line that a port it was told to use is taken', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const port = String((other.address() as AddressInfo).port);
    const { ended, errors } = await start({ SIMULATOR_PORT: port });
    expect((await ended).code).toBe(1);
    expect(errors()).toBe('Klarna simulator cannot start: SIMULATOR_PORT is taken by another process\n');
    await new Promise((resolve) => other.close(resolve));
  });

  it('names the variable it cannot understand', async () => {
    const { ended, errors } = await start({ SIMULATOR_PORT: 'http' });
    expect((await ended).code).toBe(1);
    expect(errors()).toBe('Klarna simulator cannot start: SIMULATOR_PORT must be a port from 0 to 65535\n');
  });

  it('refuses a data directory that another simulator uses', async () => {
    const first = await start();
    const second = await start();
    expect((await second.ended).code).toBe(1);
    expect(second.errors()).toContain(`in use by the simulator at ${first.client.url}`);
    first.child.kill('SIGKILL');
    await first.ended;
  });
});

describe('settings', () => {
  it('have defaults', () => {
    expect(readSettings({})).toEqual({
      port: undefined,
      host: '127.0.0.1',
      dataDir: '.data',
      accounts: [{ username: 'simulator', password: 'simulator' }],
      gatewayUrl: undefined,
      stopWithStdin: false,
    });
  });

  it('read several merchants, passwords with colons included', () => {
    expect(readSettings({ SIMULATOR_ACCOUNTS: 'a:1, b:2:3' }).accounts).toEqual([
      { username: 'a', password: '1' },
      { username: 'b', password: '2:3' },
    ]);
    expect(() => readSettings({ SIMULATOR_ACCOUNTS: 'a' })).toThrow('SIMULATOR_ACCOUNTS');
  });
});
