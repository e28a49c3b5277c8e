import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { Alerts } from '../../src/telemetry/alerts.js';
import type { Answer } from '../support/client.js';
import { cartOf } from '../support/client.js';
import { testGateway, type TestGateway } from '../support/gateway.js';
import { expectRowsLikeLedger, lasting, operation, operationIn, ordersPath, requests, rowsOf, settled } from '../support/scene.js';
import { pass } from '../support/time.js';
import { until } from '../support/until.js';

const NOW = { Prefer: 'wait=0' };
const BODY = { captured_amount: 2_500, reference: 'parcel 1' };
const INACTIVE = { code: 403, error_code: 'MERCHANT_INACTIVE' };

describe('refused credentials', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await testGateway({ env: { CLOCK: 'simulator', RETRY_DELAYS_MS: '60000' } });
  });
  afterAll(() => gateway.close());

  const capture = (id: string, headers: Record<string, string> = {}, key = randomUUID()) =>
    gateway.call('POST', ordersPath(id, '/captures'), { body: BODY, key, headers });
  const account = async () => {
    const [row] = await rowsOf<{ paused: Date | null; reason: string | null }>(
      gateway.database,
      'SELECT paused_at AS paused, pause_reason AS reason FROM provider_accounts',
    );
    return row;
  };
  const sent = async (id: string) => (await requests(gateway, { method: 'POST', path: ordersPath(id, '/captures') })).length;
  const waits = (of: Answer | string) => until('it waits', async () => (await operation(gateway, of)).next_attempt_at);
  /** Other things work: what waits for the account is woken. */
  const works = async () => expect((await gateway.post('/payments/v1/sessions', cartOf(10_000))).status).toBe(200);

  it.each([
    ['401', { code: 401 }, 'UNAUTHORIZED'],
    ['MERCHANT_INACTIVE', INACTIVE, 'MERCHANT_INACTIVE'],
  ])('on a first attempt are answered 502 with an alarm, and the key is free (%s)', async (_, fault, reason) => {
    const id = await gateway.order();
    const key = randomUUID();
    const before = gateway.app.get(Alerts).count('provider.credentials');
    await gateway.fault('status', { method: 'POST', path: ordersPath(id, '/captures') }, fault);
    const answer = await capture(id, {}, key);
    expect([answer.status, answer.json]).toMatchObject([502, { error_code: 'PROVIDER_CREDENTIALS' }]);
    expect(await operation(gateway, answer)).toMatchObject({
      state: 'rejected',
      reason: 'PROVIDER_CREDENTIALS',
      answer: null,
      attempts: 1,
    });
    expect(gateway.app.get(Alerts).count('provider.credentials')).toBe(before + 1);
    expect(await rowsOf(gateway.database, 'SELECT 1 FROM idempotency_keys WHERE key = $1', [key])).toHaveLength(0);
    expect(await account()).toMatchObject({ reason });
    // A caller's first attempt always goes out; its success ends the pause.
    expect((await capture(id, {}, key)).status).toBe(201);
    expect(await account()).toEqual({ paused: null, reason: null });
    await expectRowsLikeLedger(gateway, id);
  });

  it('are answered 502 on every kind of write, and the next request goes out', async () => {
    const session = await gateway.authorized(cartOf(44_400));
    const other = await gateway.authorized(cartOf(55_500));
    const token = `/payments/v1/authorizations/${session.token}`;
    const writes: [string, string, unknown, number][] = [
      ['POST', '/payments/v1/sessions', cartOf(10_000), 200],
      ['POST', `/payments/v1/sessions/${other.sessionId}`, cartOf(55_600), 204],
      ['POST', `${token}/order`, session.cart, 200],
      ['DELETE', `/payments/v1/authorizations/${other.token}`, undefined, 204],
    ];
    for (const [method, path, body, success] of writes) {
      await gateway.fault('status', { method, path }, { code: 401 });
      expect([path, (await gateway.call(method, path, { body })).status]).toEqual([path, 502]);
      expect([path, (await gateway.call(method, path, { body })).status]).toEqual([path, success]);
    }
  });

  it('let waiting operations wait with their account: none is rejected, none is sent, until a probe succeeds', async () => {
    const ids = await Promise.all([1, 2, 3].map(() => gateway.order()));
    // Placed now: an order that is placed after a failure shows that the account works, and wakes what waits.
    const stranger = await gateway.order();
    const path = (id = '') => ordersPath(id, '/captures');
    const broken = await Promise.all(ids.map((id) => lasting(gateway, 'reset_before', { method: 'POST', path: path(id) })));
    const pending = await Promise.all(ids.map((id) => capture(id, NOW)));
    for (const answer of pending) await waits(answer);
    for (const each of broken) await each.end();

    // Everything is refused from now on.
    const refused = await lasting(gateway, 'status', { method: 'POST', path: '/ordermanagement/*' }, { code: 401 });
    await pass(30, gateway);
    expect((await capture(stranger)).status).toBe(502);
    const counts = await Promise.all(ids.map(sent));

    // Their time comes while the account is paused: they are put off, and nothing is sent.
    await pass(31, gateway);
    await until('all were put off', async () => {
      const views = await Promise.all(pending.map((answer) => operation(gateway, answer)));
      const { paused } = (await account()) ?? {};
      const end = (paused?.getTime() ?? 0) + 60_000;
      return views.every(({ next_attempt_at: next }) => next !== null && Date.parse(next) >= end);
    });
    expect(await Promise.all(ids.map(sent))).toEqual(counts);

    // The pause is over: probes are refused again, and nobody is rejected.
    await pass(61, gateway);
    await until('one has probed', async () => (await Promise.all(ids.map(sent))).some((count, at) => count > (counts[at] ?? 0)));
    for (const answer of pending) await waits(answer);
    for (const answer of pending) expect(['unknown', 'waiting']).toContain((await operation(gateway, answer)).state);
    const steps = await rowsOf<{ steps: number }>(gateway.database, 'SELECT steps FROM operations WHERE id = ANY($1)', [
      pending.map(operationIn),
    ]);
    // Refused credentials are nobody's failed attempt: the schedule stands where it stood.
    expect(steps.map((row) => row.steps)).toEqual([1, 1, 1]);

    await refused.end();
    await works();
    // Whoever was refused itself comes again a minute after that, at the latest.
    await pass(61, gateway);
    for (const answer of pending) expect((await settled(gateway, answer)).state).toBe('succeeded');
    for (const id of ids) expect((await expectRowsLikeLedger(gateway, id)).captures).toHaveLength(1);
  });
});

describe('the first success after a failure', () => {
  it('wakes what waits for the account, long before its time', async () => {
    const gateway = await testGateway({ env: { RETRY_DELAYS_MS: '3600000' } });
    try {
      const ids = await Promise.all([1, 2, 3].map(() => gateway.order()));
      const faults = await Promise.all(
        ids.map((id) => lasting(gateway, 'status', { method: 'POST', path: ordersPath(id, '/captures') }, { code: 503 })),
      );
      const pending = await Promise.all(ids.map((id) => gateway.call('POST', ordersPath(id, '/captures'), { body: BODY, headers: NOW })));
      for (const answer of pending) await until('it waits', async () => (await operation(gateway, answer)).next_attempt_at);
      for (const fault of faults) await fault.end();
      expect((await gateway.post('/payments/v1/sessions', cartOf(10_000))).status).toBe(200);
      for (const answer of pending) expect((await settled(gateway, answer)).state).toBe('succeeded');
      for (const id of ids) expect((await expectRowsLikeLedger(gateway, id)).captures).toHaveLength(1);
    } finally {
      await gateway.close();
    }
  });
});

describe('a rate limit', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await testGateway({ env: { ANSWER_WAIT_MS: '15000', LEASE_MS: '4000' } });
  });
  afterAll(() => gateway.close());

  it('delays captures, and none is lost or made twice', async () => {
    const ids = await Promise.all(Array.from({ length: 70 }, () => gateway.order()));
    await gateway.behave({ rate_limit: 'playground' });
    const answers = await Promise.all(ids.map((id) => gateway.post(ordersPath(id, '/captures'), BODY, randomUUID())));
    await gateway.behave({ rate_limit: 'off' });
    for (const answer of answers) if (answer.status === 202) await settled(gateway, answer);
    for (const id of ids) expect((await gateway.ledger(id)).captured_amount).toBe(2_500);
    const [row] = await rowsOf(gateway.database, 'SELECT count(*)::int AS captures, sum(amount)::int AS sum FROM captures');
    expect(row).toEqual({ captures: 70, sum: 70 * 2_500 });
  });

  it('is told to callers of interactive kinds with Retry-After', async () => {
    const before = await rowsOf(gateway.database, 'SELECT 1 FROM payment_sessions');
    await gateway.behave({ rate_limit: 'playground' });
    const answers = await Promise.all(
      Array.from({ length: 40 }, () =>
        gateway.call('POST', '/payments/v1/sessions', { body: cartOf(10_000), headers: { Prefer: 'wait=1' } }),
      ),
    );
    await gateway.behave({ rate_limit: 'off' });
    const opened = answers.filter(({ status }) => status === 200);
    const turnedAway = answers.filter(({ status }) => status === 503);
    expect([opened.length + turnedAway.length, turnedAway.length > 0]).toEqual([40, true]);
    for (const { headers } of turnedAway) expect(Number(headers['retry-after'])).toBeGreaterThanOrEqual(1);
    // Whose wait ended while its call was under way has a session that it can look up at the address it was told; nothing is sent later.
    const executed = async () =>
      (await requests(gateway, { method: 'POST', path: '/payments/v1/sessions' })).filter((request) => request.executed).length;
    const states = await until('every session that Klarna opened is known', async () => {
      const seen: string[] = [];
      for (const answer of turnedAway) seen.push((await settled(gateway, answer)).state);
      const late = seen.filter((state) => state === 'succeeded').length;
      return (await executed()) === before.length + opened.length + late && seen;
    });
    const late = states.filter((state) => state === 'succeeded').length;
    expect(states.filter((state) => state === 'abandoned')).toHaveLength(turnedAway.length - late);
    expect(late).toBeLessThan(turnedAway.length);
    expect(await rowsOf(gateway.database, 'SELECT 1 FROM payment_sessions')).toHaveLength(before.length + opened.length + late);
  });
});
