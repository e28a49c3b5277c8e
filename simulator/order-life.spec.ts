import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Simulator } from './simulator.js';
import { ORDERS, startForTest, type Reply, type TestClient } from './test-client.js';

let simulator: Simulator;
let client: TestClient;
beforeAll(
  async () =>
    ({ simulator, client } = await startForTest({
      accounts: [
        { username: 'simulator', password: 'simulator' },
        { username: 'other', password: 'other' },
      ],
    })),
);
afterAll(() => simulator.close());
beforeEach(async () => void (await client.call('DELETE', '/simulator/state')));

const refusal = ({ status, json }: Reply) => [status, json.error_code, json.error_messages];
const amounts = async (orderId: string) => {
  const order = await client.read(orderId);
  return [order.captured_amount, order.refunded_amount, order.remaining_authorized_amount];
};
const statusOf = async (orderId: string) => (await client.read(orderId)).status;
const DAYS = 24 * 3600;

const TOO_MUCH = [403, 'CAPTURE_NOT_ALLOWED', ['Captured amount is higher than the remaining authorized amount. Capture not possible.']];
const OVER_REFUND = [403, 'REFUND_NOT_ALLOWED', ['Over refund is not allowed. Refund not possible.']];

describe('the life of an order of 10000', () => {
  it('capture 4000, then no cancel', async () => {
    const orderId = await client.order();
    await client.capture(orderId, 4_000);
    expect(await amounts(orderId)).toEqual([4_000, 0, 6_000]);
    expect(await statusOf(orderId)).toBe('PART_CAPTURED');
    expect(refusal(await client.cancel(orderId))).toEqual([
      403,
      'CANCEL_NOT_ALLOWED',
      ['Order has previous captures. Cancel not possible'],
    ]);
  });

  it('capture 4000, then not 6001', async () => {
    const orderId = await client.order();
    await client.capture(orderId, 4_000);
    expect(refusal(await client.capture(orderId, 6_001))).toEqual(TOO_MUCH);
    expect(await amounts(orderId)).toEqual([4_000, 0, 6_000]);
  });

  it.each(['CAPTURED', 'CLOSED'])('capture 4000, release: nothing is left, status %s', async (status) => {
    await client.behave({ status_after_release: status });
    const orderId = await client.order();
    await client.capture(orderId, 4_000);
    expect((await client.release(orderId)).status).toBe(204);
    expect(await amounts(orderId)).toEqual([4_000, 0, 0]);
    expect(await statusOf(orderId)).toBe(status);
    expect(refusal(await client.capture(orderId, 1))).toEqual(TOO_MUCH);
    expect(refusal(await client.release(orderId))).toEqual([
      403,
      'NOT_ALLOWED',
      ['Order is fully captured. Remaining authorization cannot be released.'],
    ]);
    expect((await client.cancel(orderId)).json.error_code).toBe('CANCEL_NOT_ALLOWED');
    expect((await client.updateAuthorization(orderId, 20_000)).json.error_code).toBe('NOT_ALLOWED');
    expect((await client.refund(orderId, 4_000)).status).toBe(201);
  });

  it('no refund before a capture', async () => {
    const orderId = await client.order();
    expect(refusal(await client.refund(orderId, 1))).toEqual([403, 'REFUND_NOT_ALLOWED', ['Order has no captures. Refund not possible']]);
    expect(await amounts(orderId)).toEqual([0, 0, 10_000]);
  });

  it('capture 4000, then no refund of 4001', async () => {
    const orderId = await client.order();
    await client.capture(orderId, 4_000);
    expect(refusal(await client.refund(orderId, 4_001))).toEqual(OVER_REFUND);
    expect(await amounts(orderId)).toEqual([4_000, 0, 6_000]);
  });

  it('capture 4000, refund 1500 and 2500: no more refunds, but 6000 more to capture', async () => {
    const orderId = await client.order();
    await client.capture(orderId, 4_000);
    await client.refund(orderId, 1_500);
    await client.refund(orderId, 2_500);
    expect(await amounts(orderId)).toEqual([4_000, 4_000, 6_000]);
    expect(refusal(await client.refund(orderId, 1))).toEqual(OVER_REFUND);
    expect(refusal(await client.refund(orderId, 0))).toEqual(OVER_REFUND);
    expect((await client.capture(orderId, 6_000)).status).toBe(201);
    expect(await statusOf(orderId)).toBe('CAPTURED');
  });

  it('capture 4000, then no authorization of 3999, but one of 4000', async () => {
    const orderId = await client.order();
    await client.capture(orderId, 4_000);
    expect(refusal(await client.updateAuthorization(orderId, 3_999))).toEqual([
      403,
      'NOT_ALLOWED',
      ['Resulting authorization amount 3999 cannot be less than the captured amount 4000'],
    ]);
    expect((await client.updateAuthorization(orderId, 4_000)).status).toBe(204);
    expect(await amounts(orderId)).toEqual([4_000, 0, 0]);
    expect(await client.read(orderId)).toMatchObject({ status: 'CAPTURED', order_amount: 4_000, original_order_amount: 10_000 });
  });

  it('capture all: no cancel, no release, no update, no further capture', async () => {
    const orderId = await client.order();
    await client.capture(orderId, 10_000);
    expect(refusal(await client.cancel(orderId))[1]).toBe('CANCEL_NOT_ALLOWED');
    expect(refusal(await client.release(orderId))).toEqual([
      403,
      'NOT_ALLOWED',
      ['Order is fully captured. Remaining authorization cannot be released.'],
    ]);
    expect(refusal(await client.updateAuthorization(orderId, 20_000))).toEqual([403, 'NOT_ALLOWED', ['Update not allowed.']]);
    expect(refusal(await client.capture(orderId, 1))).toEqual(TOO_MUCH);
    expect(refusal(await client.capture(orderId, 0))).toEqual(TOO_MUCH);
  });

  it('release before any capture is refused', async () => {
    const reply = await client.release(await client.order());
    expect(refusal(reply)).toEqual([403, 'NOT_ALLOWED', ['Order has no captures. Remaining authorization cannot be released.']]);
  });

  it('cancel: nothing is left and nothing more is allowed', async () => {
    const orderId = await client.order();
    const reply = await client.cancel(orderId);
    expect([reply.status, reply.text]).toEqual([204, '']);
    expect(await statusOf(orderId)).toBe('CANCELLED');
    expect(await amounts(orderId)).toEqual([0, 0, 0]);
    expect(refusal(await client.capture(orderId, 1))).toEqual([
      403,
      'CAPTURE_NOT_ALLOWED',
      [`Order ${orderId} is cancelled. Capture not possible.`],
    ]);
    expect(refusal(await client.refund(orderId, 1))[1]).toBe('REFUND_NOT_ALLOWED');
    expect(refusal(await client.release(orderId))).toEqual([
      403,
      'NOT_ALLOWED',
      ['Order is cancelled. Remaining authorization cannot be released.'],
    ]);
    expect(refusal(await client.updateAuthorization(orderId, 1))[1]).toBe('NOT_ALLOWED');
    expect(refusal(await client.call('POST', `${ORDERS}/${orderId}/acknowledge`))[1]).toBe('NOT_ALLOWED');
    expect(refusal(await client.cancel(orderId))).toEqual([403, 'CANCEL_NOT_ALLOWED', ['Order is cancelled. Cancel not possible']]);
    await client.behave({ cancel_on_cancelled: 'no_content' });
    expect((await client.cancel(orderId)).status).toBe(204);
  });

  it('expires after 28 days: nothing is left and nothing more is allowed', async () => {
    const orderId = await client.order();
    await client.advance(28 * DAYS - 60);
    expect(await statusOf(orderId)).toBe('AUTHORIZED');
    await client.advance(61);
    expect(await statusOf(orderId)).toBe('EXPIRED');
    expect(await amounts(orderId)).toEqual([0, 0, 0]);
    expect(refusal(await client.capture(orderId, 1))).toEqual([
      403,
      'CAPTURE_NOT_ALLOWED',
      [`Order ${orderId} is expired. Capture not possible.`],
    ]);
    expect(refusal(await client.cancel(orderId))[1]).toBe('CANCEL_NOT_ALLOWED');
    expect(refusal(await client.release(orderId))[1]).toBe('NOT_ALLOWED');
    expect(refusal(await client.updateAuthorization(orderId, 1))[1]).toBe('NOT_ALLOWED');
  });

  it.each(['EXPIRED', 'PART_CAPTURED', 'CLOSED'])(
    'expires with a captured part, which can still be refunded: status %s',
    async (status) => {
      await client.behave({ status_after_expiry: status });
      const orderId = await client.order();
      await client.capture(orderId, 4_000);
      await client.advance(28 * DAYS + 1);
      expect(await statusOf(orderId)).toBe(status);
      expect(await amounts(orderId)).toEqual([4_000, 0, 0]);
      expect((await client.capture(orderId, 1)).json.error_code).toBe('CAPTURE_NOT_ALLOWED');
      expect((await client.updateAuthorization(orderId, 9_000)).json.error_code).toBe('NOT_ALLOWED');
      expect((await client.cancel(orderId)).json.error_code).toBe('CANCEL_NOT_ALLOWED');
      expect((await client.refund(orderId, 4_000)).status).toBe(201);
      expect((await client.release(orderId)).status).toBe(403);
      await client.behave({ release_on_expired: 'no_content' });
      expect((await client.release(orderId)).status).toBe(204);
    },
  );

  it('stays captured when it was fully captured before it would have expired', async () => {
    const orderId = await client.order();
    await client.capture(orderId, 10_000);
    await client.advance(29 * DAYS);
    expect(await statusOf(orderId)).toBe('CAPTURED');
  });
});
