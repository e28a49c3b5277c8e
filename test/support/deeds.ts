import { expect } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { type Answer, cartOf, type Client } from './client.js';
import type { TestDatabase } from './postgres.js';
import { expectRowsLikeLedger, ordersPath, requests, told } from './scene.js';
import { until } from './until.js';

/** One write that moves money or places an order, on an order (or session) of its own. */
export interface Deed {
  readonly name: DeedName;
  readonly kind: string;
  readonly path: string;
  /** Klarna's status for it. */
  readonly status: number;
  /** The caller's request; again and again the same, key included. */
  ask(at: Client, headers?: Record<string, string>): Promise<Answer>;
  /** The order that it is done to, or that it placed. */
  orderId(answer: Answer): string;
}

export const DEEDS = ['capture', 'refund', 'cancel', 'release', 'create order'] as const;
export type DeedName = (typeof DEEDS)[number];

/** Makes what the deed needs, by a gateway that is not in the story. A second capture or refund would be possible, so that one is seen. */
export const prepare: Record<DeedName, (by: Client, amount?: number) => Promise<Deed>> = {
  capture: (by, amount = 10_000) => onOrder(by, amount, 'capture', '/captures', { captured_amount: 2_500, reference: 'parcel 1' }, 0),
  refund: (by, amount = 10_000) => onOrder(by, amount, 'refund', '/refunds', { refunded_amount: 1_500, reference: 'return 1' }, 5_000),
  cancel: (by, amount = 10_000) => onOrder(by, amount, 'cancel', '/cancel', undefined, 0),
  release: (by, amount = 10_000) => onOrder(by, amount, 'release', '/release-remaining-authorization', undefined, 2_500),
  'create order': async (by, amount = 10_000) => {
    const { token, sessionId, cart } = await by.authorized(cartOf(amount));
    // The gateway sees whose token it is, so it can look the session up.
    await by.get(`/payments/v1/sessions/${sessionId}`);
    const path = `/payments/v1/authorizations/${token}/order`;
    const body = Buffer.from(JSON.stringify(cart));
    return {
      ...{ name: 'create order', kind: 'payments.create-order', path, status: 200 },
      ask: (at, headers = {}) => at.call('POST', path, { body, headers }),
      orderId: (answer) => (answer.json as { order_id: string }).order_id,
    };
  },
};

async function onOrder(by: Client, amount: number, name: DeedName, suffix: string, body: unknown, captured: number): Promise<Deed> {
  const id = await by.order(amount);
  const key = randomUUID();
  if (captured > 0) {
    const capture = await by.post(ordersPath(id, '/captures'), { captured_amount: captured }, randomUUID());
    expect(capture.status).toBe(201);
  }
  return {
    ...{ name, kind: `order-management.${name}`, path: ordersPath(id, suffix), status: suffix.endsWith('s') ? 201 : 204 },
    ask: (at, headers = {}) => at.call('POST', ordersPath(id, suffix), { body, key, headers }),
    orderId: () => id,
  };
}

/** Asks until the answer is final, as a shop does that got none. */
export function askUntilFinal(deed: Deed, at: Client): Promise<Answer> {
  let last: Answer | undefined;
  return until(
    `the ${deed.name} has its final answer`,
    async () => {
      last = await deed.ask(at);
      return last.status !== 202 && last.status !== 503 && last;
    },
    { withinMs: 40_000, everyMs: 50, hint: () => `last: ${last?.status} ${last?.text}` },
  );
}

/** How often Klarna carried the deed out. */
export async function executions(deed: Deed, at: Client): Promise<number> {
  return (await requests(at, { method: 'POST', path: deed.path })).filter(({ executed }) => executed).length;
}

/** Expects that it was done once, is told the same for ever, and stands in the rows as it does in Klarna's ledger. */
export async function expectDoneOnce(deed: Deed, answer: Answer, at: Client & { database: TestDatabase }): Promise<void> {
  expect({ status: answer.status, text: answer.text }).toMatchObject({ status: deed.status });
  const again = await deed.ask(at);
  expect(told(again)).toEqual(told(answer));
  expect(again.headers['idempotent-replayed']).toBe('true');
  expect(await executions(deed, at)).toBe(1);
  const ledger = await expectRowsLikeLedger(at, deed.orderId(answer));
  expect(ledger).toMatchObject(EFFECT[deed.name]);
  if (deed.name === 'capture') expect(ledger.captures.map(({ capture_id }) => capture_id)).toEqual([answer.headers['capture-id']]);
  if (deed.name === 'refund') expect(ledger.refunds.map(({ refund_id }) => refund_id)).toEqual([answer.headers['refund-id']]);
}

const EFFECT: Record<DeedName, object> = {
  capture: { captured_amount: 2_500, refunded_amount: 0 },
  refund: { captured_amount: 5_000, refunded_amount: 1_500 },
  cancel: { status: 'CANCELLED', captured_amount: 0, remaining_authorized_amount: 0 },
  release: { captured_amount: 2_500, remaining_authorized_amount: 0 },
  'create order': { status: 'AUTHORIZED', captured_amount: 0 },
};
