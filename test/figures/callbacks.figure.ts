import { expect, it } from '@jest/globals';
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { Agent, request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { DATA_KEY } from '../support/gateway.js';
import { testDatabase, type TestDatabase } from '../support/postgres.js';
import { type ServiceProcess, startGateway, startSimulatorProcess } from '../support/processes.js';
import { rowsOf } from '../support/scene.js';

/**
 * How fast callbacks are answered, and whether any that was answered is lost when the process dies in the middle: of the second process,
 * which looks at them as well.
 */
const PER_SECOND = Number(process.env['FIGURE_CALLBACKS_PER_SECOND'] ?? '500');
const SECONDS = Number(process.env['FIGURE_SECONDS'] ?? '10');
const HOOKS = 1_000;

interface Sent {
  id: string;
  status: number | null;
  ms: number;
}

it(`${PER_SECOND} callbacks a second, with kill -9 in the middle`, async () => {
  const database = await testDatabase();
  const simulator = await startSimulatorProcess();
  const env = { DATABASE_URL: database.url, KLARNA_BASE_URL: simulator.url, DATA_KEY, HOST: '127.0.0.1' };
  try {
    // Answering alone; looking at what came is the worker's.
    const calm = await startGateway({ env, role: 'api' });
    const hooks = await makeHooks(database);
    // A process that has just started compiles what it runs.
    await openLoop(calm, hooks, 2);
    const sent = await openLoop(calm, hooks, SECONDS);
    await calm.stop();
    const ms = sent.map((each) => each.ms).sort((a, b) => a - b);
    const at = (share: number) => Math.round(ms[Math.min(ms.length - 1, Math.floor(ms.length * share))] ?? 0);
    process.stdout.write(
      `\n${sent.length} callbacks at ${PER_SECOND}/s: answered ${sent.filter(({ status }) => status === 200).length}, ` +
        `p50 ${at(0.5)} ms, p95 ${at(0.95)} ms, p99 ${at(0.99)} ms, most ${at(1)} ms\n`,
    );
    const api = await startGateway({ env });
    const [, killed] = await Promise.all([pause((SECONDS / 2) * 1_000).then(() => api.kill('SIGKILL')), openLoop(api, hooks, SECONDS)]);
    await api.exited;
    const answered = [...sent, ...killed].filter(({ status }) => status === 200);
    const stored = new Set(
      (await rowsOf<{ provider_order_id: string }>(database, 'SELECT provider_order_id FROM callbacks')).map(
        (row) => row.provider_order_id,
      ),
    );
    const lost = answered.filter(({ id }) => !stored.has(id));
    const heard = killed.filter(({ status }) => status === 200).length;
    process.stdout.write(`kill -9 after ${heard} answers of ${killed.length}: ${lost.length} of ${answered.length} answered ones lost\n`);
    expect(lost).toEqual([]);
    expect(sent.every(({ status }) => status === 200)).toBe(true);
    expect(at(0.99)).toBeLessThanOrEqual(50);
  } finally {
    await simulator.stop();
    await database.drop();
  }
});

async function makeHooks(database: TestDatabase): Promise<string[]> {
  const hooks = Array.from({ length: HOOKS }, () => ({ id: randomUUID(), secret: randomBytes(32).toString('base64url') }));
  await rowsOf(
    database,
    `INSERT INTO hooks (id, merchant_id, provider_account_id, operation_id, entry, secret_hash, data_subject, expires_at, created_at)
     SELECT h.id, m.merchant_id, m.provider_account_id, h.id, 'push', h.hash, h.id, '2099-01-01', now()
     FROM unnest($1::uuid[], $2::bytea[]) AS h (id, hash), (SELECT * FROM merchant_provider_accounts LIMIT 1) m`,
    [hooks.map(({ id }) => id), hooks.map(({ secret }) => createHash('sha256').update(secret).digest())],
  );
  return hooks.map(({ id, secret }) => `/webhooks/klarna/${id}/${secret}`);
}

/** Sends at its own pace, whether or not the ones before were answered; a time counts from when a callback was to be sent. */
async function openLoop({ url }: ServiceProcess, hooks: readonly string[], seconds: number): Promise<Sent[]> {
  const agent = new Agent({ keepAlive: true });
  const begin = performance.now();
  const under: Promise<Sent>[] = [];
  for (let n = 0; n < PER_SECOND * seconds; n++) {
    const due = begin + (n * 1_000) / PER_SECOND;
    if (due > performance.now()) await pause(due - performance.now());
    under.push(send(agent, url + hooks[n % hooks.length]!, due));
  }
  const sent = await Promise.all(under);
  agent.destroy();
  return sent;
}

function send(agent: Agent, url: string, due: number): Promise<Sent> {
  const id = randomUUID();
  return new Promise((resolve) => {
    const end = (status: number | null) => resolve({ id, status, ms: performance.now() - due });
    const call = request(`${url}?order_id=${id}`, { method: 'POST', agent, headers: { 'Content-Length': '0' } }, (response) => {
      response.resume();
      response.on('end', () => end(response.statusCode ?? null));
      response.on('error', () => end(null));
    });
    call.on('error', () => end(null));
    call.end();
  });
}
