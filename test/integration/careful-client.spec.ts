import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { Care } from '../../src/klarna/care.js';
import { Alerts } from '../../src/telemetry/alerts.js';
import { cartOf } from '../support/client.js';
import { testGateway, type TestGateway } from '../support/gateway.js';
import { expectRowsLikeLedger, gateAt, lasting, lastSequence, operation, ordersPath, requests, rowsOf, settled } from '../support/scene.js';
import { until } from '../support/until.js';

const BODY = { captured_amount: 2_500, reference: 'parcel 1' };
const NOW = { Prefer: 'wait=0' };
const OM = '/ordermanagement/*';
/** What fails in this time counts; the breaker opens with the sixth. */
const CALLS = 6;

describe('a sick Klarna', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    // The sweep leaves orders alone here: what arrives at Klarna is what the test asks for, and repeats.
    gateway = await testGateway({
      env: {
        BREAKER_WINDOW_MS: '60000',
        BREAKER_CALLS: String(CALLS),
        BREAKER_REST_MS: '4000',
        RETRY_DELAYS_MS: '3600000',
        ASK_AGAIN_MS: '600000',
        ANSWER_WAIT_MS: '1000',
        ROLE: 'api',
      },
    });
  });
  afterAll(() => gateway.close());
  afterEach(async () => {
    await gateway.simulate('DELETE', '/simulator/faults');
    await gateway.simulate('DELETE', '/simulator/gates');
  });

  const capture = (id: string, headers: Record<string, string> = NOW, key = randomUUID()) =>
    gateway.call('POST', ordersPath(id, '/captures'), { body: BODY, key, headers });
  const writes = (since: number) => requests(gateway, { method: 'POST', path: OM }, since);
  const sick = () => gateway.app.get(Alerts).count('provider.sick');

  /** Everything of Order Management fails, until the breaker is open. @returns the fault, to be ended, and the orders whose captures failed */
  async function outage(): Promise<{ fault: Awaited<ReturnType<typeof lasting>>; failed: string[] }> {
    const fault = await lasting(gateway, 'status', { path: OM }, { code: 503 });
    const before = sick();
    const failed: string[] = [];
    while (sick() === before) {
      expect(failed.length).toBeLessThan(100);
      const id = await gateway.order();
      const answer = await capture(id);
      expect(answer.status).toBe(202);
      await until('it was sent', async () => (await operation(gateway, answer)).next_attempt_at);
      failed.push(id);
    }
    return { fault, failed };
  }

  it('gets no more calls; durable writes are recorded, and carried out once when it is well, woken by whatever went well', async () => {
    const { fault, failed } = await outage();
    expect(failed.length).toBeGreaterThanOrEqual(CALLS);
    const since = await lastSequence(gateway);
    const alerts = sick();
    const ids = await Promise.all([1, 2, 3].map(() => gateway.order()));
    const pending = await Promise.all(ids.map((id) => capture(id)));
    for (const answer of pending) {
      expect(answer.status).toBe(202);
      const seen = await until('it was withheld', async () => {
        const view = await operation(gateway, answer);
        return view.history[0]?.code === 'BREAKER_OPEN' && view.next_attempt_at !== null && view;
      });
      expect(seen).toMatchObject({ state: 'waiting', attempts: 1 });
    }
    // A caller's read is told when to come again.
    const [id = ''] = ids;
    const read = await gateway.get(ordersPath(id));
    const words = 'Klarna could not be reached in time. Nothing was sent, and nothing will be; try again.';
    expect([read.status, read.json]).toMatchObject([503, { error_code: 'TEMPORARILY_UNAVAILABLE', error_messages: [words] }]);
    expect(Number(read.headers['retry-after'])).toBeGreaterThanOrEqual(1);
    // The other API is well.
    expect((await gateway.post('/payments/v1/sessions', cartOf(10_000))).status).toBe(200);
    expect(await requests(gateway, { path: OM }, since)).toEqual([]);
    expect(sick()).toBe(alerts);

    await fault.end();
    // Nothing is due for an hour: a read closes the breaker, and wakes everything.
    await until('a read goes through', async () => (await gateway.get(ordersPath(id))).status === 200);
    const due = await until('all are due', async () => {
      const rows = await rowsOf<{ id: string }>(
        gateway.database,
        `SELECT id FROM operations WHERE finished_at IS NULL AND next_at < now() + interval '1 minute' AND lease_until IS NULL`,
      );
      return rows.length === failed.length + ids.length && rows;
    });
    expect(due.length).toBeGreaterThan(0);
    // Another process carries them out.
    const worker = await testGateway({ database: gateway.database, simulator: gateway.simulator, env: { ROLE: 'all' } });
    try {
      for (const answer of pending) expect((await settled(gateway, answer)).state).toBe('succeeded');
      await until('all are settled', async () => {
        const [row] = await rowsOf<{ open: number }>(
          gateway.database,
          'SELECT count(*)::int AS open FROM operations WHERE finished_at IS NULL',
        );
        return row?.open === 0;
      });
      for (const each of [...failed, ...ids]) expect((await expectRowsLikeLedger(gateway, each)).captures).toHaveLength(1);
    } finally {
      await worker.close();
    }
  });

  it('is probed by exactly one call when the breaker has rested', async () => {
    const ids = await Promise.all(Array.from({ length: 8 }, () => gateway.order()));
    const { fault } = await outage();
    await fault.end();
    const gate = await gateAt(gateway, 'before', OM, 'POST');
    const since = await lastSequence(gateway);
    const [first = '', ...others] = ids;
    const [account] = await rowsOf<{ id: string }>(gateway.database, 'SELECT id FROM provider_accounts');
    await until('the breaker has rested', () => gateway.app.get(Care).putOffMs(account?.id ?? '', 'order-management', 'caller') === 0);
    const probe = capture(first, { Prefer: 'wait=20' });
    await gate.waiting();
    const answers = await Promise.all(others.map((id) => capture(id)));
    for (const answer of answers) {
      expect(answer.status).toBe(202);
      await until('it was withheld', async () => (await operation(gateway, answer)).history[0]?.code === 'BREAKER_OPEN');
    }
    await gate.waiting(1);
    await gate.open();
    expect((await probe).status).toBe(201);
    expect(await writes(since)).toHaveLength(1);
    expect((await capture(await gateway.order(), {})).status).toBe(201);
  });

  it('answers interactive and bounded kinds 503 with Retry-After', async () => {
    const session = await gateway.authorized(cartOf(33_300));
    const fault = await lasting(gateway, 'status', { path: '/payments/*' }, { code: 503 });
    const before = sick();
    await until('the breaker is open', async () => {
      await gateway.call('POST', '/payments/v1/sessions', { body: cartOf(10_000), headers: NOW });
      return sick() > before;
    });
    const since = await lastSequence(gateway);
    for (const [path, body] of [
      ['/payments/v1/sessions', cartOf(10_000)],
      [`/payments/v1/authorizations/${session.token}/order`, session.cart],
    ] as const) {
      const answer = await gateway.call('POST', path, { body, headers: { Prefer: 'wait=1' } });
      expect([path, answer.status, answer.json]).toMatchObject([path, 503, { error_code: 'TEMPORARILY_UNAVAILABLE' }]);
      expect(Number(answer.headers['retry-after'])).toBeGreaterThanOrEqual(1);
      expect((await settled(gateway, answer)).state).toBe('abandoned');
    }
    expect(await requests(gateway, { path: '/payments/*' }, since)).toEqual([]);
    // The breaker has rested before its caller's wait ends, but not by much: it is asked again in time or not at all.
    const late = await Promise.all(
      Array.from({ length: 12 }, (_, number) =>
        gateway.call('POST', '/payments/v1/sessions', { body: cartOf(10_000), headers: { Prefer: `wait=${1 + (number % 5)}` } }),
      ),
    );
    for (const answer of late) expect([answer.status, (await settled(gateway, answer)).state]).toEqual([503, 'abandoned']);
    await fault.end();
    const order = await until('it is well', async () => {
      const answer = await gateway.post(`/payments/v1/authorizations/${session.token}/order`, session.cart);
      return answer.status === 200 && answer;
    });
    expect(order.json).toHaveProperty('order_id');
  });
});

describe('the retry budget', () => {
  it('puts off what the service repeats by itself, without a step, without evidence; callers come first', async () => {
    const gateway = await testGateway({
      env: {
        BREAKER_WINDOW_MS: '60000',
        BREAKER_CALLS: '1000',
        RETRY_FLOOR_PER_SECOND: '3',
        RETRY_DELAYS_MS: '10,10,10',
        ASK_AGAIN_MS: '600000',
      },
    });
    try {
      const ids = await Promise.all(Array.from({ length: 6 }, () => gateway.order()));
      const fault = await lasting(gateway, 'reset_before', { method: 'POST', path: OM });
      const since = await lastSequence(gateway);
      const began = performance.now();
      const answers = await Promise.all(
        ids.map((id) => gateway.call('POST', ordersPath(id, '/captures'), { body: BODY, key: randomUUID(), headers: NOW })),
      );
      // Repeated every 10 ms they would be hundreds; thirty are there at first, then there are three per second.
      await until('the budget is used up', async () => (await requests(gateway, { path: OM }, since)).length >= ids.length + 36, {
        withinMs: 15_000,
      });
      const seconds = (performance.now() - began) / 1_000;
      const own = (await requests(gateway, { path: OM }, since)).length - ids.length;
      expect(own).toBeLessThanOrEqual(30 + 3 * seconds + 1);
      const views = await Promise.all(answers.map((answer) => operation(gateway, answer)));
      // One may just be asked again.
      for (const { state } of views) expect(['unknown', 'running']).toContain(state);
      const first = await gateway.call('POST', '/payments/v1/sessions', { body: cartOf(10_000) });
      expect(first.status).toBe(200);
      await fault.end();
      // A caller's first attempt needs no permit; its success wakes the others.
      expect((await gateway.post(ordersPath(await gateway.order(), '/captures'), BODY, randomUUID())).status).toBe(201);
      for (const answer of answers) expect((await settled(gateway, answer, undefined, 60_000)).state).toBe('succeeded');
      for (const id of ids) expect((await expectRowsLikeLedger(gateway, id)).captures).toHaveLength(1);
    } finally {
      await gateway.close();
    }
  }, 90_000);
});

describe('a rate limit that is used up', () => {
  it('holds reads and writes until Klarna takes calls again; nothing is sent in vain', async () => {
    const gateway = await testGateway({ env: { ROLE: 'api', ASK_AGAIN_MS: '100', ANSWER_WAIT_MS: '8000' } });
    try {
      const id = await gateway.order();
      await gateway.fault('status', { method: 'POST', path: ordersPath(id, '/captures') }, { code: 429 });
      const since = await lastSequence(gateway);
      const captured = gateway.post(ordersPath(id, '/captures'), BODY, randomUUID());
      await until('Klarna has turned it away', async () => (await requests(gateway, { path: OM }, since)).length === 1);
      const read = await gateway.get(ordersPath(id));
      expect([read.status, Number(read.headers['retry-after'])]).toEqual([503, 1]);
      expect((await captured).status).toBe(201);
      expect(await requests(gateway, { method: 'GET', path: OM }, since)).toEqual([]);
    } finally {
      await gateway.close();
    }
  });
});
