import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { Clock } from '../../src/clock/clock.js';
import { BodyRetention } from '../../src/operations/body-retention.js';
import { Settlement } from '../../src/operations/settlement.js';
import type { Answer } from '../support/client.js';
import { testGateway, type TestGateway } from '../support/gateway.js';
import { addMerchant } from '../support/merchants.js';
import { lasting, manualCapture, operation, operationIn, ordersPath, requests, rowsOf, settled, timeline, told } from '../support/scene.js';
import { storeOperations } from '../support/stored-operations.js';
import { DAY, HOUR, pass } from '../support/time.js';
import { until } from '../support/until.js';

interface Kept {
  state: string;
  request: Buffer | null;
  answer_status: number | null;
  answer_headers: Record<string, string> | null;
  answer_body: Buffer | null;
  attempt_bodies: number;
  bodies_erased_at: Date | null;
}

describe('the bodies of old operations', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await testGateway({ env: { CLOCK: 'simulator', RETRY_DELAYS_MS: '60000' } });
  });
  afterAll(() => gateway.close());

  const erase = () => gateway.app.get(BodyRetention).erase();
  const keep = async (id: string): Promise<Kept> => {
    const [row] = await rowsOf<Kept & { id: string }>(
      gateway.database,
      `SELECT state, request, answer_status, answer_headers, answer_body, bodies_erased_at,
         (SELECT count(*)::int FROM attempts WHERE operation_id = o.id AND answer IS NOT NULL) AS attempt_bodies
       FROM operations o WHERE id = $1`,
      [id],
    );
    if (!row) throw new Error(`Operation ${id} is gone`);
    return row;
  };
  /** The newest operation. */
  const newest = async (kind: string): Promise<string> => {
    const [row] = await rowsOf<{ id: string }>(gateway.database, 'SELECT id FROM operations WHERE kind = $1 ORDER BY id DESC LIMIT 1', [
      kind,
    ]);
    return row?.id ?? '';
  };
  const bodiless = { request: null, answer_body: null, attempt_bodies: 0, bodies_erased_at: expect.any(Date) };
  const plain = ({ headers, ...answer }: Answer) => ({
    ...told({ headers, ...answer }),
    correlation: headers['klarna-correlation-id'],
  });

  it('are kept for 30 days and erased then; a capture is answered to the byte for ever, with one execution', async () => {
    const id = await gateway.order();
    const key = randomUUID();
    const capture = () => gateway.post(ordersPath(id, '/captures'), { captured_amount: 2_500 }, key);
    const first = await capture();
    const operationId = await newest('order-management.capture');
    await pass(30 * DAY - HOUR, gateway);
    await erase();
    expect(await keep(operationId)).toMatchObject({ request: expect.any(Buffer), bodies_erased_at: null });
    await pass(2 * HOUR, gateway);
    expect(await erase()).toBeGreaterThan(0);
    expect(await keep(operationId)).toMatchObject({ state: 'succeeded', answer_status: 201, ...bodiless });
    const again = await capture();
    expect([plain(again), again.headers['idempotent-replayed']]).toEqual([plain(first), 'true']);
    expect(again.headers['idempotent-body-erased']).toBeUndefined();
    expect(await requests(gateway, { method: 'POST', path: ordersPath(id, '/captures') })).toHaveLength(1);
    // Another request under the key is still another request.
    expect((await gateway.post(ordersPath(id, '/captures'), { captured_amount: 2_501 }, key)).status).toBe(422);
    // Amounts, ids, history and the timeline are no bodies.
    const view = await operation(gateway, operationId);
    expect(view).toMatchObject({
      state: 'succeeded',
      order_id: id,
      answer: { status: 201, body: null },
      bodies_erased_at: expect.any(String),
    });
    expect(view.history).toMatchObject([{ type: 'attempt', outcome: 'succeeded', status: 201, provider_id: first.headers['capture-id'] }]);
    expect((await timeline(gateway, id)).map(({ type }) => type)).toContain('order.captured');
    expect(await erase()).toBe(0);
  });

  it('leave the order id that a create order is answered with, and nothing of what Klarna said besides', async () => {
    const { token, cart } = await gateway.authorized();
    const path = `/payments/v1/authorizations/${token}/order`;
    const first = await gateway.post(path, cart);
    await pass(31 * DAY, gateway);
    await erase();
    expect(await keep(await newest('payments.create-order'))).toMatchObject({ answer_status: 200, ...bodiless });
    const again = await gateway.post(path, cart);
    expect([again.status, again.json]).toEqual([200, { order_id: (first.json as { order_id: string }).order_id }]);
    expect(again.headers).toMatchObject({
      'idempotent-replayed': 'true',
      'idempotent-body-erased': 'true',
      'klarna-correlation-id': first.headers['klarna-correlation-id'],
    });
    expect(await requests(gateway, { method: 'POST', path })).toHaveLength(1);
  });

  it("leave status, code and correlation id of a refusal of Klarna's", async () => {
    const id = await gateway.order();
    const key = randomUUID();
    const capture = () => gateway.post(ordersPath(id, '/captures'), { captured_amount: 10_001 }, key);
    const first = await capture();
    const said = first.json as { error_code: string; correlation_id: string };
    await pass(31 * DAY, gateway);
    await erase();
    const again = await capture();
    expect(again.status).toBe(403);
    expect(again.json).toEqual({
      error_code: said.error_code,
      correlation_id: said.correlation_id,
      error_messages: [expect.stringContaining('erased')],
    });
    expect(again.headers).toMatchObject({ 'idempotent-replayed': 'true', 'idempotent-body-erased': 'true' });
    expect(await requests(gateway, { method: 'POST', path: ordersPath(id, '/captures') })).toHaveLength(1);
  });

  it("leave a person's words as they were told", async () => {
    const id = await gateway.order();
    const manual = await manualCapture(gateway, id, 2_500);
    await gateway.post(`/operations/${manual}/resolve`, { outcome: 'rejected', reason: 'both are from the portal' });
    const before = (await operation(gateway, manual)).answer?.body as { error_messages: string[] };
    await pass(31 * DAY, gateway);
    await erase();
    expect((await operation(gateway, manual)).answer).toMatchObject({ status: 403, body: null });
    const [row] = await rowsOf<{ reason: string }>(gateway.database, 'SELECT reason FROM resolutions WHERE operation_id = $1', [manual]);
    expect(before.error_messages[0]).toContain(row?.reason);
  });

  it('of unfinished and manual operations are never erased, however old', async () => {
    const [one, two] = [await gateway.order(), await gateway.order()];
    const manual = await manualCapture(gateway, one, 2_500);
    const path = ordersPath(two, '/refunds');
    await gateway.post(ordersPath(two, '/captures'), { captured_amount: 2_500 });
    const broken = await lasting(gateway, 'status', { method: 'POST', path }, { code: 429 });
    const open = await gateway.call('POST', path, { body: { refunded_amount: 100 }, headers: { Prefer: 'wait=0' } });
    await until('it waits for the schedule', async () => (await operation(gateway, open)).next_attempt_at);
    await pass(400 * DAY, gateway);
    await erase();
    for (const id of [manual, operationIn(open)]) {
      expect(await keep(id)).toMatchObject({ request: expect.any(Buffer), bodies_erased_at: null });
    }
    await broken.end();
    await until('it goes on with the same bytes', async () => {
      await gateway.post(`/operations/${operationIn(open)}/retry`);
      return (await operation(gateway, open)).state === 'succeeded';
    });
    expect((await gateway.ledger(two)).refunded_amount).toBe(100);
  });

  it('of an abandoned create order are taken from the repeat that opens it again', async () => {
    const { token, cart } = await gateway.authorized();
    const path = `/payments/v1/authorizations/${token}/order`;
    const broken = await lasting(gateway, 'status', { method: 'POST', path }, { code: 429 });
    const first = await gateway.call('POST', path, { body: cart, headers: { Prefer: 'wait=0' } });
    const abandoned = await settled(gateway, first, ['abandoned']);
    await broken.end();
    await pass(31 * DAY, gateway);
    await erase();
    expect(await keep(abandoned.id)).toMatchObject({ state: 'abandoned', request: null });
    await gateway.post(path, cart);
    const { requests: sent } = (await gateway.simulate('GET', '/simulator/ledger/requests?full=true')) as {
      requests: { method: string; path: string; body_base64: string }[];
    };
    const last = sent.filter((each) => each.method === 'POST' && each.path === path).at(-1);
    expect(JSON.parse(Buffer.from(last?.body_base64 ?? '', 'base64').toString())).toEqual(cart);
    expect((await keep(abandoned.id)).request).toEqual(expect.any(Buffer));
  });

  it('that come late, after the others were erased, are erased in their turn', async () => {
    const id = await gateway.order();
    await gateway.post(ordersPath(id, '/captures'), { captured_amount: 2_500 });
    const operationId = await newest('order-management.capture');
    await pass(31 * DAY, gateway);
    await erase();
    // A process that stood still for a month brings the answer of an attempt that nobody knew the end of.
    const [attempt] = await rowsOf<{ id: string; fence: number }>(
      gateway.database,
      'UPDATE attempts SET outcome = NULL, ended_at = NULL WHERE operation_id = $1 RETURNING id, fence',
      [operationId],
    );
    const answer = { status: 201, headers: {}, body: Buffer.from('late') };
    const result = {
      outcome: 'unknown',
      answer,
      providerId: null,
      garbled: true,
      code: null,
      reason: null,
      correlationId: null,
      retryAfterMs: null,
    } as const;
    const evidence = { id: attempt?.id ?? '', endedAt: gateway.app.get(Clock).now(), result };
    await gateway.app.get(Settlement).conclude({ operationId, lane: null, fence: attempt?.fence ?? 0, attempt: evidence, hold: null });
    expect(await keep(operationId)).toMatchObject({ attempt_bodies: 1 });
    expect(await erase()).toBe(1);
    expect(await keep(operationId)).toMatchObject(bodiless);
  });

  it('are erased batch by batch, pass over what somebody works on, and by several at a time', async () => {
    await addMerchant(gateway, 'archive');
    const old = new Date(Date.now() - 60 * DAY * 1_000);
    const ids = await storeOperations(gateway, 'archive', { at: old, count: 1_203 });
    const bodies = async () => {
      const [row] = await rowsOf<{ count: number }>(
        gateway.database,
        'SELECT count(*)::int FROM operations WHERE id = ANY($1) AND request IS NOT NULL',
        [ids],
      );
      return row?.count;
    };
    const erased = await Promise.all([erase(), erase(), erase()]);
    expect(erased.reduce((sum, each) => sum + each, 0)).toBe(1_203);
    expect(await bodies()).toBe(0);
  });

  it('are erased by a worker by itself, and not by an api', async () => {
    await addMerchant(gateway, 'by-itself');
    const old = new Date(Date.now() - 60 * DAY * 1_000);
    const [id = ''] = await storeOperations(gateway, 'by-itself', { at: old });
    const { simulator, database } = gateway;
    const api = await testGateway({ simulator, database, env: { ROLE: 'api' } });
    await api.close();
    expect((await keep(id)).request).not.toBeNull();
    const worker = await testGateway({ simulator, database, env: { ROLE: 'worker' } });
    await until('its bodies are gone', async () => (await keep(id)).request === null);
    await worker.close();
  });

  it('are found by an index: a look costs nothing while nothing is due', async () => {
    await rowsOf(gateway.database, 'ANALYZE operations');
    const [plan] = await rowsOf<{ 'QUERY PLAN': unknown }>(
      gateway.database,
      `EXPLAIN (FORMAT JSON) SELECT id FROM operations WHERE finished_at < now() - interval '30 days' AND bodies_erased_at IS NULL ORDER BY finished_at LIMIT 500`,
    );
    expect(JSON.stringify(plan)).toContain('operations_with_bodies');
  });
});
