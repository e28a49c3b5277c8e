import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { createServer, request as call, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Simulator, startSimulator } from '../../simulator/simulator.js';
import type { Answer } from '../support/client.js';
import { testGateway, type TestGateway } from '../support/gateway.js';
import {
  accepted,
  expectRowsLikeLedger,
  gateAt,
  lasting,
  manualCapture,
  operation,
  operationIn,
  ordersPath,
  requests,
  settled,
} from '../support/scene.js';

const RELEASE = '/release-remaining-authorization';
/** What a caller who does not want to wait says. */
const NOW = { Prefer: 'wait=0' };

describe('the operations of one order', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    // Long enough that an answer which came at once is not mistaken for one that came when the wait was over.
    gateway = await testGateway({ env: { ANSWER_WAIT_MS: '20000', KLARNA_TIMEOUT_MS: '10000' } });
  });
  afterAll(() => gateway.close());

  const capture = (id: string, amount: number, reference = 'parcel', headers: Record<string, string> = {}, key?: string): Promise<Answer> =>
    gateway.call('POST', ordersPath(id, '/captures'), {
      body: { captured_amount: amount, reference },
      headers,
      ...(key === undefined ? {} : { key }),
    });
  const refund = (id: string, amount: number, headers: Record<string, string> = {}): Promise<Answer> =>
    gateway.call('POST', ordersPath(id, '/refunds'), { body: { refunded_amount: amount }, headers });
  const sent = async (id: string, suffix: string) => (await requests(gateway, { method: 'POST', path: ordersPath(id, suffix) })).length;
  /** An answer that came without waiting for anything. */
  async function atOnce(call: Promise<Answer>): Promise<Answer> {
    const begun = performance.now();
    const answer = await call;
    expect(performance.now() - begun).toBeLessThan(10_000);
    return answer;
  }
  /** A capture that never reaches Klarna, until `end`. */
  const unsent = (id: string) => lasting(gateway, 'status', { method: 'POST', path: ordersPath(id, '/captures') }, { code: 429 });

  it('captures are sent in the order in which they were accepted, one at a time', async () => {
    const id = await gateway.order();
    const gate = await gateAt(gateway, 'before', ordersPath(id, '/captures'));
    const calls: Promise<Answer>[] = [];
    for (const reference of ['first', 'second', 'third']) {
      calls.push(capture(id, 1_000, reference));
      await accepted(gateway, id, calls.length);
    }
    await gate.waiting(1);
    expect(await sent(id, '/captures')).toBe(1);
    await gate.open();
    expect((await Promise.all(calls)).map(({ status }) => status)).toEqual([201, 201, 201]);
    const { captures } = await expectRowsLikeLedger(gateway, id);
    expect(captures.map(({ reference }) => reference)).toEqual(['first', 'second', 'third']);
  });

  it('a capture behind an unresolved one is answered 202 at once, says by whom it is blocked, and is sent after it', async () => {
    const id = await gateway.order();
    const broken = await lasting(gateway, 'reset_before', { method: 'POST', path: ordersPath(id, '/captures') });
    const first = await capture(id, 1_000, 'first', NOW);
    const second = await atOnce(capture(id, 2_000, 'second'));
    expect([first.status, second.status]).toEqual([202, 202]);
    expect(second.json).toMatchObject({ state: 'accepted', attempts: 0, blocked_by: operationIn(first) });
    await broken.end();
    expect((await settled(gateway, second)).state).toBe('succeeded');
    expect(await operation(gateway, second)).toMatchObject({ blocked_by: null, attempts: 1 });
    const { captures } = await expectRowsLikeLedger(gateway, id);
    expect(captures.map(({ reference }) => reference)).toEqual(['first', 'second']);
  });

  it('thirty captures wait for their turn without a database connection each', async () => {
    const { simulator, database } = gateway;
    const narrow = await testGateway({
      simulator,
      database,
      env: { DATABASE_POOL: '2', ANSWER_WAIT_MS: '20000', KLARNA_TIMEOUT_MS: '10000' },
    });
    try {
      const [id, neighbour] = await Promise.all([gateway.order(), gateway.order()]);
      const gate = await gateAt(gateway, 'before', ordersPath(id, '/captures'));
      const calls = Array.from({ length: 30 }, () => narrow.post(ordersPath(id, '/captures'), { captured_amount: 100 }, randomUUID()));
      await accepted(gateway, id, 30);
      expect((await narrow.post(ordersPath(neighbour, '/captures'), { captured_amount: 100 })).status).toBe(201);
      await gate.open();
      expect((await Promise.all(calls)).map(({ status }) => status)).toEqual(Array.from({ length: 30 }, () => 201));
      expect((await expectRowsLikeLedger(gateway, id)).captured_amount).toBe(3_000);
    } finally {
      await narrow.close();
    }
  });

  it('other orders never wait', async () => {
    const [id, neighbour] = await Promise.all([gateway.order(), gateway.order()]);
    const gate = await gateAt(gateway, 'before', ordersPath(id, '/captures'));
    const call = capture(id, 1_000);
    await gate.waiting();
    expect((await capture(neighbour, 1_000)).status).toBe(201);
    await gate.open();
    expect((await call).status).toBe(201);
  });

  describe('a refund', () => {
    it('waits for a capture that is needed to cover it', async () => {
      const id = await gateway.order();
      // Before Klarna has it: a read of the order that came meanwhile would show it, and so cover the refund.
      const gate = await gateAt(gateway, 'before', ordersPath(id, '/captures'));
      const captured = capture(id, 2_500);
      await gate.waiting();
      const refunded = refund(id, 1_000);
      await accepted(gateway, id, 2);
      expect(await sent(id, '/refunds')).toBe(0);
      await gate.open();
      expect([(await captured).status, (await refunded).status]).toEqual([201, 201]);
      await expectRowsLikeLedger(gateway, id);
    });

    it('does not wait for a capture when confirmed ones cover it', async () => {
      const id = await gateway.order();
      await capture(id, 2_500, 'confirmed');
      const gate = await gateAt(gateway, 'before', ordersPath(id, '/captures'));
      const captured = capture(id, 1_000);
      await gate.waiting();
      expect((await refund(id, 2_500)).status).toBe(201);
      await gate.open();
      expect((await captured).status).toBe(201);
      await expectRowsLikeLedger(gateway, id);
    });

    it('waits for a refund before it', async () => {
      const id = await gateway.order();
      await capture(id, 2_500);
      const gate = await gateAt(gateway, 'after', ordersPath(id, '/refunds'));
      const first = refund(id, 1_000);
      await gate.waiting();
      const second = refund(id, 1_500);
      await accepted(gateway, id, 3);
      expect(await sent(id, '/refunds')).toBe(1);
      await gate.open();
      expect([(await first).status, (await second).status]).toEqual([201, 201]);
      expect((await expectRowsLikeLedger(gateway, id)).refunded_amount).toBe(2_500);
    });
  });

  describe('a cancel', () => {
    it('overtakes captures that were never sent; their callers are told that they were withdrawn, for ever', async () => {
      const id = await gateway.order();
      const broken = await unsent(id);
      const keys = [randomUUID(), 'parcel-2', randomUUID()];
      const first = await capture(id, 1_000, 'first', NOW, keys[0]);
      const second = await capture(id, 1_000, 'second', NOW, keys[1]);
      expect([first.status, second.status]).toEqual([202, 202]);
      const cancelled = await gateway.post(ordersPath(id, '/cancel'));
      expect(cancelled.status).toBe(204);
      await broken.end();
      for (const [at, answer] of [first, second].entries()) {
        expect(await operation(gateway, answer)).toMatchObject({ state: 'withdrawn', reason: 'overtaken-by-cancel' });
        for (let repeat = 0; repeat < 2; repeat += 1) {
          const again = await capture(id, 1_000, at === 0 ? 'first' : 'second', {}, keys[at]);
          expect([again.status, again.json]).toMatchObject([409, { error_code: 'OPERATION_WITHDRAWN' }]);
        }
      }
      expect(await expectRowsLikeLedger(gateway, id)).toMatchObject({ status: 'CANCELLED', captures: [] });
    });

    it('overtakes captures whose callers still wait', async () => {
      const id = await gateway.order();
      const broken = await unsent(id);
      const calls = [capture(id, 1_000, 'first'), accepted(gateway, id, 1).then(() => capture(id, 1_000, 'second'))];
      await accepted(gateway, id, 2);
      expect((await gateway.post(ordersPath(id, '/cancel'))).status).toBe(204);
      for (const answer of await Promise.all(calls)) {
        expect([answer.status, answer.json]).toMatchObject([409, { error_code: 'OPERATION_WITHDRAWN' }]);
      }
      await broken.end();
      expect(await expectRowsLikeLedger(gateway, id)).toMatchObject({ status: 'CANCELLED', captures: [] });
    });

    it('waits for a capture that may have happened, and is then judged by Klarna', async () => {
      const id = await gateway.order();
      const broken = await lasting(gateway, 'reset_after', { method: 'POST', path: ordersPath(id, '/captures') });
      const captured = await capture(id, 1_000, 'parcel', NOW);
      const cancel = await atOnce(gateway.post(ordersPath(id, '/cancel')));
      expect(cancel.status).toBe(202);
      expect(cancel.json).toMatchObject({ state: 'accepted', blocked_by: operationIn(captured) });
      expect(await sent(id, '/cancel')).toBe(0);
      await broken.end();
      expect((await settled(gateway, captured)).state).toBe('succeeded');
      expect(await settled(gateway, cancel)).toMatchObject({ state: 'rejected', answer: { status: 403 } });
      await expectRowsLikeLedger(gateway, id);
    });

    it('waits for a capture that is on its way', async () => {
      const id = await gateway.order();
      const gate = await gateAt(gateway, 'before', ordersPath(id, '/captures'));
      const captured = capture(id, 1_000);
      await gate.waiting();
      const cancel = gateway.post(ordersPath(id, '/cancel'));
      await accepted(gateway, id, 2);
      expect(await sent(id, '/cancel')).toBe(0);
      await gate.open();
      expect([(await captured).status, (await cancel).status]).toEqual([201, 403]);
    });
  });

  it('a release waits for the captures and refunds before it', async () => {
    const id = await gateway.order();
    await capture(id, 2_000, 'confirmed');
    const captures = await gateAt(gateway, 'before', ordersPath(id, '/captures'));
    const refunds = await gateAt(gateway, 'before', ordersPath(id, '/refunds'));
    const before = [capture(id, 1_000), refund(id, 500)];
    await Promise.all([captures.waiting(), refunds.waiting()]);
    const release = gateway.post(ordersPath(id, RELEASE));
    await accepted(gateway, id, 4);
    await captures.open();
    expect((await before[0])?.status).toBe(201);
    expect(await sent(id, RELEASE)).toBe(0);
    await refunds.open();
    expect([(await before[1])?.status, (await release).status]).toEqual([201, 204]);
    expect(await expectRowsLikeLedger(gateway, id)).toMatchObject({ captured_amount: 3_000, remaining_authorized_amount: 0 });
  });

  describe('an update of the authorization', () => {
    const update = (id: string, amount: number) =>
      gateway.call('PATCH', ordersPath(id, '/authorization'), { body: { order_amount: amount } });
    const updates = async (id: string) => (await requests(gateway, { method: 'PATCH', path: ordersPath(id, '/authorization') })).length;

    it('waits for the captures and refunds before it', async () => {
      const id = await gateway.order();
      await capture(id, 2_000, 'confirmed');
      const captures = await gateAt(gateway, 'before', ordersPath(id, '/captures'));
      const refunds = await gateAt(gateway, 'before', ordersPath(id, '/refunds'));
      const before = [capture(id, 1_000), refund(id, 500)];
      await Promise.all([captures.waiting(), refunds.waiting()]);
      const updated = update(id, 3_000);
      await accepted(gateway, id, 4);
      await captures.open();
      expect((await before[0])?.status).toBe(201);
      expect(await updates(id)).toBe(0);
      await refunds.open();
      expect([(await before[1])?.status, (await updated).status]).toEqual([201, 204]);
      expect(await expectRowsLikeLedger(gateway, id)).toMatchObject({ order_amount: 3_000, remaining_authorized_amount: 0 });
    });

    it.each([
      ['capture', 'POST', '/captures', { captured_amount: 9_000 }, 201],
      ['update', 'PATCH', '/authorization', { order_amount: 9_500 }, 204],
      ['release', 'POST', RELEASE, undefined, 403],
      ['cancel', 'POST', '/cancel', undefined, 204],
    ] as const)('is waited for by a %s', async (_, method, path, body, status) => {
      const id = await gateway.order();
      const gate = await gateAt(gateway, 'after', ordersPath(id, '/authorization'), 'PATCH');
      const updated = update(id, 9_000);
      await gate.waiting();
      const before = (await requests(gateway, { method, path: ordersPath(id, path) })).length;
      const behind = gateway.call(method, ordersPath(id, path), { ...(body === undefined ? {} : { body }) });
      await accepted(gateway, id, 2);
      expect((await requests(gateway, { method, path: ordersPath(id, path) })).length).toBe(before);
      await gate.open();
      expect([(await updated).status, (await behind).status]).toEqual([204, status]);
      await expectRowsLikeLedger(gateway, id);
    });

    it('is not waited for by a refund', async () => {
      const id = await gateway.order();
      await capture(id, 2_500);
      const gate = await gateAt(gateway, 'before', ordersPath(id, '/authorization'), 'PATCH');
      const updated = update(id, 9_000);
      await gate.waiting();
      expect((await refund(id, 500)).status).toBe(201);
      await gate.open();
      expect((await updated).status).toBe(204);
      await expectRowsLikeLedger(gateway, id);
    });
  });

  it('one that a person must look at holds back its own kind alone', async () => {
    const id = await gateway.order();
    const manual = await manualCapture(gateway, id, 2_500);
    const behind = await atOnce(capture(id, 1_000, 'behind'));
    expect(behind.status).toBe(202);
    expect(behind.json).toMatchObject({ state: 'accepted', blocked_by: manual });
    // What was made elsewhere covers a refund once it was seen.
    await gateway.get(ordersPath(id));
    expect((await refund(id, 500)).status).toBe(201);
    const resolved = await gateway.post(`/operations/${manual}/resolve`, { outcome: 'rejected', reason: 'both were made in the portal' });
    expect(resolved.status).toBe(200);
    expect((await settled(gateway, behind)).state).toBe('succeeded');
    expect((await gateway.post(ordersPath(id, RELEASE))).status).toBe(204);
    const ledger = await gateway.ledger(id);
    expect([ledger.captured_amount, ledger.refunded_amount, ledger.remaining_authorized_amount]).toEqual([6_000, 500, 0]);
  });

  it('one that a person must look at does not keep a release or a cancel', async () => {
    const id = await gateway.order();
    await manualCapture(gateway, id, 2_500);
    // Klarna judges: there are captures.
    expect((await gateway.post(ordersPath(id, '/cancel'))).status).toBe(403);
    expect((await gateway.post(ordersPath(id, RELEASE))).status).toBe(204);
  });
});

describe('a cancel that came while a capture was on its way', () => {
  let simulator: Simulator;
  /** In front of Klarna: captures wait here and are turned away in the end, everything else passes. */
  let door: Server;
  let gateway: TestGateway;
  let arrive: () => void;
  let turnAway: () => void;
  const arrived = new Promise<void>((resolve) => (arrive = resolve));
  const turnedAway = new Promise<void>((resolve) => (turnAway = resolve));

  beforeAll(async () => {
    simulator = await startSimulator();
    door = createServer((request, response) => {
      if (request.url?.endsWith('/captures')) {
        arrive();
        void turnedAway.then(() => response.writeHead(429).end());
        return;
      }
      const { method, headers, url = '/' } = request;
      const behind = call(simulator.url + url, { method, headers, agent: false }, (answer) => {
        response.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(response);
      });
      request.pipe(behind);
    });
    await new Promise<void>((resolve) => door.listen(0, '127.0.0.1', resolve));
    const { port } = door.address() as AddressInfo;
    gateway = await testGateway({ simulator, env: { KLARNA_BASE_URL: `http://127.0.0.1:${port}`, RETRY_DELAYS_MS: '60000' } });
  });
  afterAll(async () => {
    await gateway.close();
    door.closeAllConnections();
    await new Promise((resolve) => door.close(resolve));
    await simulator.close();
  });

  it('overtakes it as soon as Klarna has turned it away', async () => {
    const id = await gateway.order();
    const body = { captured_amount: 1_000 };
    const capture = await gateway.call('POST', ordersPath(id, '/captures'), { body, headers: NOW });
    await arrived;
    const cancel = await gateway.post(ordersPath(id, '/cancel'));
    expect(cancel.json).toMatchObject({ state: 'accepted', blocked_by: operationIn(capture) });
    turnAway();
    expect(await settled(gateway, cancel)).toMatchObject({ state: 'succeeded', answer: { status: 204 } });
    expect(await operation(gateway, capture)).toMatchObject({ state: 'withdrawn', reason: 'overtaken-by-cancel' });
    expect(await expectRowsLikeLedger(gateway, id)).toMatchObject({ status: 'CANCELLED', captures: [] });
  });
});
