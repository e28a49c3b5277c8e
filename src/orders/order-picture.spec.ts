import { describe, expect, it } from '@jest/globals';
import type { OrderState } from '../persistence/repositories/stored-order.js';
import { afterCancel, afterCapture, afterRefund, afterRelease, earlier, flagged, unknownOrder } from './order-picture.js';

const authorized = (given: Partial<OrderState> = {}): OrderState => ({
  ...unknownOrder('subject', new Date(0)),
  ...{ status: 'AUTHORIZED', orderAmount: 10_000, remainingAuthorizedAmount: 10_000, readAt: new Date(0) },
  ...given,
});
const amounts = ({ status, capturedAmount, refundedAmount, remainingAuthorizedAmount, anomaly }: OrderState) => [
  status,
  capturedAmount,
  refundedAmount,
  remainingAuthorizedAmount,
  anomaly,
];

describe('what an order is after', () => {
  it('a part capture, and the capture of the rest', () => {
    const part = afterCapture(authorized(), 4_000);
    expect(amounts(part)).toEqual(['PART_CAPTURED', 4_000, 0, 6_000, null]);
    expect(amounts(afterCapture(part, 6_000))).toEqual(['CAPTURED', 10_000, 0, 0, null]);
  });

  it('a capture of nothing', () => {
    expect(amounts(afterCapture(authorized(), 0))).toEqual(['PART_CAPTURED', 0, 0, 10_000, null]);
  });

  it('a capture above what remained: it is taken, and flagged', () => {
    expect(amounts(afterCapture(authorized(), 10_001))).toEqual(['CAPTURED', 10_001, 0, 0, 'CAPTURED_MORE_THAN_REMAINED']);
  });

  it('a capture of an order that was never read: what remains is for a read to tell', () => {
    expect(amounts(afterCapture(unknownOrder('s', new Date(0)), 4_000))).toEqual([null, 4_000, 0, null, null]);
  });

  it('refunds: nothing can be captured again by them', () => {
    const captured = afterCapture(authorized(), 4_000);
    expect(amounts(afterRefund(afterRefund(captured, 1_500), 2_500))).toEqual(['PART_CAPTURED', 4_000, 4_000, 6_000, null]);
  });

  it('a refund above what was captured: it is taken, and flagged', () => {
    expect(amounts(afterRefund(authorized(), 1))).toEqual(['AUTHORIZED', 0, 1, 10_000, 'REFUNDED_MORE_THAN_CAPTURED']);
  });

  it('a cancel', () => {
    expect(amounts(afterCancel(authorized()))).toEqual(['CANCELLED', 0, 0, 0, null]);
  });

  it('a release: Klarna alone knows the status', () => {
    expect(amounts(afterRelease(afterCapture(authorized(), 4_000)))).toEqual(['PART_CAPTURED', 4_000, 0, 0, null]);
  });

  it('an amount that no number can hold: the total stays for a read to correct', () => {
    expect(afterCapture(authorized({ capturedAmount: Number.MAX_SAFE_INTEGER }), 1).capturedAmount).toBe(Number.MAX_SAFE_INTEGER);
  });
});

it('each note for people is there once', () => {
  const noted = flagged(flagged(authorized(), 'WENT_BACK'), 'UNREADABLE_AMOUNT');
  expect(noted.anomaly).toBe('WENT_BACK, UNREADABLE_AMOUNT');
  expect(flagged(noted, 'WENT_BACK')).toBe(noted);
});

it('never is later than any time', () => {
  expect([earlier(null, null), earlier(new Date(1), null), earlier(null, new Date(1)), earlier(new Date(2), new Date(1))]).toEqual([
    null,
    new Date(1),
    new Date(1),
    new Date(1),
  ]);
});
