import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { request } from 'node:http';
import { connect } from 'node:net';
import type { JsonObject } from '../json.js';
import type { Simulator } from '../simulator.js';
import { eventually, ORDERS, startForTest, type TestClient } from '../test-client.js';

let simulator: Simulator;
let client: TestClient;
beforeAll(async () => ({ simulator, client } = await startForTest()));
afterAll(() => simulator.close());
beforeEach(async () => void (await client.call('DELETE', '/simulator/state')));

const CAPTURES = { method: 'POST', path: '/ordermanagement/*' };
const capturesOf = async (orderId: string) => (await client.ledger(orderId)).captures.length;
const lastRequest = async (orderId: string) => (await client.ledger(orderId)).requests.at(-1)!;

/**
 * A capture through node:http, which tells how a connection ended: the error code of a failed call, `GAVE_UP` when the caller
 * left. @param leave the caller leaves once this has come about
 */
function rawCapture(
  orderId: string,
  leave?: () => Promise<unknown>,
): Promise<string | { status: number; complete: boolean; bytes: number }> {
  return new Promise((resolve) => {
    const call = request(`${client.url}${ORDERS}/${orderId}/captures`, {
      method: 'POST',
      auth: 'simulator:simulator',
      agent: false,
      headers: { 'Content-Type': 'application/json', 'Klarna-Idempotency-Key': 'k' },
    });
    void leave?.().then(() => call.destroy(Object.assign(new Error('gave up'), { code: 'GAVE_UP' })));
    call.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    call.on('response', (response) => {
      let bytes = 0;
      response.on('data', (chunk: Buffer) => (bytes += chunk.length));
      response.on('error', () => {});
      response.on('close', () => resolve({ status: response.statusCode ?? 0, complete: response.complete, bytes }));
    });
    call.end(JSON.stringify({ captured_amount: 1_000 }));
  });
}

describe('a fault', () => {
  it.each([
    ['timeout_before', 'GAVE_UP', 0],
    ['timeout_after', 'GAVE_UP', 1],
    ['reset_before', 'ECONNRESET', 0],
    ['reset_after', 'ECONNRESET', 1],
  ])('%s ends as %s with %d captures, and the key replays the real result', async (kind, ending, captures) => {
    const orderId = await client.order();
    await client.fault({ match: CAPTURES, kind });
    const arrived = () => eventually(async () => (await lastRequest(orderId)).fault === kind && (await capturesOf(orderId)) === captures);
    expect(await rawCapture(orderId, kind.startsWith('timeout') ? arrived : undefined)).toBe(ending);
    expect(await capturesOf(orderId)).toBe(captures);
    expect(await lastRequest(orderId)).toMatchObject({ executed: captures === 1, status: null, fault: kind });
    const again = await client.capture(orderId, 1_000, 'k');
    expect(again.status).toBe(201);
    expect(await capturesOf(orderId)).toBe(1);
    expect(again.headers.get('capture-id')).toBe((await client.ledger(orderId)).captures[0]!.capture_id);
  });

  it('resets with a TCP reset, not with an orderly end', async () => {
    await client.fault({ match: { path: '/payments/*' }, kind: 'reset_before' });
    const ending = await new Promise<string | undefined>((resolve) => {
      const socket = connect(simulator.port, '127.0.0.1', () => socket.write('GET /payments/v1/sessions/x HTTP/1.1\r\nHost: x\r\n\r\n'));
      socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code));
      socket.on('end', () => resolve('orderly end'));
    });
    expect(ending).toBe('ECONNRESET');
  });

  it.each([
    [401, 'UNAUTHORIZED'],
    [403, 'NOT_ALLOWED'],
    [409, 'CONFLICT'],
    [429, 'TOO_MANY_REQUESTS'],
    [500, 'INTERNAL_SERVER_ERROR'],
    [502, 'TEMPORARILY_UNAVAILABLE'],
    [503, 'TEMPORARILY_UNAVAILABLE'],
    [504, 'TEMPORARILY_UNAVAILABLE'],
  ])('status %d answers with %s and executes nothing', async (code, name) => {
    const orderId = await client.order();
    await client.fault({ match: CAPTURES, kind: 'status', code });
    const { status, json, headers } = await client.capture(orderId, 1_000);
    expect([status, json.error_code, json.correlation_id]).toEqual([code, name, headers.get('klarna-correlation-id')]);
    expect(headers.get('x-ratelimit-remaining')).toBe(code === 429 ? '0' : '199');
    expect(await capturesOf(orderId)).toBe(0);
    expect(await lastRequest(orderId)).toMatchObject({ executed: false, outcome: null, status: code });
  });

  it('status is 500 by default, takes another error code, and a body of its own', async () => {
    const orderId = await client.order();
    await client.fault({ match: CAPTURES, kind: 'status' });
    expect((await client.capture(orderId, 1)).status).toBe(500);
    await client.fault({ match: CAPTURES, kind: 'status', code: 403, error_code: 'MERCHANT_INACTIVE' });
    expect((await client.capture(orderId, 1)).json.error_code).toBe('MERCHANT_INACTIVE');
    await client.fault({ match: CAPTURES, kind: 'status', code: 502, body: '<h1>Bad gateway</h1>' });
    const proxied = await client.capture(orderId, 1);
    expect([proxied.text, proxied.headers.get('content-type')]).toEqual(['<h1>Bad gateway</h1>', 'text/html']);
  });

  it("status 403 with an empty body looks like the DDoS rule: no error object, none of Klarna's headers", async () => {
    await client.fault({ match: CAPTURES, kind: 'status', code: 403, body: '' });
    const reply = await client.capture(await client.order(), 1);
    expect([reply.status, reply.text, reply.headers.get('klarna-correlation-id'), reply.headers.get('content-type')]).toEqual([
      403,
      '',
      null,
      null,
    ]);
  });

  it('status_after executes first', async () => {
    const orderId = await client.order();
    await client.fault({ match: CAPTURES, kind: 'status_after', code: 504 });
    expect((await client.capture(orderId, 1_000)).status).toBe(504);
    expect(await lastRequest(orderId)).toMatchObject({ executed: true, outcome: 201, status: 504 });
  });

  it('status_after of a refused call executed nothing, and the ledger says so', async () => {
    const orderId = await client.order();
    await client.fault({ match: CAPTURES, kind: 'status_after', code: 504 });
    await client.capture(orderId, 10_001);
    expect(await lastRequest(orderId)).toMatchObject({ executed: false, outcome: 403, status: 504 });
  });

  it('latency delays a normal call, which goes on without its caller', async () => {
    const orderId = await client.order();
    await client.fault({ match: CAPTURES, kind: 'latency', ms: 150 });
    const before = Date.now();
    expect((await client.capture(orderId, 1_000)).status).toBe(201);
    expect(Date.now() - before).toBeGreaterThanOrEqual(145);
    await client.fault({ match: CAPTURES, kind: 'latency', ms: 1_000 });
    const held = () => eventually(async () => (await client.ledger(orderId)).requests.length === 3);
    expect(await rawCapture(orderId, held)).toBe('GAVE_UP');
    expect(await capturesOf(orderId)).toBe(1);
    await eventually(async () => (await capturesOf(orderId)) === 2);
    await eventually(async () => (await lastRequest(orderId)).executed === true && (await lastRequest(orderId)).status === null);
  });
});

describe('garbage after a call that was executed', () => {
  const garbage = async (variant?: string) => {
    const orderId = await client.order();
    await client.fault({ match: CAPTURES, kind: 'garbage_after', ...(variant !== undefined && { variant }) });
    return orderId;
  };

  it('is by default a body that breaks off before its Content-Length', async () => {
    const orderId = await garbage();
    expect(await rawCapture(orderId)).toMatchObject({ status: 201, complete: false });
    expect(await capturesOf(orderId)).toBe(1);
    expect(await lastRequest(orderId)).toMatchObject({ executed: true, outcome: 201, status: null });
  });

  it('can be the page of some proxy', async () => {
    const orderId = await garbage('html');
    const reply = await client.capture(orderId, 1_000);
    expect([reply.status, reply.headers.get('content-type'), reply.headers.get('capture-id')]).toEqual([200, 'text/html', null]);
    expect(await capturesOf(orderId)).toBe(1);
  });

  it('can lack its id', async () => {
    const orderId = await garbage('missing_id_header');
    const reply = await client.capture(orderId, 1_000);
    expect([reply.status, reply.headers.get('capture-id'), reply.headers.get('location')]).toEqual([201, null, null]);
    const token = await client.authorize(await client.session());
    await client.fault({ match: { path: '/payments/v1/authorizations/*' }, kind: 'garbage_after', variant: 'missing_id_header' });
    const placed = await client.placeOrder(token);
    expect([placed.status, placed.json.fraud_status, placed.json.order_id]).toEqual([200, 'ACCEPTED', undefined]);
  });

  it('can be huge', async () => {
    const orderId = await garbage('huge');
    expect((await client.capture(orderId, 1_000)).text.length).toBeGreaterThan(5_000_000);
    expect(await capturesOf(orderId)).toBe(1);
  });

  it('breaks off an order too, which exists all the same', async () => {
    const token = await client.authorize(await client.session());
    await client.fault({ match: { path: '/payments/v1/authorizations/*' }, kind: 'garbage_after' });
    await expect(client.placeOrder(token)).rejects.toThrow();
    expect((await client.placeOrder(token)).status).toBe(200);
    expect((await client.call('GET', '/simulator/ledger/summary')).json.orders).toBe(1);
  });
});

describe('ordering faults', () => {
  it('hits as many requests as it says, the oldest fault first', async () => {
    const orderId = await client.order();
    await client.fault({ match: CAPTURES, times: 2, kind: 'status', code: 500 });
    await client.fault({ match: CAPTURES, kind: 'status', code: 503 });
    const statuses = [];
    for (let call = 0; call < 4; call += 1) statuses.push((await client.capture(orderId, 1)).status);
    expect(statuses).toEqual([500, 500, 503, 201]);
    expect((await client.call('GET', '/simulator/faults')).json).toEqual({ faults: [] });
  });

  it("hits only its method and path, and never the simulator's own", async () => {
    const orderId = await client.order();
    await client.fault({ match: { method: 'post', path: `${ORDERS}/${orderId}/captures` }, times: 9, kind: 'status' });
    await client.fault({ match: { path: '/simulator/*' }, times: 9, kind: 'status' });
    await client.fault({ match: { path: '/*' }, times: 1, kind: 'status', code: 418 });
    expect((await client.call('GET', `${ORDERS}/${orderId}`)).status).toBe(418);
    expect((await client.call('GET', `${ORDERS}/${orderId}/captures`)).status).toBe(200);
    expect((await client.refund(orderId, 1)).status).toBe(403);
    expect((await client.capture(orderId, 1)).status).toBe(500);
    expect((await client.call('GET', '/simulator/clock')).status).toBe(200);
  });

  it('lists and takes back', async () => {
    const id = await client.fault({ match: { path: '/payments/*' }, times: 3, kind: 'latency', ms: 5 });
    expect((await client.call('GET', '/simulator/faults')).json.faults).toMatchObject([{ id, times: 3, kind: 'latency', ms: 5 }]);
    expect((await client.call('DELETE', `/simulator/faults/${id}`)).status).toBe(204);
    expect((await client.call('DELETE', `/simulator/faults/${id}`)).status).toBe(404);
    await client.fault({ match: { path: '/payments/*' }, kind: 'status' });
    expect((await client.call('DELETE', '/simulator/faults')).status).toBe(204);
    expect((await client.call('POST', '/payments/v1/sessions', {})).status).toBe(400);
  });

  it.each<[JsonObject, RegExp]>([
    [{ kind: 'explode', match: { path: '/' } }, /timeout_before, timeout_after, reset_before/],
    [{ kind: 'status', match: {} }, /match must be/],
    [{ kind: 'status', match: { path: '/' }, times: 0 }, /times/],
    [{ kind: 'status', match: { path: '/' }, code: 99 }, /code/],
    [{ kind: 'latency', match: { path: '/' } }, /ms/],
    [{ kind: 'garbage_after', match: { path: '/' }, variant: 'xml' }, /truncated_json, html, missing_id_header, huge/],
  ])('refuses %j, naming what is allowed', async (fault, message) => {
    const { status, json } = await client.call('POST', '/simulator/faults', fault);
    expect(status).toBe(400);
    expect(json.error).toMatch(message);
  });
});

describe('a gate', () => {
  const gate = async (at: string, match: JsonObject = CAPTURES) =>
    (await client.call('POST', '/simulator/gates', { match, at })).json.id as string;
  const waiting = async (id: string, count: number) => (await client.call('GET', `/simulator/gates/${id}?waiting=${count}`)).json.waiting;

  it('before: holds calls back until it is opened, then both run in turn', async () => {
    const orderId = await client.order();
    const id = await gate('before');
    const calls = [client.capture(orderId, 6_000), client.capture(orderId, 6_000)];
    expect(await waiting(id, 2)).toBe(2);
    expect(await capturesOf(orderId)).toBe(0);
    await client.call('DELETE', `/simulator/gates/${id}`);
    expect((await Promise.all(calls)).map(({ status }) => status)).toEqual([201, 403]);
  });

  it('after: the effect is there, the answer is not, and its key already replays', async () => {
    const orderId = await client.order();
    const id = await gate('after');
    const call = client.capture(orderId, 1_000, 'k');
    expect(await waiting(id, 1)).toBe(1);
    expect(await capturesOf(orderId)).toBe(1);
    await client.behave({ concurrent_key: 'conflict' });
    const replay = await client.capture(orderId, 1_000, 'k');
    expect(replay.status).toBe(201);
    await client.call('DELETE', '/simulator/gates');
    expect((await call).headers.get('capture-id')).toBe(replay.headers.get('capture-id'));
  });

  it('lets a call go on whose caller has left', async () => {
    const orderId = await client.order();
    const id = await gate('before');
    expect(await rawCapture(orderId, () => waiting(id, 1))).toBe('GAVE_UP');
    expect(await capturesOf(orderId)).toBe(0);
    await client.call('DELETE', `/simulator/gates/${id}`);
    await eventually(async () => (await capturesOf(orderId)) === 1);
    expect(await lastRequest(orderId)).toMatchObject({ executed: true, status: null });
  });

  it('is listed while it is closed and gone once opened', async () => {
    const id = await gate('before');
    expect((await client.call('GET', '/simulator/gates')).json.gates).toMatchObject([{ id, at: 'before', waiting: 0 }]);
    expect((await client.call('DELETE', `/simulator/gates/${id}`)).status).toBe(204);
    expect((await client.call('GET', `/simulator/gates/${id}`)).status).toBe(404);
    expect((await client.call('DELETE', `/simulator/gates/${id}`)).status).toBe(404);
    expect((await client.call('POST', '/simulator/gates', { match: CAPTURES, at: 'noon' })).status).toBe(400);
  });
});
