import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { Alerts } from '../../src/telemetry/alerts.js';
import type { Answer } from '../support/client.js';
import { testGateway, type TestGateway } from '../support/gateway.js';
import { lasting, lastSequence, manyPlacedElsewhere, ordersPath, requests, rowsOf } from '../support/scene.js';
import { until } from '../support/until.js';

/** What Klarna gets while it is sick, beside what callers ask for. Real time, and the settings of production. */
const SECONDS = Number(process.env['FIGURE_SECONDS'] ?? '60');
const PER_SECOND = 55;
const OM = '/ordermanagement/*';
const MOST = 1.1;

const PRODUCTION = {
  KLARNA_TIMEOUT_MS: '65000',
  ANSWER_WAIT_MS: '25000',
  ASK_AGAIN_MS: '1000,3000,8000',
  RETRY_DELAYS_MS: '1000,5000,30000,120000,300000,900000',
  LEASE_MS: '3000',
  SWEEP_INTERVAL_MS: '500',
  NUDGE_OVERDUE_MS: '2000',
  QUIET_PERIOD_MS: '75000',
  READ_AGAIN_MS: '60000',
  BREAKER_WINDOW_MS: '10000',
  BREAKER_CALLS: '20',
  BREAKER_REST_MS: '5000',
  RETRY_FLOOR_PER_SECOND: '1',
};

/** A sixteenth of the orders each: their ids are random. */
const SIXTEENTHS = (count: number) => [...'0123456789abcdef'].slice(0, count).map((digit) => ordersPath(`${digit}*`));

describe.each<[string, string[]]>([
  ['all calls fail', [OM]],
  ['three of eight orders fail', SIXTEENTHS(6)],
])('an outage in which %s', (name, paths) => {
  let api: TestGateway;
  let worker: TestGateway;
  beforeAll(async () => {
    api = await testGateway({ env: { ...PRODUCTION, DATABASE_POOL: '20', ROLE: 'api' } });
    worker = await testGateway({ database: api.database, simulator: api.simulator, env: { ...PRODUCTION, ROLE: 'worker' } });
  });
  afterAll(async () => {
    await worker.close();
    await api.close();
  });

  it(`puts at most a tenth on top of the load that callers offer`, async () => {
    // Placing orders is not part of the figure.
    const orders = await manyPlacedElsewhere(api, SECONDS * PER_SECOND);
    const faults = await Promise.all(paths.map((path) => lasting(api, 'status', { path }, { code: 503 })));
    const since = await lastSequence(api);
    const began = performance.now();
    const calls: Promise<Answer>[] = [];
    while (performance.now() - began < SECONDS * 1_000) {
      while (calls.length < Math.min(orders.length, ((performance.now() - began) / 1_000) * PER_SECOND)) {
        const path = ordersPath(orders[calls.length] ?? '', '/captures');
        calls.push(api.call('POST', path, { body: { captured_amount: 100 }, key: randomUUID() }));
      }
      await pause(5);
    }
    const seconds = (performance.now() - began) / 1_000;
    const arrived = await requests(api, { path: OM }, since);
    await Promise.all(faults.map((fault) => fault.end()));
    const offered = calls.length;
    const first = new Set(arrived.filter(({ method }) => method === 'POST').map(({ idempotency_key: key }) => key)).size;
    const sick = [api, worker].map(({ app }) => app.get(Alerts).count('provider.sick'));
    process.stdout.write(
      `\n${name}: ${seconds.toFixed(0)} s, offered ${offered} (${(offered / seconds).toFixed(1)}/s), arrived at Klarna ${arrived.length}: ` +
        `${(arrived.length / offered).toFixed(3)} of the offered load; ${first} first attempts, ${arrived.length - first} of the service's own; ` +
        `breakers opened: ${sick.join(' and ')}\n`,
    );
    expect(offered / seconds).toBeGreaterThanOrEqual(50);
    expect(arrived.length / offered).toBeLessThanOrEqual(MOST);

    // Nothing is lost by what was withheld: everything that was accepted is carried out, once. A machine that can't keep up refuses the rest.
    const answers = await Promise.all(calls);
    // A 503 that names its operation says that it is on record.
    const onRecord = ({ status, headers }: Answer) => status === 201 || status === 202 || headers['location'] !== undefined;
    const accepted = answers.filter(onRecord).length;
    const refused = answers.filter((answer) => !onRecord(answer));
    process.stdout.write(`${name}: ${accepted} accepted; refused: ${refused.length} ${refused[0]?.text ?? ''}\n`);
    expect(refused.filter(({ status }) => status !== 503)).toEqual([]);
    const recovering = performance.now();
    await until(
      'everything is settled',
      async () => {
        const [row] = await rowsOf<{ open: number }>(
          api.database,
          'SELECT count(*)::int AS open FROM operations WHERE finished_at IS NULL',
        );
        return row?.open === 0;
      },
      { withinMs: 600_000, everyMs: 1_000 },
    );
    process.stdout.write(`${name}: everything settled ${((performance.now() - recovering) / 1_000).toFixed(0)} s after the last answer\n`);
    const captured = (await requests(api, { method: 'POST', path: OM }, since)).filter(({ executed }) => executed);
    expect(captured.length).toBe(accepted);
  });
});
