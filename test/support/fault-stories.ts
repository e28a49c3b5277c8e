import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { type Answer, cartOf } from './client.js';
import { testGateway, type TestGateway } from './gateway.js';
import { expectRowsLikeLedger, lasting, lastSequence, operationIn, ordersPath, requests, settled, told } from './scene.js';
import { chargeOf, customerToken, orderIn, REQUEST, tokenPath } from './tokens.js';

/** What a fault tells the gateway. `garbled`: a 2xx that lacks what this write's answer must have; `plain`: one that lacks only an id. */
type Meaning = 'unknown' | 'retry' | 'configuration' | 'conflict' | 'garbled' | 'plain' | 'late';

interface FaultRow {
  name: string;
  kind: string;
  means: Meaning;
  /** Klarna has executed it. */
  executes: boolean;
  /** It holds other operations of the account. */
  alone?: true;
  more?: Record<string, unknown>;
}

const FAULTS: FaultRow[] = [
  { name: 'timeout_before', kind: 'timeout_before', means: 'unknown', executes: false },
  { name: 'timeout_after', kind: 'timeout_after', means: 'unknown', executes: true },
  { name: 'reset_before', kind: 'reset_before', means: 'unknown', executes: false },
  { name: 'reset_after', kind: 'reset_after', means: 'unknown', executes: true },
  { name: 'status 500', kind: 'status', more: { code: 500 }, means: 'unknown', executes: false },
  { name: 'status 503', kind: 'status', more: { code: 503 }, means: 'unknown', executes: false },
  { name: 'status 408', kind: 'status', more: { code: 408 }, means: 'unknown', executes: false },
  { name: 'status 403 without a body', kind: 'status', more: { code: 403, body: '' }, means: 'retry', executes: false },
  { name: 'status 409', kind: 'status', more: { code: 409 }, means: 'conflict', executes: false },
  { name: 'status_after 500', kind: 'status_after', more: { code: 500 }, means: 'unknown', executes: true },
  { name: 'garbage_after truncated_json', kind: 'garbage_after', more: { variant: 'truncated_json' }, means: 'unknown', executes: true },
  { name: 'garbage_after huge', kind: 'garbage_after', more: { variant: 'huge' }, means: 'unknown', executes: true },
  { name: 'garbage_after html', kind: 'garbage_after', more: { variant: 'html' }, means: 'garbled', executes: true },
  {
    name: 'garbage_after missing_id_header',
    kind: 'garbage_after',
    more: { variant: 'missing_id_header' },
    means: 'plain',
    executes: true,
  },
  { name: 'latency', kind: 'latency', more: { ms: 60 }, means: 'late', executes: true },
  // These two hold the whole account, so they come last, and each alone.
  { name: 'status 429', kind: 'status', more: { code: 429 }, means: 'retry', executes: false, alone: true },
  { name: 'status 401', kind: 'status', more: { code: 401 }, means: 'configuration', executes: false, alone: true },
];

/** One write on something of its own. */
interface Scene {
  method: string;
  path: string;
  call(prefer?: string): Promise<Answer>;
  /** Known once there is an order. */
  orderId(): string | null;
}

interface WriteRow {
  name: string;
  class: 'durable' | 'bounded' | 'interactive';
  api: 'order-management' | 'payments' | 'customer-token' | 'hosted-payment-page';
  /** Its answer must name what was made. */
  named: boolean;
  success: number;
  /** A repeat is the same intent: it has a key, or a token for one. */
  repeatable: boolean;
  /** Klarna shows nothing of its effect: asking again is the only way to find out; a bounded one only its caller may ask. */
  unseen?: true;
  /** Whether its path is its own, so that its scenes can be played side by side. */
  ownPath: boolean;
  /** A second execution does harm: what may have happened is not sent again, however often the fault hits. */
  neverTwice?: true;
  prepare(gateway: TestGateway, amount: number): Promise<Scene>;
}

/** An Order Management write on a new order, after what it needs was done. */
function onOrder(suffix: string, body: unknown, captured: number, method: 'POST' | 'PATCH' = 'POST') {
  return async (gateway: TestGateway, amount: number): Promise<Scene> => {
    const id = await gateway.order(amount);
    // Known as Klarna knows it: what an extension is told by is when the order ended before.
    expect((await gateway.get(ordersPath(id))).status).toBe(200);
    let captureId = '';
    if (captured > 0) {
      const capture = await gateway.post(ordersPath(id, '/captures'), { captured_amount: captured });
      expect(capture.status).toBe(201);
      captureId = capture.headers['capture-id'] ?? '';
    }
    const path = ordersPath(id, suffix.replace('{capture_id}', captureId));
    const key = randomUUID();
    const call = (prefer?: string) => gateway.call(method, path, { body, key, headers: prefer === undefined ? {} : { Prefer: prefer } });
    return { method, path, call, orderId: () => id };
  };
}

/** A change of an order or of a capture that is answered with 204. */
function change(name: string, prepare: WriteRow['prepare'], unseen?: 'unseen'): WriteRow {
  return {
    ...{ name, class: 'durable', api: 'order-management', named: false, success: 204, repeatable: true, ownPath: true, prepare },
    ...(unseen === undefined ? {} : { unseen: true }),
  };
}

const PARCEL = { shipping_info: [{ shipping_company: 'dhl-express', tracking_number: '63456415674545679874' }] };
const UPDATED = {
  order_amount: 9_000,
  order_lines: [{ name: 'Running shoes', quantity: 1, unit_price: 9_000, tax_rate: 2_500, total_amount: 9_000, total_tax_amount: 1_800 }],
};

/** A write that belongs to no order. */
function plain(gateway: TestGateway, method: string, path: string, what: { body: unknown; key?: string }): Scene {
  const call = (prefer?: string) => gateway.call(method, path, { ...what, headers: prefer === undefined ? {} : { Prefer: prefer } });
  return { method, path, call, orderId: () => null };
}

const BY_MAIL = { method: 'email', contact_information: { email: 'alva@example.com' } };

/** A page for a payment session of its own, at Klarna's host. */
async function hostedPage(gateway: TestGateway, amount: number): Promise<{ url: string; id: string }> {
  const session = await gateway.post('/payments/v1/sessions', cartOf(amount));
  const url = `${gateway.simulatorUrl}/payments/v1/sessions/${(session.json as { session_id: string }).session_id}`;
  const page = await gateway.post('/hpp/v1/sessions', { payment_session_url: url });
  expect(page.status).toBe(201);
  return { url, id: (page.json as { session_id: string }).session_id };
}

const WRITES: WriteRow[] = [
  {
    ...{ name: 'capture', class: 'durable', api: 'order-management', named: true, success: 201, repeatable: true, ownPath: true },
    prepare: onOrder('/captures', { captured_amount: 2_500, reference: 'parcel 1' }, 0),
  },
  {
    ...{ name: 'refund', class: 'durable', api: 'order-management', named: true, success: 201, repeatable: true, ownPath: true },
    prepare: onOrder('/refunds', { refunded_amount: 1_500, reference: 'return 1' }, 2_500),
  },
  change('cancel', onOrder('/cancel', undefined, 0)),
  change('release', onOrder('/release-remaining-authorization', undefined, 2_500)),
  change('acknowledge', onOrder('/acknowledge', undefined, 0), 'unseen'),
  change('authorization update', onOrder('/authorization', UPDATED, 0, 'PATCH')),
  change('extension of the authorization', onOrder('/extend-authorization-time', undefined, 0)),
  change('merchant references', onOrder('/merchant-references', { merchant_reference1: 'B', merchant_reference2: '' }, 0, 'PATCH')),
  change('customer details', onOrder('/customer-details', { shipping_address: { given_name: 'Alva', country: 'SE' } }, 0, 'PATCH')),
  change('shipping info', onOrder('/shipping-info', PARCEL, 0)),
  change('shipping info of a capture', onOrder('/captures/{capture_id}/shipping-info', PARCEL, 2_500)),
  change('send-out', onOrder('/captures/{capture_id}/trigger-send-out', undefined, 2_500), 'unseen'),
  change('extension of a due date', onOrder('/captures/{capture_id}/extend-due-date', { number_of_days: 14 }, 2_500, 'PATCH'), 'unseen'),
  {
    ...{ name: 'cancel authorization', class: 'durable', api: 'payments', named: false, success: 204, repeatable: false, ownPath: true },
    prepare: async (gateway, amount) => {
      const { token } = await gateway.authorized(cartOf(amount));
      const path = `/payments/v1/authorizations/${token}`;
      const call = (prefer?: string) => gateway.call('DELETE', path, { headers: prefer === undefined ? {} : { Prefer: prefer } });
      return { method: 'DELETE', path, call, orderId: () => null };
    },
  },
  {
    ...{ name: 'create order', class: 'bounded', api: 'payments', named: true, success: 200, repeatable: true, ownPath: true },
    prepare: async (gateway, amount) => {
      const { token, cart } = await gateway.authorized(cartOf(amount));
      const path = `/payments/v1/authorizations/${token}/order`;
      let orderId: string | null = null;
      const call = async (prefer?: string) => {
        const answer = await gateway.call('POST', path, { body: cart, headers: prefer === undefined ? {} : { Prefer: prefer } });
        if (answer.status === 200) orderId = (answer.json as { order_id: string }).order_id;
        return answer;
      };
      return { method: 'POST', path, call, orderId: () => orderId };
    },
  },
  {
    ...{ name: 'create customer token', class: 'bounded', api: 'payments', named: true, success: 200, repeatable: true, ownPath: true },
    unseen: true,
    prepare: async (gateway, amount) => {
      const { token } = await gateway.authorized(cartOf(amount, { intent: 'tokenize' }));
      return plain(gateway, 'POST', `/payments/v1/authorizations/${token}/customer-token`, { body: REQUEST });
    },
  },
  {
    ...{
      name: 'order of a customer token',
      class: 'durable',
      api: 'customer-token',
      named: true,
      success: 200,
      repeatable: true,
      ownPath: true,
    },
    prepare: async (gateway, amount) => {
      const token = await customerToken(gateway);
      const scene = plain(gateway, 'POST', tokenPath(token, '/order'), { body: chargeOf(amount), key: randomUUID() });
      let id: string | null = null;
      const call = async (prefer?: string) => {
        const answer = await scene.call(prefer);
        if (answer.status === 200) id = orderIn(answer);
        return answer;
      };
      return { ...scene, call, orderId: () => id };
    },
  },
  {
    ...{ name: 'cancel of a customer token', class: 'durable', api: 'customer-token', named: false, success: 202, repeatable: false },
    ownPath: true,
    prepare: async (gateway) =>
      plain(gateway, 'PATCH', tokenPath(await customerToken(gateway), '/status'), { body: { status: 'CANCELLED' } }),
  },
  {
    ...{ name: 'update session', class: 'interactive', api: 'payments', named: false, success: 204, repeatable: false, ownPath: true },
    prepare: async (gateway, amount) => {
      const session = await gateway.post('/payments/v1/sessions', cartOf(amount));
      const path = `/payments/v1/sessions/${(session.json as { session_id: string }).session_id}`;
      const body = cartOf(amount + 5_000);
      const call = (prefer?: string) => gateway.call('POST', path, { body, headers: prefer === undefined ? {} : { Prefer: prefer } });
      return { method: 'POST', path, call, orderId: () => null };
    },
  },
  {
    ...{ name: 'create session', class: 'interactive', api: 'payments', named: true, success: 200, repeatable: false, ownPath: false },
    prepare: (gateway, amount) => {
      const path = '/payments/v1/sessions';
      const body = cartOf(amount);
      const call = (prefer?: string) => gateway.call('POST', path, { body, headers: prefer === undefined ? {} : { Prefer: prefer } });
      return Promise.resolve({ method: 'POST', path, call, orderId: () => null });
    },
  },
  {
    ...{
      name: 'disable page',
      class: 'interactive',
      api: 'hosted-payment-page',
      named: false,
      success: 204,
      repeatable: false,
      ownPath: true,
    },
    prepare: async (gateway, amount) =>
      plain(gateway, 'DELETE', `/hpp/v1/sessions/${(await hostedPage(gateway, amount)).id}`, { body: undefined }),
  },
  {
    ...{
      name: 'distribute page',
      class: 'interactive',
      api: 'hosted-payment-page',
      named: false,
      success: 204,
      repeatable: false,
      ownPath: true,
    },
    neverTwice: true,
    prepare: async (gateway, amount) =>
      plain(gateway, 'POST', `/hpp/v1/sessions/${(await hostedPage(gateway, amount)).id}/distribution`, { body: BY_MAIL }),
  },
  {
    ...{
      name: 'create page',
      class: 'interactive',
      api: 'hosted-payment-page',
      named: true,
      success: 201,
      repeatable: false,
      ownPath: false,
    },
    neverTwice: true,
    prepare: async (gateway, amount) =>
      plain(gateway, 'POST', '/hpp/v1/sessions', { body: { payment_session_url: (await hostedPage(gateway, amount)).url } }),
  },
];

/**
 * What the caller is told:
 * - success: Klarna's answer, within the wait
 * - pending: 202 (durable kinds), or 503 with the operation's address (create order)
 * - unanswered: 503 or 504, and it is over (interactive kinds)
 * - doubtful: the same after one attempt, with no leave to repeat (what does harm twice)
 * - credentials: 502, nothing was executed
 * - refused: Klarna's refusal
 */
type Told = 'success' | 'pending' | 'unanswered' | 'doubtful' | 'credentials' | 'refused';

function expected(write: WriteRow, { fault, lasts }: Cell): Told {
  if (fault.means === 'configuration') return 'credentials';
  if (fault.means === 'late' || (fault.means === 'plain' && !write.named)) return 'success';
  if (fault.means === 'conflict' && !['order-management', 'customer-token'].includes(write.api)) return 'refused';
  if (write.neverTwice && fault.means !== 'retry') return 'doubtful';
  if (!lasts) return 'success';
  if (write.class === 'interactive') return 'unanswered';
  // A key that was answered twice with rubbish is not asked again but the order is read; a truncated answer is none at all.
  const garbled = fault.means === 'garbled' || fault.means === 'plain';
  return garbled && write.api === 'order-management' && write.unseen !== true ? 'success' : 'pending';
}

const LASTS = [false, true];

/** How a scene is played: which fault, and whether it hits once or until the caller has gone. */
interface Cell {
  fault: FaultRow;
  lasts: boolean;
}

/** Declares the tests of some writes: each of the simulator's faults, once and lasting. */
export function describeFaults(api: WriteRow['api']): void {
  let gateway: TestGateway;
  beforeAll(async () => {
    // Nothing dies here, and many scenes share one thread: it gets more time than usual.
    gateway = await testGateway({ env: { ANSWER_WAIT_MS: '10000', KLARNA_TIMEOUT_MS: '2500', LEASE_MS: '4000' } });
  });
  afterAll(() => gateway.close());

  describe.each(WRITES.filter((write) => write.api === api))('$name', (write) => {
    const played = new Map<string, Promise<void>>();
    beforeAll(async () => {
      await playAll(gateway, write, played);
    });

    describe.each([
      { lasts: false, when: 'once' },
      { lasts: true, when: 'until the caller has gone' },
    ])('meets a fault $when', ({ lasts }) => {
      it.each(FAULTS.map((fault) => ({ fault: fault.name, outcome: expected(write, { fault, lasts }) })))(
        '$fault: $outcome, and one effect in the end',
        ({ fault }) => played.get(`${fault} ${lasts}`),
      );
    });
  });
}

/** Plays all scenes of a write side by side, as far as they do not meet each other's faults, and waits until all are over. */
async function playAll(gateway: TestGateway, write: WriteRow, played: Map<string, Promise<void>>): Promise<void> {
  // Amounts differ, so that a session is found by its amount.
  let amount = 20_000;
  const cells = FAULTS.flatMap((fault) => LASTS.map((lasts) => ({ fault, lasts, amount: (amount += 500) })));
  const scenes = await Promise.all(cells.map(async (cell) => ({ ...cell, scene: await write.prepare(gateway, cell.amount) })));
  for (const { scene, ...cell } of scenes) {
    // Scenes on one path would take each other's faults.
    const alone = !write.ownPath || cell.fault.alone === true;
    if (alone) await Promise.allSettled(played.values());
    played.set(`${cell.fault.name} ${cell.lasts}`, play(gateway, write, cell, scene));
  }
  await Promise.allSettled(played.values());
}

async function play(gateway: TestGateway, write: WriteRow, cell: Cell, scene: Scene): Promise<void> {
  const { fault, lasts } = cell;
  const { method, path } = scene;
  const how = expected(write, cell);
  const since = write.ownPath ? 0 : await lastSequence(gateway);
  const calls = () => requests(gateway, { method, path }, since);

  const broken = lasts ? await lasting(gateway, fault.kind, { method, path }, fault.more) : null;
  if (!broken) await gateway.fault(fault.kind, { method, path }, fault.more);
  const first = await scene.call(how === 'pending' || how === 'unanswered' ? 'wait=1' : undefined);
  expectTold(write, first, how, fault.means === 'plain');
  if (how === 'unanswered' || how === 'doubtful') {
    const { state, attempts } = await settled(gateway, first);
    expect(state).toBe('abandoned');
    expect(await calls()).toHaveLength(attempts);
    if (how === 'doubtful') expect(attempts).toBe(1);
  }
  await broken?.end();
  if (how === 'pending') {
    const found = write.class === 'durable' || fault.executes;
    // What certainly did not happen is given up with its caller, seen or not.
    if (write.unseen === true && write.class === 'bounded' && fault.means !== 'retry') await settled(gateway, first, ['unknown']);
    else expect((await settled(gateway, first)).state).toBe(found ? 'succeeded' : 'abandoned');
  }

  // Now that the fault is over, everybody gets what was asked for; who has got it, gets the same again.
  if (how === 'success') {
    if (write.repeatable) {
      const again = await scene.call();
      expect(told(again)).toEqual(told(first));
      expect(again.headers['idempotent-replayed']).toBe('true');
    }
  } else if (how !== 'refused' && (write.repeatable || how !== 'pending')) {
    const again = await scene.call();
    expect(again.status).toBe(write.success);
    if (write.repeatable) expect(told(await scene.call())).toEqual(told(again));
  }

  const executed = (await calls()).filter((each) => each.executed).length;
  if (how === 'refused') expect(executed).toBe(0);
  else if (write.class === 'interactive') expect(executed).toBeGreaterThanOrEqual(1);
  else expect(executed).toBe(1);
  const orderId = scene.orderId();
  if (orderId !== null) await expectRowsLikeLedger(gateway, orderId);
}

function expectTold(write: WriteRow, answer: Answer, how: Told, plain = false): void {
  const code = (answer.json as { error_code?: string } | undefined)?.error_code;
  switch (how) {
    case 'success':
      expect(code).toBeUndefined();
      // Whatever 2xx Klarna says is success.
      if (plain) expect(answer.status).toBeLessThan(300);
      else expect(answer.status).toBe(write.success);
      return;
    case 'pending':
      expect(answer.status).toBe(write.class === 'durable' ? 202 : 503);
      expect(operationIn(answer)).toBeDefined();
      expect(Number(answer.headers['retry-after'])).toBeGreaterThanOrEqual(1);
      if (write.class === 'durable') expect(answer.json).toMatchObject({ id: operationIn(answer), class: 'durable' });
      else expect(code).toBe('TEMPORARILY_UNAVAILABLE');
      return;
    case 'unanswered':
      expect([503, 504]).toContain(answer.status);
      expect(['TEMPORARILY_UNAVAILABLE', 'GATEWAY_TIMEOUT']).toContain(code);
      // On a busy machine the last call may still be under way when its caller leaves: then it may happen.
      if (!write.neverTwice) expect(Number(answer.headers['retry-after'])).toBeGreaterThanOrEqual(1);
      return;
    case 'doubtful':
      expect([503, 504]).toContain(answer.status);
      expect(answer.headers['retry-after']).toBeUndefined();
      return;
    case 'credentials':
      expect([answer.status, code]).toEqual([502, 'PROVIDER_CREDENTIALS']);
      return;
    case 'refused':
      expect(answer.status).toBe(409);
      expect(code).not.toBe('OPERATION_PENDING');
      return;
  }
}
