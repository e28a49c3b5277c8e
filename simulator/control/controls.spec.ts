import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import type { JsonObject } from '../json.js';
import type { Simulator } from '../simulator.js';
import { SWITCHES } from '../switches.js';
import { CART, eventually, ORDERS, startForTest, type TestClient } from '../test-client.js';

const START = new Date('2027-03-01T12:00:00Z');
let simulator: Simulator;
let client: TestClient;
beforeAll(async () => ({ simulator, client } = await startForTest({ startAt: START })));
afterAll(() => simulator.close());
beforeEach(async () => void (await client.call('DELETE', '/simulator/state')));

describe('switches', () => {
  it('are all shown with value, allowed values, default and the question they stand for', async () => {
    const { json } = await client.call('GET', '/simulator/behaviour');
    expect(Object.keys(json)).toEqual(Object.keys(SWITCHES));
    expect(json.concurrent_key).toEqual({
      value: 'waits',
      allowed: ['waits', 'conflict'],
      default: 'waits',
      question: 'What does a second call get while the first with the same key still runs?',
    });
    expect(json.read_lag_seconds).toMatchObject({ value: 0, allowed: null });
  });

  it('are set several at once, and reset', async () => {
    await client.behave({ replay_4xx: false, read_lag_seconds: 5 });
    const { json } = await client.call('GET', '/simulator/behaviour');
    expect([json.replay_4xx, json.read_lag_seconds]).toMatchObject([{ value: false }, { value: 5 }]);
    expect((await client.call('DELETE', '/simulator/behaviour')).status).toBe(204);
    expect((await client.call('GET', '/simulator/behaviour')).json.replay_4xx).toMatchObject({ value: true });
  });

  it('take what a shell script writes', async () => {
    const { json } = await client.call('POST', '/simulator/behaviour', { replay_4xx: 'false', invalid_order_id_status: '404' });
    expect([json.replay_4xx, json.invalid_order_id_status]).toMatchObject([{ value: false }, { value: 404 }]);
  });

  it.each<[JsonObject, RegExp]>([
    [{ weather: 'rain' }, /Unknown switch weather. Allowed: concurrent_key, replay_4xx/],
    [{ concurrent_key: 'panics' }, /Switch concurrent_key takes waits, conflict/],
    [{ read_lag_seconds: -1 }, /Switch read_lag_seconds takes a whole number from 0/],
    [{ read_lag_seconds: '5' }, /whole number/],
    [{ constructor: 1 }, /Unknown switch constructor/],
  ])('refuse %j, naming what is allowed, and change nothing', async (wanted, message) => {
    const { status, json } = await client.call('POST', '/simulator/behaviour', { replay_4xx: false, ...wanted });
    expect(status).toBe(400);
    expect(json.error).toMatch(message);
    expect((await client.call('GET', '/simulator/behaviour')).json.replay_4xx).toMatchObject({ value: true });
  });

  it('are all explained in the README with their values and defaults', () => {
    const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
    for (const [name, { values }] of Object.entries(SWITCHES)) {
      const row = readme.split('\n').find((line) => line.startsWith(`| \`${name}\` `));
      expect([name, row]).toEqual([name, expect.anything()]);
      for (const value of values ?? []) expect(row).toContain(String(value));
    }
  });

  it('limit rates: what is above the limit gets 429 and learns that nothing is left', async () => {
    await client.behave({ rate_limit: 'playground' });
    // Exact counting is proven with a fixed clock in rate-limits.spec.ts; how many of a burst share one second is the machine's affair.
    const limited = await eventually(async () => {
      const burst = Array.from({ length: 30 }, () => client.call('POST', '/payments/v1/sessions', CART));
      return (await Promise.all(burst)).find(({ status }) => status === 429);
    });
    expect(limited.json.error_code).toBe('TOO_MANY_REQUESTS');
    expect(limited.headers.get('x-ratelimit-remaining')).toBe('0');
    expect(limited.headers.get('x-ratelimit-limit')).toBe('5, 5;w=1');
    await client.behave({ rate_limit: 'production' });
    expect((await client.call('GET', `${ORDERS}/x`)).headers.get('x-ratelimit-limit')).toBe('200, 200;w=1');
  });
});

describe('the clock', () => {
  it('starts where it is told and moves forward only', async () => {
    const { json } = await client.call('GET', '/simulator/clock');
    expect(Math.abs(Date.parse(json.now as string) - START.getTime())).toBeLessThan(60_000);
    const moved = await client.call('POST', '/simulator/clock', { advance_seconds: 3_600 });
    expect(Date.parse(moved.json.now as string) - Date.parse(json.now as string)).toBeGreaterThanOrEqual(3_600_000);
    expect((moved.json.offset_ms as number) - (json.offset_ms as number)).toBe(3_600_000);
    for (const advance_seconds of [-1, 'soon', null]) {
      expect((await client.call('POST', '/simulator/clock', { advance_seconds })).status).toBe(400);
    }
  });
});

describe('the ledger', () => {
  it('tells what really happened to an order', async () => {
    const orderId = await client.order();
    await client.capture(orderId, 4_000, 'k', { reference: 'R-1' });
    await client.capture(orderId, 4_000, 'k');
    await client.refund(orderId, 1_000);
    await client.cancel(orderId);
    const ledger = await client.ledger(orderId);
    expect(ledger).toMatchObject({
      order_id: orderId,
      status: 'PART_CAPTURED',
      order_amount: 10_000,
      captured_amount: 4_000,
      refunded_amount: 1_000,
      remaining_authorized_amount: 6_000,
      captures: [{ captured_amount: 4_000, reference: 'R-1', idempotency_key: 'k' }],
      refunds: [{ refunded_amount: 1_000, reference: null, idempotency_key: null }],
    });
    expect(
      ledger.requests.map(({ method, path, idempotency_key, executed, status }) => [
        method,
        (path as string).split('/').at(-1),
        idempotency_key,
        executed,
        status,
      ]),
    ).toEqual([
      ['POST', 'order', null, true, 200],
      ['POST', 'captures', 'k', true, 201],
      ['POST', 'captures', 'k', false, 201],
      ['POST', 'refunds', null, true, 201],
      ['POST', 'cancel', null, false, 403],
    ]);
  });

  it('lists also the refused and the repeated attempts to place the order', async () => {
    const token = await client.authorize(await client.session());
    await client.placeOrder(token, { purchase_country: 'NO' });
    const orderId = (await client.placeOrder(token)).json.order_id as string;
    await client.placeOrder(token);
    expect((await client.ledger(orderId)).requests.map(({ executed, replayed, status }) => [executed, replayed, status])).toEqual([
      [false, false, 409],
      [true, false, 200],
      [false, true, 200],
    ]);
  });

  it('proves that bytes arrived unchanged, without showing the password', async () => {
    const body = `{"captured_amount" : 1.0e2,\t"reference":"\\u00e5 å", "reference":"twice"}`;
    const orderId = await client.order();
    await client.call('POST', `${ORDERS}/${orderId}/captures`, body, { 'X-Mine': 'yes' });
    const { requests } = (await client.call('GET', '/simulator/ledger/requests?full=true')).json as { requests: JsonObject[] };
    const last = requests.at(-1)!;
    expect(Buffer.from(last.body_base64 as string, 'base64').toString()).toBe(body);
    expect(last.headers).toMatchObject({ 'x-mine': 'yes', authorization: 'Basic simulator:***' });
    expect(last.body_sha256).toMatch(/^[0-9a-f]{64}$/);
    const since = await client.call('GET', `/simulator/ledger/requests?since=${last.sequence as number}`);
    expect(since.json).toEqual({ requests: [] });
    expect((await client.call('GET', '/simulator/ledger/requests?since=x')).status).toBe(400);
  });

  it('adds up, lists orders, and knows no order that does not exist', async () => {
    const orderId = await client.order();
    await client.capture(orderId, 4_000);
    expect((await client.call('GET', '/simulator/ledger/summary')).json).toMatchObject({
      sessions: 1,
      orders: 1,
      captures: 1,
      refunds: 0,
      amounts: { SEK: { order_amount: 10_000, captured_amount: 4_000, refunded_amount: 0 } },
    });
    expect((await client.call('GET', '/simulator/ledger/orders')).json.orders).toMatchObject([
      { order_id: orderId, captured_amount: 4_000 },
    ]);
    expect((await client.call('GET', '/simulator/ledger/orders/00000000-0000-4000-8000-000000000000')).status).toBe(404);
  });
});

describe('the controls', () => {
  it('refuse what they do not know', async () => {
    expect((await client.call('GET', '/simulator/weather')).status).toBe(404);
    expect((await client.call('POST', '/simulator/faults', '{')).json.error).toBe('The body must be JSON');
    expect((await client.call('POST', '/simulator/faults', '[]')).json.error).toBe('The body must be a JSON object');
    expect((await client.call('POST', '/simulator/sessions/unknown/authorize')).status).toBe(404);
  });

  it('wipe everything but the clock', async () => {
    const orderId = await client.order();
    await client.fault({ match: { path: '/*' }, times: 5, kind: 'status' });
    await client.behave({ replay_4xx: false });
    expect((await client.call('DELETE', '/simulator/state')).status).toBe(204);
    expect((await client.call('GET', `${ORDERS}/${orderId}`)).json.error_code).toBe('NO_SUCH_ORDER');
    expect((await client.call('GET', '/simulator/behaviour')).json.replay_4xx).toMatchObject({ value: true });
    expect((await client.call('GET', '/simulator/ledger/summary')).json).toMatchObject({ orders: 0, sessions: 0, requests: 1 });
  });
});
