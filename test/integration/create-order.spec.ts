import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Alerts } from '../../src/telemetry/alerts.js';
import { type Answer, type Cart, cartOf } from '../support/client.js';
import { testGateway, type TestGateway } from '../support/gateway.js';
import { expectRowsLikeLedger, gateAt, lasting, operation, operationIn, requests, settled, timeline, told } from '../support/scene.js';
import { renewsNoLease } from '../support/standing-still.js';
import { pass } from '../support/time.js';
import { until } from '../support/until.js';

const orderIn = ({ json }: Answer): string => (json as { order_id: string }).order_id;

describe('create order', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await testGateway();
  });
  afterAll(() => gateway.close());
  beforeEach(async () => {
    await gateway.simulate('DELETE', '/simulator/behaviour');
  });

  // Amounts differ, so that a session is found by its amount.
  let amount = 10_000;
  /** An authorization, and how to place its order. */
  async function authorization(on: TestGateway = gateway) {
    const { token, cart, sessionId } = await on.authorized(cartOf((amount += 500)));
    const path = `/payments/v1/authorizations/${token}/order`;
    const place = (prefer?: string, body: Cart = cart, at: TestGateway = on) =>
      at.call('POST', path, { body, headers: prefer === undefined ? {} : { Prefer: prefer } });
    const sent = () => requests(on, { method: 'POST', path });
    return { token, cart, sessionId, path, place, sent, match: { method: 'POST', path } };
  }

  describe('when Klarna is asked again with a token that has placed its order', () => {
    it('answers with the order that Klarna names again', async () => {
      const { place, match, sent } = await authorization();
      await gateway.fault('reset_after', match);
      const answer = await place();
      expect(answer.status).toBe(200);
      expect(await sent()).toHaveLength(2);
      await expectRowsLikeLedger(gateway, orderIn(answer));
    });

    it.each(['consumed', 'session_completed', 'already_completed'])(
      'leaves it to a person when Klarna says %s: the order exists and its id is not to be had',
      async (repeated_token) => {
        await gateway.behave({ repeated_token });
        const { place, match, path } = await authorization();
        await gateway.fault('reset_after', match);
        const answer = await place();
        expect([answer.status, answer.json]).toMatchObject([503, { error_code: 'TEMPORARILY_UNAVAILABLE' }]);
        expect(await settled(gateway, answer, ['manual'])).toMatchObject({ reason: 'placed-without-id', answer: null });
        expect(gateway.app.get(Alerts).count('operation.manual')).toBeGreaterThanOrEqual(1);
        // It stays like this for every repeat, and nothing is sent for them.
        const count = (await requests(gateway, match)).length;
        const again = await place();
        expect([again.status, operationIn(again)]).toEqual([503, operationIn(answer)]);
        expect(await requests(gateway, match)).toHaveLength(count);

        const { orders } = (await gateway.simulate('GET', '/simulator/ledger/orders')) as { orders: { order_id: string }[] };
        const ledgers = await Promise.all(orders.map(({ order_id: id }) => gateway.ledger(id)));
        const id = ledgers.find((ledger) => ledger.requests.some((each) => each.path === path))?.order_id ?? '';
        const resolved = await gateway.post(`/operations/${operationIn(answer)}/resolve`, {
          outcome: 'succeeded',
          provider_id: id,
          reason: 'found in the portal',
        });
        expect(resolved.status).toBe(200);
        const final = await place();
        expect([final.status, orderIn(final)]).toEqual([200, id]);
        expect((await timeline(gateway, id)).find(({ type }) => type === 'order.created')?.data).toMatchObject({ late: true });
        await expectRowsLikeLedger(gateway, id);
      },
    );
  });

  it('answers an equal repeat with the first answer, and Klarna hears nothing of it', async () => {
    const { place, sent, cart } = await authorization();
    const first = await place();
    const reordered = Object.fromEntries(Object.entries(cart).reverse()) as Cart;
    for (const repeat of [await place(), await place(undefined, reordered)]) {
      expect(told(repeat)).toEqual(told(first));
      expect(repeat.headers['idempotent-replayed']).toBe('true');
    }
    expect(await sent()).toHaveLength(1);
  });

  it('joins equal requests that come at the same time', async () => {
    const { place, sent, path } = await authorization();
    const gate = await gateAt(gateway, 'before', path);
    const calls = Array.from({ length: 8 }, () => place());
    await gate.waiting();
    await gate.open();
    const answers = await Promise.all(calls);
    expect(new Set(answers.map((answer) => JSON.stringify(told(answer)))).size).toBe(1);
    expect(answers[0]?.status).toBe(200);
    expect(await sent()).toHaveLength(1);
  });

  it('goes on for a caller who joined when the first one has gone', async () => {
    const { place, sent, match } = await authorization();
    await gateway.fault('timeout_before', match);
    const first = place('wait=1');
    await until('it is on its way', async () => (await sent()).length === 1);
    const joined = await place('wait=10');
    expect((await first).status).toBe(503);
    expect(joined.status).toBe(200);
    expect(await sent()).toHaveLength(2);
    await expectRowsLikeLedger(gateway, orderIn(joined));
  });

  it('refuses another body while one is open, with its address, and lets Klarna judge it afterwards', async () => {
    const { place, sent, path, cart } = await authorization();
    const other = { ...cart, merchant_reference1: 'other' };
    const gate = await gateAt(gateway, 'before', path);
    const first = place();
    await gate.waiting();
    const refused = await place(undefined, other);
    expect([refused.status, refused.json]).toMatchObject([409, { error_code: 'OPERATION_PENDING' }]);
    expect(await operation(gateway, refused)).toMatchObject({ kind: 'payments.create-order', state: 'running' });
    expect(await sent()).toHaveLength(1);
    await gate.open();
    const placed = await first;
    expect(placed.status).toBe(200);
    const judged = await place(undefined, other);
    expect([judged.status, judged.json]).toMatchObject([409, { error_code: 'BAD_VALUE' }]);
    // The order that exists is not touched by it.
    expect(told(await place())).toEqual(told(placed));
    await expectRowsLikeLedger(gateway, orderIn(placed));
  });

  it.each([false, true])('begins anew after a refusal, and Klarna judges (errors remembered: %s)', async (sticky_errors) => {
    await gateway.behave({ sticky_errors });
    const { place, sent, cart } = await authorization();
    const refused = await place(undefined, cartOf(cart.order_amount + 100));
    expect([refused.status, refused.json]).toMatchObject([409, { error_code: 'BAD_VALUE' }]);
    const repaired = await place();
    expect(repaired.status).toBe(sticky_errors ? 409 : 200);
    const again = await place();
    expect(again.status).toBe(sticky_errors ? 409 : 200);
    // A refusal is no answer of record: only the order is.
    expect(await sent()).toHaveLength(sticky_errors ? 3 : 2);
  });

  describe('after its caller has gone', () => {
    it('only finds out: an order that is absent is given up, and nothing more is sent', async () => {
      const { place, match, sent } = await authorization();
      const broken = await lasting(gateway, 'reset_before', match);
      const answer = await place('wait=1');
      expect([answer.status, answer.json]).toMatchObject([503, { error_code: 'TEMPORARILY_UNAVAILABLE' }]);
      await broken.end();
      const count = (await sent()).length;
      const view = await settled(gateway, answer);
      expect(view).toMatchObject({ state: 'abandoned', reason: 'not-found' });
      expect(view.history.filter(({ type, outcome }) => type === 'reading' && outcome === 'absent').length).toBeGreaterThanOrEqual(2);
      expect(await sent()).toHaveLength(count);
      // An equal repeat opens it again: the same operation, which is sent while this caller waits.
      const again = await place();
      expect(again.status).toBe(200);
      expect(await operation(gateway, answer)).toMatchObject({ state: 'succeeded', order_id: orderIn(again) });
      expect((await sent()).length).toBe(count + 1);
      await expectRowsLikeLedger(gateway, orderIn(again));
    });

    it('finds an order that was placed, and says that it comes late', async () => {
      const { place, match, sent } = await authorization();
      const broken = await lasting(gateway, 'reset_after', match);
      const answer = await place('wait=1');
      expect(answer.status).toBe(503);
      await broken.end();
      const view = await settled(gateway, answer);
      expect(view.history.map(({ type, outcome }) => `${type} ${outcome}`)).toContain('reading placed');
      const id = view.order_id ?? '';
      expect(view).toMatchObject({ state: 'succeeded', answer: { status: 200, body: { order_id: id } } });
      expect((await timeline(gateway, id)).find(({ type }) => type === 'order.created')?.data).toMatchObject({ late: true });
      expect((await sent()).filter(({ executed }) => executed)).toHaveLength(1);
      expect(orderIn(await place())).toBe(id);
      await expectRowsLikeLedger(gateway, id);
    });

    it('has not placed the order that another request with this token has placed, and nobody has to look', async () => {
      const { place, match, cart } = await authorization();
      const placed = await place();
      const broken = await lasting(gateway, 'reset_before', match);
      const answer = await place('wait=1', cartOf(cart.order_amount + 1));
      expect(answer.status).toBe(503);
      await broken.end();
      const view = await settled(gateway, answer);
      expect(view).toMatchObject({ state: 'abandoned', reason: 'not-found', order_id: null });
      expect(orderIn(await place())).toBe(orderIn(placed));
      await expectRowsLikeLedger(gateway, orderIn(placed));
    });

    it('is opened again by an equal repeat while it is still being found out', async () => {
      const patient = await testGateway({ env: { QUIET_PERIOD_MS: '60000' } });
      try {
        const { place, match, sent } = await authorization(patient);
        const broken = await lasting(patient, 'reset_before', match);
        const answer = await place('wait=1');
        await broken.end();
        const count = (await sent()).length;
        expect((await operation(patient, answer)).state).toBe('unknown');
        const again = await place();
        expect(again.status).toBe(200);
        expect(await operation(patient, answer)).toMatchObject({ state: 'succeeded' });
        expect(await sent()).toHaveLength(count + 1);
      } finally {
        await patient.close();
      }
    });

    it('is abandoned at once when Klarna has turned all attempts away, and a repeat is as good as new', async () => {
      const { place, match } = await authorization();
      const broken = await lasting(gateway, 'status', match, { code: 403, body: '' });
      const answer = await place('wait=1');
      expect(answer.status).toBe(503);
      expect(await settled(gateway, answer)).toMatchObject({ state: 'abandoned', reason: 'wait-over' });
      await broken.end();
      expect((await place()).status).toBe(200);
    });
  });

  it('is not sent a second time while an attempt may be under way whose process has died', async () => {
    const timeoutMs = 2_500;
    const env = { KLARNA_TIMEOUT_MS: String(timeoutMs), ANSWER_WAIT_MS: '10000', LEASE_MS: '400' };
    const dying = await testGateway({ env: { ...env, ROLE: 'api' } });
    const { simulator, database } = dying;
    const living = await testGateway({ simulator, database, env });
    try {
      const { place, match, sent } = await authorization(dying);
      await dying.fault('timeout_before', match);
      const left = place('wait=1');
      await until('it is on its way', async () => (await sent()).length === 1);
      renewsNoLease(dying.app);
      const answer = await place(undefined, undefined, living);
      expect(answer.status).toBe(200);
      expect((await left).status).toBe(503);
      const [first, second, ...more] = (await sent()) as unknown as { at: string }[];
      expect(more).toHaveLength(0);
      expect(Date.parse(second?.at ?? '') - Date.parse(first?.at ?? '')).toBeGreaterThanOrEqual(timeoutMs - 50);
    } finally {
      await living.close();
      await dying.close();
    }
  });
});

describe('create order with Prefer: respond-async', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await testGateway({ env: { CLOCK: 'simulator', RETRY_DELAYS_MS: '60000' } });
  });
  afterAll(() => gateway.close());

  let amount = 50_000;
  async function authorization() {
    const { token, cart } = await gateway.authorized(cartOf((amount += 500)));
    const path = `/payments/v1/authorizations/${token}/order`;
    const place = (prefer?: string) => gateway.call('POST', path, { body: cart, headers: prefer === undefined ? {} : { Prefer: prefer } });
    return { place, sent: () => requests(gateway, { method: 'POST', path }), match: { method: 'POST', path }, path };
  }
  const waits = (of: Answer) => until('it waits for the schedule', async () => (await operation(gateway, of)).next_attempt_at);

  it('is answered 202 at once and placed without its caller', async () => {
    const { place, path } = await authorization();
    const gate = await gateAt(gateway, 'before', path);
    const answer = await place('respond-async');
    expect([answer.status, answer.headers['location']]).toEqual([202, `/operations/${operationIn(answer)}`]);
    expect(Number(answer.headers['retry-after'])).toBeGreaterThanOrEqual(1);
    expect(answer.json).toMatchObject({ id: operationIn(answer), kind: 'payments.create-order', class: 'bounded' });
    await gate.open();
    const view = await settled(gateway, answer);
    expect(view.state).toBe('succeeded');
    const repeat = await place();
    expect([repeat.status, orderIn(repeat)]).toEqual([200, view.order_id]);
    await expectRowsLikeLedger(gateway, orderIn(repeat));
  });

  it('is repeated without its caller, until the token is 50 minutes old', async () => {
    const { place, match, sent } = await authorization();
    const broken = await lasting(gateway, 'status', match, { code: 429 });
    const answer = await place('respond-async');
    await waits(answer);
    await pass(61, gateway);
    await until('it was sent again', async () => (await sent()).length >= 2);
    await waits(answer);
    const count = (await sent()).length;
    await broken.end();
    await pass(50 * 60, gateway);
    expect(await settled(gateway, answer)).toMatchObject({ state: 'abandoned', reason: 'wait-over' });
    expect(await sent()).toHaveLength(count);
  });

  it('is stopped by a cancel before anything happened: withdrawn, and the token is free', async () => {
    const { place, match, sent } = await authorization();
    const broken = await lasting(gateway, 'status', match, { code: 429 });
    const answer = await place('respond-async');
    await waits(answer);
    const stopped = await gateway.post(`/operations/${operationIn(answer)}/cancel`);
    expect([stopped.status, stopped.json]).toMatchObject([200, { state: 'withdrawn', reason: 'stopped' }]);
    await broken.end();
    const count = (await sent()).length;
    await pass(300, gateway);
    expect(await sent()).toHaveLength(count);
    expect((await place()).status).toBe(200);
  });

  it.each([
    { kind: 'reset_before', state: 'withdrawn', looks: 'absent' },
    { kind: 'reset_after', state: 'succeeded', looks: 'placed' },
  ])('is only found out after a cancel when it may have happened ($kind: $state)', async ({ kind, state, looks }) => {
    const { place, match, sent } = await authorization();
    const broken = await lasting(gateway, kind, match);
    const answer = await place('respond-async');
    await waits(answer);
    const stopped = await gateway.post(`/operations/${operationIn(answer)}/cancel`);
    expect([stopped.status, stopped.json]).toMatchObject([200, { state: 'unknown' }]);
    await broken.end();
    const before = (await sent()).filter(({ executed }) => executed).length;
    const view = await until('it was found out', async () => {
      const seen = await operation(gateway, answer);
      if (seen.state === state) return seen;
      if (seen.next_attempt_at !== null) await pass(70, gateway);
      return false;
    });
    expect(view.history.map(({ type, outcome }) => `${type} ${outcome}`)).toContain(`reading ${looks}`);
    expect((await sent()).filter(({ executed }) => executed)).toHaveLength(before);
  });
});
