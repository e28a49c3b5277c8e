import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { request } from 'node:http';
import { derivedKey } from '../../src/operations/provider-key.js';
import { Alerts } from '../../src/telemetry/alerts.js';
import { type Answer, cartOf } from '../support/client.js';
import { testGateway, type TestGateway } from '../support/gateway.js';
import { addMerchant } from '../support/merchants.js';
import {
  expectRowsLikeLedger,
  gateAt,
  lasting,
  manualCapture,
  operation,
  operationIn,
  ordersPath,
  requests,
  rowsOf,
  settled,
  timeline,
} from '../support/scene.js';
import { pass } from '../support/time.js';
import { until } from '../support/until.js';

const NOW = { Prefer: 'wait=0' };
const BODY = { captured_amount: 2_500, reference: 'parcel 1' };

const problem = ({ status, headers, json }: Answer) => [status, headers['content-type']?.split(';')[0], json];

describe('a pending answer', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await testGateway({ env: { ANSWER_WAIT_MS: '20000', KLARNA_TIMEOUT_MS: '10000' } });
  });
  afterAll(() => gateway.close());

  const capture = (id: string, key: string, headers: Record<string, string> = {}) =>
    gateway.call('POST', ordersPath(id, '/captures'), { body: BODY, key, headers });

  it.each(['respond-async', 'wait=0', 'respond-async, wait=10'])('comes at once with Prefer: %s, and is the operation', async (prefer) => {
    const id = await gateway.order();
    const key = randomUUID();
    const gate = await gateAt(gateway, 'before', ordersPath(id, '/captures'));
    const answer = await capture(id, key, { Prefer: prefer });
    await gate.waiting();
    expect([answer.status, answer.headers['location'], answer.headers['content-type']]).toEqual([
      202,
      `/operations/${operationIn(answer)}`,
      'application/json',
    ]);
    expect(Number(answer.headers['retry-after'])).toBeGreaterThanOrEqual(1);
    expect(answer.json).toEqual(await operation(gateway, answer));
    expect(answer.json).toMatchObject({ kind: 'order-management.capture', class: 'durable', state: 'running', order_id: id, attempts: 1 });
    await gate.open();
    expect(await settled(gateway, answer)).toMatchObject({ state: 'succeeded', answer: { status: 201 } });
    expect((await capture(id, key)).status).toBe(201);
    await expectRowsLikeLedger(gateway, id);
  });

  it('comes when the preferred wait is over', async () => {
    const id = await gateway.order();
    const gate = await gateAt(gateway, 'before', ordersPath(id, '/captures'));
    const begun = performance.now();
    const answer = await capture(id, randomUUID(), { Prefer: 'wait=1' });
    expect(performance.now() - begun).toBeGreaterThanOrEqual(950);
    expect(answer.status).toBe(202);
    await gate.open();
    expect((await settled(gateway, answer)).state).toBe('succeeded');
  });

  it('is not needed by a caller who leaves: the call goes on', async () => {
    const id = await gateway.order();
    const gate = await gateAt(gateway, 'before', ordersPath(id, '/captures'));
    const key = randomUUID();
    const left = request(gateway.url + ordersPath(id, '/captures'), {
      method: 'POST',
      auth: 'demo:demo',
      headers: { 'Content-Type': 'application/json', 'Klarna-Idempotency-Key': key },
    });
    left.on('error', () => undefined);
    left.end(JSON.stringify(BODY));
    await gate.waiting();
    left.destroy();
    await gate.open();
    expect((await capture(id, key)).status).toBe(201);
    expect(await requests(gateway, { method: 'POST', path: ordersPath(id, '/captures') })).toHaveLength(1);
  });
});

describe('a credential that wants 503 for a pending answer', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await testGateway({ env: { API_PENDING_ANSWER: '503', RETRY_DELAYS_MS: '60000' } });
  });
  afterAll(() => gateway.close());

  const capture = (id: string, key: string, headers: Record<string, string> = NOW) =>
    gateway.call('POST', ordersPath(id, '/captures'), { body: BODY, key, headers });

  it("gets Klarna's 503 with the operation's address for what was sent, and the final answer for its repeat", async () => {
    const id = await gateway.order();
    const key = randomUUID();
    const gate = await gateAt(gateway, 'after', ordersPath(id, '/captures'));
    const answer = await capture(id, key, { Prefer: 'wait=1' });
    expect([answer.status, answer.json]).toMatchObject([503, { error_code: 'TEMPORARILY_UNAVAILABLE' }]);
    expect(Number(answer.headers['retry-after'])).toBeGreaterThanOrEqual(1);
    expect((await operation(gateway, answer)).state).toBe('running');
    await gate.open();
    expect((await settled(gateway, answer)).state).toBe('succeeded');
    const again = await capture(id, key);
    expect([again.status, again.headers['capture-id']]).toEqual([201, (await gateway.ledger(id)).captures[0]?.capture_id]);
  });

  it('has what was never sent withdrawn: nothing is sent later, and the key is free', async () => {
    const id = await gateway.order();
    const key = randomUUID();
    const path = ordersPath(id, '/captures');
    const broken = await lasting(gateway, 'status', { method: 'POST', path }, { code: 429 });
    const answer = await capture(id, key, { Prefer: 'wait=2' });
    expect([answer.status, answer.json]).toMatchObject([503, { error_code: 'TEMPORARILY_UNAVAILABLE' }]);
    await broken.end();
    const [row] = await rowsOf(gateway.database, 'SELECT state, reason, next_at FROM operations WHERE lane = $1', [id]);
    expect(row).toEqual({ state: 'withdrawn', reason: 'wait-over', next_at: null });
    expect((await gateway.ledger(id)).captures).toHaveLength(0);
    expect((await capture(id, key, { Prefer: 'wait=10' })).status).toBe(201);
  });

  it('has what waits behind an unresolved operation withdrawn', async () => {
    const id = await gateway.order();
    const path = ordersPath(id, '/captures');
    const broken = await lasting(gateway, 'reset_before', { method: 'POST', path });
    const first = await capture(id, randomUUID());
    expect((await operation(gateway, first)).state).not.toBe('withdrawn');
    const key = randomUUID();
    const behind = await capture(id, key);
    expect(behind.status).toBe(503);
    // At once, and not when it would have been its turn: whoever got this answer takes it for an end.
    const states = await rowsOf(gateway.database, 'SELECT state, reason FROM operations WHERE lane = $1 ORDER BY position', [id]);
    expect(states.slice(1)).toEqual([{ state: 'withdrawn', reason: 'wait-over' }]);
    await broken.end();
    await until('it waits for the schedule', async () => (await operation(gateway, first)).next_attempt_at);
    await gateway.post(`/operations/${operationIn(first)}/retry`);
    expect((await settled(gateway, first)).state).toBe('succeeded');
    expect((await gateway.ledger(id)).captures).toHaveLength(1);
    expect((await capture(id, key, { Prefer: 'wait=10' })).status).toBe(201);
    expect((await expectRowsLikeLedger(gateway, id)).captures).toHaveLength(2);
  });

  it('gets 202 where it asks for it', async () => {
    const id = await gateway.order();
    const answer = await capture(id, randomUUID(), { Prefer: 'respond-async' });
    expect(answer.status).toBe(202);
    expect((await settled(gateway, answer)).state).toBe('succeeded');
  });
});

describe('an operation', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await testGateway({ env: { CLOCK: 'simulator', RETRY_DELAYS_MS: '60000' } });
  });
  afterAll(() => gateway.close());

  const control = (of: Answer | string, what: string, body?: unknown) =>
    gateway.post(`/operations/${typeof of === 'string' ? of : operationIn(of)}/${what}`, body);

  /** A capture that waits for the schedule after a fault. */
  async function waiting(kind: string, more: Record<string, unknown> = {}) {
    const id = await gateway.order();
    const path = ordersPath(id, '/captures');
    const key = randomUUID();
    const broken = await lasting(gateway, kind, { method: 'POST', path }, more);
    const repeat = (headers: Record<string, string> = {}) => gateway.call('POST', path, { body: BODY, key, headers });
    const answer = await repeat({ Prefer: 'wait=0' });
    await until('it waits for the schedule', async () => (await operation(gateway, answer)).next_attempt_at);
    return { id, path, key, broken, answer, repeat };
  }

  it('that was never sent is withdrawn by a cancel; its key answers so for ever, and what waited behind it goes on', async () => {
    const { id, path, answer, broken, repeat } = await waiting('status', { code: 429 });
    const behind = await gateway.post(path, { captured_amount: 100 });
    expect(behind.json).toMatchObject({ blocked_by: operationIn(answer) });
    await broken.end();
    const cancelled = await control(answer, 'cancel');
    expect([cancelled.status, cancelled.json]).toMatchObject([200, { state: 'withdrawn', reason: 'stopped', next_attempt_at: null }]);
    expect((await settled(gateway, behind)).state).toBe('succeeded');
    for (let times = 0; times < 2; times += 1) {
      const again = await repeat();
      expect([again.status, again.json]).toMatchObject([409, { error_code: 'OPERATION_WITHDRAWN' }]);
      expect(operationIn(again)).toBe(operationIn(answer));
    }
    // What is withdrawn stays so, however often it is asked for; nothing else can be done with it.
    expect((await control(answer, 'cancel')).status).toBe(200);
    expect(problem(await control(answer, 'retry'))).toMatchObject([409, 'application/problem+json', { code: 'OPERATION_STATE' }]);
    expect((await timeline(gateway, id)).map(({ type }) => type)).toContain('operation.withdrawn');
    expect((await expectRowsLikeLedger(gateway, id)).captured_amount).toBe(100);
  });

  it('that may have happened is not withdrawn', async () => {
    const { answer, broken } = await waiting('reset_after');
    await broken.end();
    expect(problem(await control(answer, 'cancel'))).toMatchObject([
      409,
      'application/problem+json',
      { code: 'OPERATION_STATE', operation_id: operationIn(answer), retryable: false },
    ]);
    expect((await operation(gateway, answer)).state).toBe('unknown');
  });

  it('runs at once after a retry, with the same key', async () => {
    const { id, answer, broken, key, path } = await waiting('reset_before');
    await broken.end();
    expect((await control(answer, 'retry')).status).toBe(200);
    expect((await settled(gateway, answer)).state).toBe('succeeded');
    const sent = await requests(gateway, { method: 'POST', path });
    expect(new Set(sent.map((each) => each.idempotency_key))).toEqual(new Set([key]));
    await expectRowsLikeLedger(gateway, id);
    for (const what of ['retry', 'cancel']) expect((await control(answer, what)).status).toBe(409);
    expect((await control(answer, 'resolve', { outcome: 'rejected', reason: 'no' })).status).toBe(409);
  });

  it('tells of itself in the timeline when it waits, and alarms when it is unresolved for 5 minutes, an hour and 5 hours', async () => {
    const { id, answer, broken } = await waiting('reset_before');
    const raised = () => gateway.app.get(Alerts).count('operation.unresolved');
    const before = raised();
    expect((await timeline(gateway, id)).map(({ type }) => type)).toContain('operation.waiting');
    for (const seconds of [301, 3_600, 5 * 3_600]) {
      const { history } = await operation(gateway, answer);
      await pass(seconds, gateway);
      await until('it was tried again', async () => {
        const view = await operation(gateway, answer);
        return view.history.length > history.length && view.next_attempt_at !== null;
      });
    }
    await until('all were told of', () => raised() === before + 3);
    await broken.end();
    // One that is being looked at just then is not hastened.
    await until('it is settled', async () => (await control(answer, 'retry')).status === 409);
  });

  describe('in the state manual', () => {
    it('is settled as succeeded with the id that a person found', async () => {
      const id = await gateway.order();
      const manual = await manualCapture(gateway, id, 2_500);
      expect(problem(await control(manual, 'resolve', { outcome: 'succeeded', reason: 'seen' }))).toMatchObject([
        400,
        'application/problem+json',
        { code: 'BAD_VALUE' },
      ]);
      for (const what of ['retry', 'cancel']) expect((await control(manual, what)).status).toBe(409);
      const [found] = (await gateway.ledger(id)).captures;
      const resolved = await control(manual, 'resolve', {
        outcome: 'succeeded',
        provider_id: found?.capture_id,
        reason: 'it is the first',
      });
      expect([resolved.status, resolved.json]).toMatchObject([
        200,
        { state: 'succeeded', reason: 'it is the first', answer: { status: 201, headers: { 'Capture-Id': found?.capture_id } } },
      ]);
      const [row] = await rowsOf(gateway.database, 'SELECT operation_id FROM captures WHERE provider_capture_id = $1', [found?.capture_id]);
      expect(row).toEqual({ operation_id: manual });
      const entry = (await timeline(gateway, id)).find(({ type }) => type === 'operation.resolved');
      expect(entry?.data).toMatchObject({ outcome: 'succeeded', reason: 'it is the first' });
      await gateway.get(ordersPath(id));
      await expectRowsLikeLedger(gateway, id);
    });

    it('is settled as rejected: its caller gets a refusal in the shape of Klarna', async () => {
      const id = await gateway.order();
      const manual = await manualCapture(gateway, id, 2_500);
      const resolved = await control(manual, 'resolve', { outcome: 'rejected', reason: 'both are from the portal' });
      expect([resolved.status, resolved.json]).toMatchObject([200, { state: 'rejected', answer: { status: 403 } }]);
      await gateway.get(ordersPath(id));
      expect((await expectRowsLikeLedger(gateway, id)).captures).toHaveLength(2);
    });

    it('is sent once more under a new key when a person says so', async () => {
      const id = await gateway.order();
      const manual = await manualCapture(gateway, id, 2_500);
      expect((await control(manual, 'resolve', { outcome: 'new_key', reason: 'neither is ours' })).status).toBe(200);
      expect(await settled(gateway, manual)).toMatchObject({ state: 'succeeded' });
      const { captures } = await gateway.ledger(id);
      expect(captures.map(({ idempotency_key: key }) => key)).toEqual([null, null, derivedKey(manual, 2)]);
      await gateway.get(ordersPath(id));
      await expectRowsLikeLedger(gateway, id);
    });

    it('explains itself in one page: what was sent, what Klarna showed, and the body for each way out', async () => {
      const id = await gateway.order();
      const manual = await manualCapture(gateway, id, 2_500);
      const { captures } = await gateway.ledger(id);
      const view = (await gateway.get(`/operations/${manual}`)).json as {
        explanation: { known: string[]; outcomes: { request: Record<string, string> }[] };
        history: { type: string; outcome: string; data: Record<string, unknown> | null }[];
      };
      // The evidence of every look is kept: what was seen, and which of it could be the effect.
      const [look] = view.history.filter(({ outcome }) => outcome === 'ambiguous');
      const ids = captures.map((each) => each.capture_id);
      expect(look?.data).toMatchObject({ captured_amount: 5_000, remaining_authorized_amount: 5_000, shown: 2, known: 0 });
      expect([...(look?.data?.['candidates'] as string[])].sort()).toEqual([...ids].sort());
      expect(look?.data?.['seen']).toEqual(
        expect.arrayContaining(ids.map((each) => ({ id: each, amount: 2_500, at: expect.any(String) }))),
      );
      const page = await gateway.get(`/operations/${manual}/explanation`);
      expect([page.status, page.headers['content-type']]).toEqual([200, 'text/plain; charset=utf-8']);
      for (const found of ids) expect(page.text).toContain(found);
      for (const line of ['What is known', 'What is not known', 'What to do', 'Outcomes', 'CAPTURE_NOT_ALLOWED'])
        expect(page.text).toContain(line);
      // The body that it offers is one that works.
      const offered = view.explanation.outcomes.find(({ request }) => request['provider_id'] === ids[1]);
      const resolved = await control(manual, 'resolve', offered?.request);
      expect([resolved.status, resolved.json]).toMatchObject([200, { state: 'succeeded', explanation: null }]);
      const after = await operation(gateway, manual);
      expect(after.history.filter(({ type }) => type === 'resolution')).toMatchObject([
        { outcome: 'succeeded', provider_id: ids[1], reason: offered?.request['reason'] },
      ]);
      const nothing = await gateway.get(`/operations/${manual}/explanation`);
      expect(problem(nothing)).toMatchObject([409, 'application/problem+json', { code: 'OPERATION_STATE' }]);
      const foreign = await gateway.call('GET', `/operations/${manual}/explanation`, { as: await addMerchant(gateway, 'curious') });
      expect(problem(foreign)).toMatchObject([404, 'application/problem+json', { code: 'NOT_FOUND' }]);
    });

    it('keeps the reason also where there is no order yet: in its history, and in the timeline of the order that was found', async () => {
      const { token, cart } = await gateway.authorized(cartOf(10_000));
      const path = `/payments/v1/authorizations/${token}/order`;
      const broken = await lasting(gateway, 'reset_before', { method: 'POST', path });
      const first = await gateway.call('POST', path, { body: cart, headers: { Prefer: 'wait=0' } });
      const id = operationIn(first);
      await until('nobody works on it', async () => (await operation(gateway, id)).next_attempt_at);
      // As the rules leave it when Klarna can't be read for long enough.
      await rowsOf(gateway.database, `UPDATE operations SET state = 'manual', reason = 'unreadable', next_at = NULL WHERE id = $1`, [id]);
      await broken.end();
      expect((await gateway.get(`/operations/${id}/explanation`)).text).toContain('GET /payments/v1/sessions/');
      const order = randomUUID();
      const said = { outcome: 'succeeded', provider_id: order, reason: 'Seen in the portal by Ann' };
      expect(await control(id, 'resolve', said)).toMatchObject({ status: 200, json: { state: 'succeeded', order_id: order } });
      const view = await operation(gateway, id);
      expect(view.history.at(-1)).toMatchObject({ type: 'resolution', ...said });
      const entry = (await timeline(gateway, order)).find(({ type }) => type === 'operation.resolved');
      expect(entry?.data).toMatchObject({ outcome: 'succeeded', reason: 'Seen in the portal by Ann', provider_id: order });
      expect((await gateway.post(path, cart)).json).toEqual({ order_id: order });
    });

    it('refuses an equal request without a key, like any unresolved operation', async () => {
      const id = await gateway.order();
      const manual = await manualCapture(gateway, id, 2_500);
      const again = await gateway.post(ordersPath(id, '/captures'), { captured_amount: 2_500, reference: 'doubtful' });
      expect([again.status, operationIn(again)]).toEqual([409, manual]);
    });
  });

  it.each([
    ['cancel', undefined],
    ['retry', undefined],
    ['resolve', { outcome: 'rejected', reason: 'x' }],
  ])('that is not there can not be changed: %s', async (what, body) => {
    for (const id of [randomUUID(), 'no-id']) {
      expect(problem(await control(id, what, body))).toMatchObject([404, 'application/problem+json', { code: 'NOT_FOUND' }]);
    }
  });

  it.each([
    {},
    { outcome: 'maybe', reason: 'x' },
    { outcome: 'rejected' },
    { outcome: 'rejected', reason: '' },
    { outcome: 'rejected', reason: ' \n' },
    { outcome: 'rejected', reason: 'a\u0000b' },
    { outcome: 'rejected', reason: 'x'.repeat(1_001) },
  ])('is not resolved by %j', async (body) => {
    const { answer } = await waiting('reset_before');
    expect((await control(answer, 'resolve', body)).status).toBe(400);
  });
});
