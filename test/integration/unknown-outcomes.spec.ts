import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { derivedKey } from '../../src/operations/provider-key.js';
import { Alerts } from '../../src/telemetry/alerts.js';
import type { Answer } from '../support/client.js';
import { testGateway, type TestGateway } from '../support/gateway.js';
import {
  expectRowsLikeLedger,
  gateAt,
  lasting,
  manualCapture,
  operation,
  operationIn,
  type OperationView,
  ordersPath,
  rowsOf,
  settled,
  timeline,
  told,
} from '../support/scene.js';
import { renewsNoLease } from '../support/standing-still.js';
import { DAY, HOUR, pass } from '../support/time.js';
import { eventsIn } from '../notifications/told-events.js';
import { until } from '../support/until.js';

const AMOUNT = { captured_amount: 2_500, reference: 'parcel 1' };
/** Klarna's refusal of a repeat, which proves nothing about the first attempt. */
const REFUSED = { code: 403, error_code: 'CAPTURE_NOT_ALLOWED' };

/** Keys that reached Klarna on captures of an order, in order. */
async function keysSent(gateway: TestGateway, orderId: string): Promise<(string | null)[]> {
  const { requests } = await gateway.ledger(orderId);
  return requests.filter(({ method, path }) => method === 'POST' && path.endsWith('/captures')).map((each) => each.idempotency_key);
}

/** Lets business time pass, as long as the operation waits for it, until enough has become of it. */
async function goOn(gateway: TestGateway, of: Answer | string, enough: (view: OperationView) => boolean): Promise<OperationView> {
  return until('enough has become of it', async () => {
    const view = await operation(gateway, of);
    if (enough(view)) return view;
    if (view.next_attempt_at !== null) await pass(70, gateway);
    return false;
  });
}

const steps = ({ history }: OperationView) => history.map(({ type, outcome }) => `${type} ${outcome}`);

describe('an outcome that is not known', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    // After the caller's wait nothing happens by itself until business time moves on.
    gateway = await testGateway({ env: { CLOCK: 'simulator', RETRY_DELAYS_MS: '60000' } });
  });
  afterAll(() => gateway.close());

  it('is read, not believed, when Klarna refuses the repeat: the effect is there and its id is found', async () => {
    const id = await gateway.order();
    const path = ordersPath(id, '/captures');
    await gateway.fault('reset_after', { method: 'POST', path });
    await gateway.fault('status', { method: 'POST', path }, REFUSED);
    const key = randomUUID();
    const answer = await gateway.post(path, AMOUNT, key);
    const ledger = await expectRowsLikeLedger(gateway, id);
    expect(ledger.captures).toHaveLength(1);
    expect([answer.status, answer.headers['capture-id']]).toEqual([201, ledger.captures[0]?.capture_id]);
    expect(answer.headers['location']).toBe(`${gateway.url}${path}/${ledger.captures[0]?.capture_id}`);
    expect(told(await gateway.post(path, AMOUNT, key))).toEqual(told(answer));
  });

  it('is rejected with the refusal when the effect is absent after the quiet period, without a new key', async () => {
    const id = await gateway.order();
    const path = ordersPath(id, '/captures');
    await gateway.fault('reset_before', { method: 'POST', path });
    await gateway.fault('status', { method: 'POST', path }, REFUSED);
    const key = randomUUID();
    const first = await gateway.call('POST', path, { body: AMOUNT, key, headers: { Prefer: 'wait=0' } });
    const view = await goOn(gateway, first, ({ state }) => state === 'rejected');
    expect(steps(view).filter((step) => step === 'reading absent').length).toBeGreaterThanOrEqual(2);
    expect(view.answer).toMatchObject({ status: 403, body: { error_code: 'CAPTURE_NOT_ALLOWED' } });
    const again = await gateway.post(path, AMOUNT, key);
    expect([again.status, again.json]).toMatchObject([403, { error_code: 'CAPTURE_NOT_ALLOWED' }]);
    expect(await keysSent(gateway, id)).toEqual([key, key]);
    expect((await expectRowsLikeLedger(gateway, id)).captures).toHaveLength(0);
  });

  it('is found by reading after two garbled answers, and is not taken for an older capture that looks the same', async () => {
    const id = await gateway.order();
    const path = ordersPath(id, '/captures');
    const older = await gateway.post(path, AMOUNT);
    await gateway.fault('garbage_after', { method: 'POST', path }, { times: 2, variant: 'missing_id_header' });
    const answer = await gateway.post(path, AMOUNT);
    const ledger = await expectRowsLikeLedger(gateway, id);
    expect(ledger.captures.map((each) => each.capture_id)).toEqual([older.headers['capture-id'], answer.headers['capture-id']]);
    expect(await keysSent(gateway, id)).toHaveLength(3);
  });

  it('is not a success of a call without a body because something in between made a 200 of the refusal', async () => {
    const id = await gateway.order();
    await gateway.post(ordersPath(id, '/captures'), AMOUNT);
    const path = ordersPath(id, '/cancel');
    await gateway.fault('garbage_after', { method: 'POST', path }, { variant: 'truncated_json' });
    const key = randomUUID();
    const first = await gateway.call('POST', path, { key, headers: { Prefer: 'wait=0' } });
    const view = await goOn(gateway, first, ({ state }) => state !== 'running' && state !== 'unknown' && state !== 'waiting');
    expect(view).toMatchObject({ state: 'rejected', answer: { status: 403, body: { error_code: 'CANCEL_NOT_ALLOWED' } } });
    expect((await expectRowsLikeLedger(gateway, id)).status).toBe('PART_CAPTURED');
  });

  it('belongs to a person when two captures made elsewhere look like it', async () => {
    const id = await gateway.order();
    expect(await operation(gateway, await manualCapture(gateway, id, 2_500))).toMatchObject({ state: 'manual', reason: 'ambiguous' });
    expect((await timeline(gateway, id)).map(({ type }) => type)).toContain('operation.manual');
    expect(gateway.app.get(Alerts).count('operation.manual')).toBeGreaterThanOrEqual(1);
  });

  describe('past the cut-off of its key', () => {
    /** A capture that nobody at Klarna answered, and whose caller has gone. */
    async function unanswered(kind: string) {
      const id = await gateway.order();
      const path = ordersPath(id, '/captures');
      const key = randomUUID();
      const broken = await lasting(gateway, kind, { method: 'POST', path });
      const answer = await gateway.call('POST', path, { body: AMOUNT, key, headers: { Prefer: 'wait=1' } });
      expect(answer.status).toBe(202);
      // Until the last attempt is over, the clock stands.
      await until('it waits for the schedule', async () => (await operation(gateway, answer)).next_attempt_at);
      return { id, path, key, broken, answer, operationId: operationIn(answer) };
    }
    it('is settled by one look when it had happened; the key, which Klarna has forgotten, is not sent again', async () => {
      const { id, key, broken, answer, path } = await unanswered('reset_after');
      await broken.end();
      const sent = await keysSent(gateway, id);
      await pass(25 * HOUR, gateway);
      expect(await settled(gateway, answer)).toMatchObject({ state: 'succeeded', answer: { status: 201 } });
      expect(await keysSent(gateway, id)).toEqual(sent);
      const ledger = await expectRowsLikeLedger(gateway, id);
      expect(ledger.captures).toHaveLength(1);
      expect((await gateway.post(path, AMOUNT, key)).headers['capture-id']).toBe(ledger.captures[0]?.capture_id);
    });

    it('gets one new key after two looks that show nothing, and one effect', async () => {
      const { id, key, broken, answer, operationId, path } = await unanswered('reset_before');
      await broken.end();
      const sent = await keysSent(gateway, id);
      await pass(21 * HOUR, gateway);
      const view = await goOn(gateway, answer, ({ state }) => state === 'succeeded');
      expect(steps(view).slice(-3)).toEqual(['reading absent', 'reading absent', 'attempt succeeded']);
      expect(await keysSent(gateway, id)).toEqual([...sent, derivedKey(operationId, 2)]);
      expect(new Set(sent)).toEqual(new Set([key]));
      const ledger = await expectRowsLikeLedger(gateway, id);
      expect(ledger.captures).toHaveLength(1);
      expect((await gateway.post(path, AMOUNT, key)).headers['capture-id']).toBe(ledger.captures[0]?.capture_id);
    });

    it('goes to a person when it is absent again after the new key', async () => {
      const { id, broken, answer } = await unanswered('reset_before');
      await pass(21 * HOUR, gateway);
      await goOn(gateway, answer, ({ history }) => history.some(({ generation, outcome }) => generation === 2 && outcome === 'unknown'));
      await until('it waits for the schedule', async () => (await operation(gateway, answer)).next_attempt_at);
      await pass(21 * HOUR, gateway);
      const view = await goOn(gateway, answer, ({ state }) => state === 'manual');
      await broken.end();
      expect(view.reason).toBe('absent-twice');
      expect(new Set(await keysSent(gateway, id)).size).toBe(2);
      expect((await expectRowsLikeLedger(gateway, id)).captures).toHaveLength(0);
    });
  });

  describe('when the authorization is about to end', () => {
    async function nearTheEnd(suffix: string, body: unknown, kind: string, more: Record<string, unknown> = {}) {
      const id = await gateway.order();
      if (suffix === '/refunds') await gateway.post(ordersPath(id, '/captures'), { captured_amount: 2_500 });
      await until('its end is known', async () => (await gateway.stored(id))['expires_at']);
      await pass(27 * DAY, gateway);
      const path = ordersPath(id, suffix);
      const key = randomUUID();
      const broken = await lasting(gateway, kind, { method: 'POST', path }, more);
      const answer = await gateway.call('POST', path, { body, key, headers: { Prefer: 'wait=1' } });
      expect(answer.status).toBe(202);
      await until('it waits for the schedule', async () => (await operation(gateway, answer)).next_attempt_at);
      const sent = (await gateway.ledger(id)).requests.length;
      return { id, path, key, broken, answer, sent };
    }
    const sentTo = async (id: string, path: string) =>
      (await gateway.ledger(id)).requests.filter((each) => each.method === 'POST' && each.path === path).length;

    it('a capture that was never sent is withdrawn, and its key is free', async () => {
      const { id, path, key, broken, answer } = await nearTheEnd('/captures', AMOUNT, 'status', { code: 429 });
      const before = await sentTo(id, path);
      await pass(DAY - 300, gateway);
      expect(await settled(gateway, answer)).toMatchObject({ state: 'withdrawn', reason: 'authorization-ends' });
      expect(await sentTo(id, path)).toBe(before);
      await broken.end();
      // A caller's first attempt always goes out.
      expect((await gateway.post(path, AMOUNT, key)).status).toBe(201);
    });

    it('a capture that had happened is found by reading and not sent again', async () => {
      const { id, path, broken, answer } = await nearTheEnd('/captures', AMOUNT, 'reset_after');
      await broken.end();
      const before = await sentTo(id, path);
      await pass(DAY - 300, gateway);
      expect(await settled(gateway, answer)).toMatchObject({ state: 'succeeded', answer: { status: 201 } });
      expect(await sentTo(id, path)).toBe(before);
      await expectRowsLikeLedger(gateway, id);
    });

    it('a capture that had not happened is withdrawn after reading', async () => {
      const { id, path, key, broken, answer } = await nearTheEnd('/captures', AMOUNT, 'reset_before');
      await broken.end();
      const before = await sentTo(id, path);
      await pass(DAY - 300, gateway);
      const view = await goOn(gateway, answer, ({ state }) => state === 'withdrawn');
      expect(view.reason).toBe('authorization-ends');
      // It was sent once: its key is never used for a second time.
      const again = await gateway.post(path, AMOUNT, key);
      expect([again.status, again.json]).toMatchObject([409, { error_code: 'OPERATION_WITHDRAWN' }]);
      expect(await sentTo(id, path)).toBe(before);
      expect((await gateway.ledger(id)).captures).toHaveLength(0);
    });

    it('a refund goes on', async () => {
      const { id, broken, answer } = await nearTheEnd('/refunds', { refunded_amount: 500 }, 'status', { code: 429 });
      await pass(2 * DAY, gateway);
      await until('it waits again', async () => (await operation(gateway, answer)).next_attempt_at);
      await broken.end();
      await pass(70, gateway);
      expect((await settled(gateway, answer)).state).toBe('succeeded');
      expect((await gateway.ledger(id)).refunds).toHaveLength(1);
    });
  });
});

describe('a process that was thought dead', () => {
  /** Serves callers, waits for Klarna as long as it takes, and can be made to renew no lease: as if it were stopped. */
  let zombie: TestGateway;
  let other: TestGateway;
  beforeAll(async () => {
    zombie = await testGateway({ env: { ROLE: 'api', CLOCK: 'simulator', KLARNA_TIMEOUT_MS: '60000' } });
    const { simulator, database } = zombie;
    other = await testGateway({ simulator, database, env: { ROLE: 'worker', CLOCK: 'simulator' } });
  });
  afterAll(async () => {
    await other.close();
    await zombie.close();
  });

  /** A capture whose first call stands at a gate while its process has stopped renewing. */
  async function stopped(at: 'before' | 'after', prefer?: string) {
    const id = await zombie.order();
    const path = ordersPath(id, '/captures');
    const gate = await gateAt(zombie, at, path);
    const key = randomUUID();
    const call = zombie.call('POST', path, { body: AMOUNT, key, headers: prefer === undefined ? {} : { Prefer: prefer } });
    await gate.waiting();
    return { id, path, key, gate, call, stop: () => renewsNoLease(zombie.app) };
  }
  const attemptsOf = (orderId: string) =>
    rowsOf<{ number: number; fence: number; outcome: string | null }>(
      zombie.database,
      `SELECT a.number, a.fence, a.outcome FROM attempts a JOIN operations o ON o.id = a.operation_id
        WHERE o.lane = $1 AND o.kind = 'order-management.capture' ORDER BY a.number`,
      [orderId],
    );

  it('is overtaken: its caller gets the answer that another process fetched, and what it brings late is kept', async () => {
    const { id, key, path, gate, call, stop } = await stopped('after');
    stop();
    const answer = await call;
    expect(answer.status).toBe(201);
    expect((await attemptsOf(id)).map(({ outcome }) => outcome)).toEqual([null, 'succeeded']);
    await gate.open();
    await until('the late answer is there', async () => (await attemptsOf(id)).every(({ outcome }) => outcome === 'succeeded'));
    const ledger = await expectRowsLikeLedger(zombie, id);
    expect(ledger.captures.map((each) => each.capture_id)).toEqual([answer.headers['capture-id']]);
    expect(told(await zombie.post(path, AMOUNT, key))).toEqual(told(answer));
    expect(zombie.app.get(Alerts).count('operation.contradicted')).toBe(0);
  });

  it('settles what nobody else could settle, with its late answer, and sends nothing more', async () => {
    const { id, key, path, gate, call, stop } = await stopped('after', 'wait=1');
    const broken = await lasting(zombie, 'reset_before', { method: 'POST', path });
    stop();
    const pending = await call;
    expect(pending.status).toBe(202);
    await until('another process has tried', async () => (await attemptsOf(id)).some(({ outcome }) => outcome === 'unknown'));
    await gate.open();
    expect((await settled(zombie, pending)).state).toBe('succeeded');
    await broken.end();
    const own = (await attemptsOf(id)).filter(({ fence }) => fence === 1);
    expect(own).toEqual([{ number: 1, fence: 1, outcome: 'succeeded' }]);
    const ledger = await expectRowsLikeLedger(zombie, id);
    expect((await zombie.post(path, AMOUNT, key)).headers['capture-id']).toBe(ledger.captures[0]?.capture_id);
  });

  it('contradicts what was settled meanwhile: its success wins, loudly', async () => {
    const { id, key, path, gate, call, stop } = await stopped('before', 'wait=1');
    await zombie.fault('status', { method: 'POST', path }, REFUSED);
    stop();
    const pending = await call;
    // The quiet period counts from when the stopped call must have been over.
    const rejected = await settled(zombie, pending, ['rejected']);
    expect(steps(rejected).filter((step) => step === 'reading absent').length).toBeGreaterThanOrEqual(2);
    await gate.open();
    expect(await settled(zombie, pending, ['succeeded'])).toMatchObject({ answer: { status: 201 } });
    expect(zombie.app.get(Alerts).count('operation.contradicted')).toBe(1);
    const entries = (await timeline(zombie, id)).map(({ type }) => type);
    expect(entries.filter((type) => type === 'operation.contradicted')).toHaveLength(1);
    expect(entries).toContain('order.captured');
    const told = await eventsIn(zombie.database, 'operation_id = $1', [rejected.id]);
    expect(told.map(({ type }) => type)).toEqual(['operation.waiting', 'operation.failed', 'order.captured', 'operation.contradicted']);
    expect(told.at(-1)?.data).toMatchObject({ was: 'rejected', status: 201 });
    const ledger = await expectRowsLikeLedger(zombie, id);
    expect((await zombie.post(path, AMOUNT, key)).headers['capture-id']).toBe(ledger.captures[0]?.capture_id);
  });

  it('moves money twice when it wakes after a day: that is recorded, flagged and told of', async () => {
    const { id, gate, call, stop, path } = await stopped('before', 'wait=1');
    const broken = await lasting(zombie, 'reset_before', { method: 'POST', path });
    stop();
    const pending = await call;
    await until('another process has tried', async () => (await attemptsOf(id)).some(({ outcome }) => outcome === 'unknown'));
    await broken.end();
    const raised = () => zombie.app.get(Alerts).count('operation.contradicted') + other.app.get(Alerts).count('operation.contradicted');
    const before = raised();
    await pass(21 * HOUR, zombie, other);
    // The new key's call and the old one's: both are carried out.
    await gate.waiting(2);
    await gate.open();
    expect((await settled(zombie, pending)).state).toBe('succeeded');
    await until('it is told of', () => raised() === before + 1);
    const ledger = await zombie.ledger(id);
    expect(ledger.captures).toHaveLength(2);
    // The alert is raised a moment before the transaction that stores the second capture is over.
    const { captures } = await until('both are stored', async () => {
      const order = await zombie.stored(id);
      return order['captured_amount'] === 5_000 && order;
    });
    expect(captures).toHaveLength(2);
    expect((await timeline(zombie, id)).map(({ type }) => type)).toEqual(
      expect.arrayContaining(['operation.contradicted', 'order.anomaly']),
    );
  });
});
