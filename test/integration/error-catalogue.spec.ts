import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { type CatalogueRow, ERROR_CATALOGUE } from '../../src/klarna/error-catalogue.js';
import { CHECKOUTS, opened } from '../support/checkouts.js';
import { type Answer, cartOf } from '../support/client.js';
import { testGateway, type TestGateway } from '../support/gateway.js';
import { expectRowsLikeLedger, operation, operationIn, type OperationView, ordersPath, requests, settled } from '../support/scene.js';
import { pass } from '../support/time.js';
import { chargeOf, customerToken, REQUEST, tokenPath, tokensMade } from '../support/tokens.js';

/** One write on something of its own, and how often Klarna carried it out. */
interface Scene {
  method: string;
  path: string;
  /** Klarna's status for it. */
  success: number;
  call(prefer?: string): Promise<Answer>;
  /** Null for what is no order's. */
  orderId(): Promise<string | null>;
}

type Write =
  'create order' | 'customer token' | 'charge' | 'update checkout' | 'disable page' | 'capture' | 'refund' | 'cancel' | 'release';

/**
 * The writes that each row is tried on. Those of Order Management that are refused by a code of their own are refused by it.
 */
const WRITES: Readonly<Record<string, readonly Write[]>> = {
  payments: ['create order', 'customer token'],
  'customer-token': ['charge'],
  checkout: ['update checkout'],
  'hosted-payment-page': ['disable page'],
  'order-management': ['capture'],
  'order-management REFUND_NOT_ALLOWED': ['refund'],
  'order-management CANCEL_NOT_ALLOWED': ['cancel'],
  'order-management NOT_ALLOWED': ['release'],
  all: ['create order', 'customer token', 'charge', 'capture'],
};

interface Case extends CatalogueRow {
  name: string;
  write: Write;
}

const CASES: Case[] = ERROR_CATALOGUE.flatMap((row) =>
  (WRITES[`${row.api} ${row.code}`] ?? WRITES[row.api] ?? []).map((write) => {
    const says = row.says === undefined ? '' : ` "${row.says}"`;
    return { ...row, write, name: `${row.status ?? 'no answer'} ${row.code ?? 'without a code'}${says}: ${write}` };
  }),
);

/** What the gateway makes of an answer, by the rules of its status alone. */
function meaningOf({ status, code, api }: CatalogueRow): 'refused' | 'credentials' | 'asked again' {
  if (status === 401 || code === 'MERCHANT_INACTIVE') return 'credentials';
  if (status === null || status >= 500 || status === 429 || (status === 403 && code === null) || code === 'CONFLICT') return 'asked again';
  return api === 'order-management' && status === 409 ? 'asked again' : 'refused';
}

/** What no read at Klarna shows. */
const UNSEEN: readonly Write[] = ['customer token', 'charge'];
/** Klarna takes no key, and once more does no harm. */
const HARMLESS: readonly Write[] = ['update checkout', 'disable page'];

describe("Klarna's errors", () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await testGateway({ env: { CLOCK: 'simulator' } });
  });
  afterAll(() => gateway.close());
  beforeEach(async () => {
    await gateway.simulate('DELETE', '/simulator/faults');
    // An account whose credentials were refused a moment ago is paused.
    await pass(61, gateway);
  });

  // Amounts differ, so that a session is found by its amount.
  let amount = 20_000;
  const prepare: Record<Write, () => Promise<Scene>> = {
    'create order': async () => {
      const { token, cart, sessionId } = await gateway.authorized(cartOf((amount += 500)));
      await gateway.get(`/payments/v1/sessions/${sessionId}`);
      const path = `/payments/v1/authorizations/${token}/order`;
      return scene('POST', path, 200, { body: cart }, async () => {
        const { orders } = (await gateway.simulate('GET', '/simulator/ledger/orders')) as {
          orders: { order_id: string; order_amount: number }[];
        };
        return orders.find((order) => order.order_amount === cart.order_amount)?.order_id ?? null;
      });
    },
    'customer token': async () => {
      const { token, sessionId } = await gateway.authorized(cartOf((amount += 500), { intent: 'tokenize' }));
      await gateway.get(`/payments/v1/sessions/${sessionId}`);
      return scene('POST', `/payments/v1/authorizations/${token}/customer-token`, 200, { body: REQUEST }, () => Promise.resolve(null));
    },
    charge: async () => {
      const token = await customerToken(gateway);
      return scene('POST', tokenPath(token, '/order'), 200, { body: chargeOf(10_000), key: randomUUID() }, async () => {
        return (await tokensMade(gateway, token))?.order_ids[0] ?? null;
      });
    },
    'update checkout': async () => {
      const { id } = await opened(gateway);
      return scene('POST', `${CHECKOUTS}/${id}`, 200, { body: cartOf(15_000) }, () => Promise.resolve(null));
    },
    'disable page': async () => {
      const session = await gateway.post('/payments/v1/sessions', cartOf(10_000));
      const url = `${gateway.simulatorUrl}/payments/v1/sessions/${(session.json as { session_id: string }).session_id}`;
      const page = await gateway.post('/hpp/v1/sessions', { payment_session_url: url });
      const path = `/hpp/v1/sessions/${(page.json as { session_id: string }).session_id}`;
      return scene('DELETE', path, 204, { body: undefined }, () => Promise.resolve(null));
    },
    capture: () => onOrder('/captures', { captured_amount: 2_500, reference: 'parcel 1' }, 0, 201),
    refund: () => onOrder('/refunds', { refunded_amount: 1_500, reference: 'return 1' }, 2_500, 201),
    cancel: () => onOrder('/cancel', undefined, 0, 204),
    release: () => onOrder('/release-remaining-authorization', undefined, 2_500, 204),
  };

  function scene(method: string, path: string, success: number, call: { body: unknown; key?: string }, orderId: Scene['orderId']): Scene {
    const headers = (prefer?: string) => (prefer === undefined ? {} : { headers: { Prefer: prefer } });
    return { method, path, success, orderId, call: (prefer) => gateway.call(method, path, { ...call, ...headers(prefer) }) };
  }

  async function onOrder(suffix: string, body: unknown, captured: number, success: number): Promise<Scene> {
    const id = await gateway.order(10_000);
    if (captured > 0) await gateway.post(ordersPath(id, '/captures'), { captured_amount: captured }, randomUUID());
    // A 404 of an order that was just made is no refusal.
    await pass(130, gateway);
    return scene('POST', ordersPath(id, suffix), success, { body, key: randomUUID() }, () => Promise.resolve(id));
  }

  /** Klarna's answer to the next call of this path. */
  function answerWith({ status, code, says = 'Simulated' }: CatalogueRow, { method, path }: Scene): Promise<unknown> {
    const match = { method, path };
    if (status === null) return gateway.fault('reset_before', match);
    const body = JSON.stringify({ error_code: code, error_messages: [says], correlation_id: 'klarna-1' });
    return gateway.fault('status', match, { code: status, body: code === null ? '' : body });
  }
  const sent = ({ method, path }: Scene) => requests(gateway, { method, path });
  const executed = async (of: Scene) => (await sent(of)).filter((each) => each.executed).length;
  const expectDone = async (of: Scene, { write }: Case) => {
    if (HARMLESS.includes(write)) expect(await executed(of)).toBeGreaterThanOrEqual(1);
    else expect(await executed(of)).toBe(1);
  };
  const expectOrder = async (of: Scene) => {
    const id = await of.orderId();
    if (id !== null) await expectRowsLikeLedger(gateway, id);
  };
  const codeOf = (answer: Answer) => (answer.json as { error_code?: string } | undefined)?.error_code;
  /** Lets the quiet period and what follows it go by. */
  const foundOut = (of: Answer, states: readonly string[]): Promise<OperationView> => settled(gateway, of, states);

  describe('as the first answer', () => {
    it.each(CASES)('$name', async (row) => {
      const of = await prepare[row.write]();
      await answerWith(row, of);
      const answer = await of.call();
      switch (meaningOf(row)) {
        case 'refused': {
          // Klarna's own words, and nothing was done.
          expect([answer.status, codeOf(answer)]).toEqual([row.status, row.code ?? undefined]);
          expect(await sent(of)).toHaveLength(1);
          expect(await executed(of)).toBe(0);
          break;
        }
        case 'credentials':
          expect([answer.status, codeOf(answer)]).toEqual([502, 'PROVIDER_CREDENTIALS']);
          expect(await operation(gateway, answer)).toMatchObject({ state: 'rejected', reason: 'PROVIDER_CREDENTIALS' });
          expect(await executed(of)).toBe(0);
          break;
        case 'asked again':
          expect([answer.status, codeOf(answer)]).toEqual([of.success, undefined]);
          await expectDone(of, row);
          break;
      }
      await expectOrder(of);
    });
  });

  describe('as the answer after an unknown attempt that had done it', () => {
    // A request that was judged as such by its key or bytes can't have been carried out before.
    it.each(CASES.filter(({ write, settles }) => settles !== true || !UNSEEN.includes(write)))('$name', async (row) => {
      const of = await prepare[row.write]();
      await gateway.fault('reset_after', { method: of.method, path: of.path });
      await answerWith(row, of);
      const answer = await of.call();
      await expectDone(of, row);
      const unseen = UNSEEN.includes(row.write);
      if (meaningOf(row) === 'refused' && unseen) {
        // Nothing tells that it was done: it is not called a failure either.
        expect([answer.status, operationIn(answer)]).toEqual([row.write === 'charge' ? 202 : 503, expect.any(String)]);
        const view = await foundOut(answer, row.write === 'charge' ? ['manual'] : ['unknown']);
        expect(view.answer).toBeNull();
        return;
      }
      // The refusal is not believed: the order shows what was done, or asking once more tells. An account whose credentials were refused
      // is asked again after a minute.
      if (meaningOf(row) === 'credentials') await pass(61, gateway);
      const done = answer.status === of.success ? answer : await of.call();
      expect([done.status, codeOf(done)]).toEqual([of.success, undefined]);
      await expectDone(of, row);
      await expectOrder(of);
    });
  });

  describe('as the answer after an unknown attempt that had not', () => {
    it.each(CASES.filter((row) => meaningOf(row) === 'refused'))('$name', async (row) => {
      const of = await prepare[row.write]();
      await gateway.fault('reset_before', { method: of.method, path: of.path });
      await answerWith(row, of);
      const answer = await of.call('wait=1');
      expect(await executed(of)).toBe(0);
      if (UNSEEN.includes(row.write) && row.settles !== true) {
        const view = await foundOut(answer, row.write === 'charge' ? ['manual'] : ['unknown']);
        expect(view.answer).toBeNull();
        return;
      }
      const told = answer.status === row.status ? answer : undefined;
      if (told === undefined) {
        const view = await settled(gateway, answer);
        expect([view.state, view.answer?.status]).toEqual(['rejected', row.status]);
        expect(view.answer?.body).toMatchObject(row.code === null ? {} : { error_code: row.code });
      } else expect(codeOf(told)).toBe(row.code ?? undefined);
      expect(await executed(of)).toBe(0);
      await expectOrder(of);
    });
  });
});
