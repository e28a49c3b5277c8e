import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type CatalogueRow, ERROR_CATALOGUE } from '../../src/klarna/error-catalogue.js';
import type { Answer } from '../support/client.js';
import { type Scene, type WriteRow, WRITES } from '../support/fault-writes.js';
import { testGateway, type TestGateway } from '../support/gateway.js';
import { expectRowsLikeLedger, operation, operationIn, type OperationView, requests, settled } from '../support/scene.js';
import { pass } from '../support/time.js';

/**
 * The writes that each row is tried on. Those of Order Management that are refused by a code of their own are refused by it.
 */
const TRIED: Readonly<Record<string, readonly string[]>> = {
  payments: ['create order', 'create customer token'],
  'customer-token': ['order of a customer token'],
  checkout: ['update checkout'],
  'hosted-payment-page': ['disable page'],
  'order-management': ['capture'],
  'order-management REFUND_NOT_ALLOWED': ['refund'],
  'order-management CANCEL_NOT_ALLOWED': ['cancel'],
  'order-management NOT_ALLOWED': ['release'],
  all: ['create order', 'create customer token', 'order of a customer token', 'update checkout', 'disable page', 'capture'],
};

interface Case extends CatalogueRow {
  row: CatalogueRow;
  name: string;
  write: WriteRow;
}

const CASES: Case[] = ERROR_CATALOGUE.flatMap((row) =>
  (TRIED[`${row.api} ${row.code}`] ?? TRIED[row.api] ?? []).map((tried) => {
    const says = row.says === undefined ? '' : ` "${row.says}"`;
    const name = `${row.status ?? 'no answer'} ${row.code ?? 'without a code'}${says}: ${tried}`;
    return { ...row, row, write: writeOf(tried), name };
  }),
);

function writeOf(name: string): WriteRow {
  const found = WRITES.find((write) => write.name === name);
  if (found === undefined) throw new Error(`There is no write called ${name}`);
  return found;
}

/** What the gateway makes of an answer, by the rules of its status alone. */
function meaningOf({ status, code, api }: CatalogueRow): 'refused' | 'credentials' | 'asked again' {
  if (status === 401 || code === 'MERCHANT_INACTIVE') return 'credentials';
  if (status === null || status >= 500 || status === 429 || (status === 403 && code === null) || code === 'CONFLICT') return 'asked again';
  return api === 'order-management' && status === 409 ? 'asked again' : 'refused';
}

/** What no read at Klarna shows. */
const isUnseen = ({ name }: WriteRow) => ['create customer token', 'order of a customer token'].includes(name);

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
  async function prepare(write: WriteRow): Promise<Scene> {
    const scene = await write.prepare(gateway, (amount += 500));
    // A 404 of an order that was just made is no refusal.
    if (write.api === 'order-management') await pass(130, gateway);
    return scene;
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
    // Klarna takes no key, and once more does no harm.
    if (write.class === 'interactive') expect(await executed(of)).toBeGreaterThanOrEqual(1);
    else expect(await executed(of)).toBe(1);
  };
  const expectOrder = async (of: Scene) => {
    const id = of.orderId();
    if (id !== null) await expectRowsLikeLedger(gateway, id);
  };
  const codeOf = (answer: Answer) => (answer.json as { error_code?: string } | undefined)?.error_code;
  /** Lets the quiet period and what follows it go by. */
  const foundOut = (of: Answer, states: readonly string[]): Promise<OperationView> => settled(gateway, of, states);

  it('are all tried', () => {
    expect(ERROR_CATALOGUE.filter((row) => !CASES.some((each) => each.row === row))).toEqual([]);
  });

  describe('as the first answer', () => {
    it.each(CASES)('$name', async (row) => {
      const of = await prepare(row.write);
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
          expect([answer.status, codeOf(answer)]).toEqual([row.write.success, undefined]);
          await expectDone(of, row);
          break;
      }
      await expectOrder(of);
    });
  });

  describe('as the answer after an unknown attempt that had done it', () => {
    // A request that was judged as such by its key or bytes can't have been carried out before.
    it.each(CASES.filter(({ write, settles }) => settles !== true || !isUnseen(write)))('$name', async (row) => {
      const of = await prepare(row.write);
      await gateway.fault('reset_after', { method: of.method, path: of.path });
      await answerWith(row, of);
      const answer = await of.call();
      await expectDone(of, row);
      const unseen = isUnseen(row.write);
      if (meaningOf(row) === 'refused' && unseen) {
        // Nothing tells that it was done: it is not called a failure either.
        expect([answer.status, operationIn(answer)]).toEqual([row.write.class === 'durable' ? 202 : 503, expect.any(String)]);
        const view = await foundOut(answer, row.write.class === 'durable' ? ['manual'] : ['unknown']);
        expect(view.answer).toBeNull();
        return;
      }
      // The refusal is not believed: the order shows what was done, or asking once more tells. An account whose credentials were refused
      // is asked again after a minute.
      if (meaningOf(row) === 'credentials') await pass(61, gateway);
      const done = answer.status === row.write.success ? answer : await of.call();
      expect([done.status, codeOf(done)]).toEqual([row.write.success, undefined]);
      await expectDone(of, row);
      await expectOrder(of);
    });
  });

  describe('as the answer after an unknown attempt that had not', () => {
    it.each(CASES.filter((row) => meaningOf(row) === 'refused'))('$name', async (row) => {
      const of = await prepare(row.write);
      await gateway.fault('reset_before', { method: of.method, path: of.path });
      await answerWith(row, of);
      const answer = await of.call('wait=1');
      expect(await executed(of)).toBe(0);
      if (isUnseen(row.write) && row.settles !== true) {
        const view = await foundOut(answer, row.write.class === 'durable' ? ['manual'] : ['unknown']);
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
