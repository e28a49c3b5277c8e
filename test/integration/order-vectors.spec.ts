import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import type { Answer } from '../support/client.js';
import { testGateway, type TestGateway } from '../support/gateway.js';
import { expectRowsLikeLedger, ordersPath } from '../support/scene.js';

/** What is asked for, the amount in minor units, Klarna's status, and its code where it refuses. */
type Step = ['capture' | 'refund' | 'authorization' | 'release' | 'cancel', number | null, number, string?];

const CAPTURED: Step = ['capture', 4_000, 201];

/** Steps on an order of 10000; then what is captured, refunded and left to capture. */
const VECTORS: [string, Step[], [captured: number, refunded: number, remaining: number]][] = [
  ['capture 4000, then no cancel', [CAPTURED, ['cancel', null, 403, 'CANCEL_NOT_ALLOWED']], [4_000, 0, 6_000]],
  ['capture 4000, then not 6001', [CAPTURED, ['capture', 6_001, 403, 'CAPTURE_NOT_ALLOWED']], [4_000, 0, 6_000]],
  ['capture 4000, release, then not 1', [CAPTURED, ['release', null, 204], ['capture', 1, 403, 'CAPTURE_NOT_ALLOWED']], [4_000, 0, 0]],
  ['no refund before a capture', [['refund', 1, 403, 'REFUND_NOT_ALLOWED']], [0, 0, 10_000]],
  ['capture 4000, then no refund of 4001', [CAPTURED, ['refund', 4_001, 403, 'REFUND_NOT_ALLOWED']], [4_000, 0, 6_000]],
  [
    'capture 4000, refund 1500 and 2500, then no more, but 6000 more to capture',
    [CAPTURED, ['refund', 1_500, 201], ['refund', 2_500, 201], ['refund', 1, 403, 'REFUND_NOT_ALLOWED'], ['capture', 6_000, 201]],
    [10_000, 4_000, 0],
  ],
  ['capture 4000, then no authorization of 3999', [CAPTURED, ['authorization', 3_999, 403, 'NOT_ALLOWED']], [4_000, 0, 6_000]],
  ['capture 4000, then an authorization of 4000', [CAPTURED, ['authorization', 4_000, 204]], [4_000, 0, 0]],
];

describe('the documented life of an order', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await testGateway();
  });
  afterAll(() => gateway.close());

  function take([what, amount]: Step, orderId: string): Promise<Answer> {
    switch (what) {
      case 'capture':
        return gateway.post(ordersPath(orderId, '/captures'), { captured_amount: amount });
      case 'refund':
        return gateway.post(ordersPath(orderId, '/refunds'), { refunded_amount: amount });
      case 'authorization':
        return gateway.call('PATCH', ordersPath(orderId, '/authorization'), { body: { order_amount: amount } });
      case 'release':
        return gateway.post(ordersPath(orderId, '/release-remaining-authorization'));
      case 'cancel':
        return gateway.post(ordersPath(orderId, '/cancel'));
    }
  }

  /** Klarna's truth and the gateway's own picture, which are the same. */
  async function amounts(orderId: string): Promise<number[]> {
    const {
      captured_amount: captured,
      refunded_amount: refunded,
      remaining_authorized_amount: left,
    } = await expectRowsLikeLedger(gateway, orderId);
    expect(await gateway.stored(orderId)).toMatchObject({
      ...{ captured_amount: captured, refunded_amount: refunded, remaining_authorized_amount: left },
    });
    return [captured, refunded, left];
  }

  it.each(VECTORS)('%s', async (_, steps, expected) => {
    const orderId = await gateway.order(10_000);
    for (const step of steps) {
      const answer = await take(step, orderId);
      const { error_code: code } = (answer.json ?? {}) as { error_code?: string };
      expect([step, answer.status, code]).toEqual([step, step[2], step[3]]);
    }
    expect(await amounts(orderId)).toEqual(expected);
  });

  it('captures 1000 once with one key, twice with two', async () => {
    const [orderId, key] = [await gateway.order(10_000), randomUUID()];
    const capture = (its: string) => gateway.post(ordersPath(orderId, '/captures'), { captured_amount: 1_000 }, its);
    const [first, again] = [await capture(key), await capture(key)];
    expect([again.status, again.headers['capture-id']]).toEqual([201, first.headers['capture-id']]);
    expect(await amounts(orderId)).toEqual([1_000, 0, 9_000]);
    const other = await capture(randomUUID());
    expect(other.headers['capture-id']).not.toBe(first.headers['capture-id']);
    expect(await amounts(orderId)).toEqual([2_000, 0, 8_000]);
  });

  it('captures nothing for another body under a used key: Klarna would answer as to the first, so it is not asked', async () => {
    const [orderId, key] = [await gateway.order(10_000), randomUUID()];
    const capture = (amount: number) => gateway.post(ordersPath(orderId, '/captures'), { captured_amount: amount }, key);
    expect((await capture(1_000)).status).toBe(201);
    const other = await capture(2_000);
    expect([other.status, other.json]).toMatchObject([422, { error_code: 'IDEMPOTENCY_KEY_REUSED' }]);
    expect(await amounts(orderId)).toEqual([1_000, 0, 9_000]);
    expect((await gateway.ledger(orderId)).requests.filter(({ path }) => path.endsWith('/captures'))).toHaveLength(1);
  });
});
