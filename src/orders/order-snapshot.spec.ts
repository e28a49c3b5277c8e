import { describe, expect, it } from '@jest/globals';
import { orderSnapshotIn } from './order-snapshot.js';

const read = (order: unknown) => orderSnapshotIn(Buffer.from(JSON.stringify(order)));

describe('orderSnapshotIn', () => {
  it('reads what it knows and passes over what it does not', () => {
    const snapshot = read({
      ...{ order_id: 'o', status: 'PART_CAPTURED', order_amount: 10_000, captured_amount: 4_000, invented: { a: 1 } },
      captures: [{ capture_id: 'c', captured_amount: 4_000, captured_at: '2026-11-20T10:00:00Z', reference: 'r', new: true }],
    });
    expect(snapshot).toMatchObject({
      orderId: 'o',
      status: 'PART_CAPTURED',
      orderAmount: 10_000,
      capturedAmount: 4_000,
      refunds: null,
      anomalies: [],
    });
    expect(snapshot?.captures).toEqual([
      { providerId: 'c', amount: 4_000, at: new Date('2026-11-20T10:00:00Z'), reference: 'r', description: null, klarnaReference: null },
    ]);
  });

  it.each([
    ['a status nobody knows', 'NEWLY_INVENTED'],
    ['another case', 'captured'],
  ])('takes %s as it is', (_, status) => {
    expect(read({ status })?.status).toBe(status);
  });

  it.each(['<html>', '', '[]', 'null', '"text"', '{}', '{"error_code":"X"}', '{"status":"AUTHORI'])('sees no order in %j', (text) => {
    expect(orderSnapshotIn(Buffer.from(text))).toBeUndefined();
  });

  it.each([['"100"'], ['1.5'], ['9007199254740993'], ['true'], ['{}']])('notes an amount of %s instead of guessing', (amount) => {
    const snapshot = orderSnapshotIn(Buffer.from(`{"status":"CAPTURED","captured_amount":${amount}}`));
    expect(snapshot).toMatchObject({ capturedAmount: null, anomalies: ['UNREADABLE_AMOUNT'] });
  });

  it('notes a capture without an id and keeps the others', () => {
    const snapshot = read({ status: 'CAPTURED', captures: [{ captured_amount: 1 }, 'x', { capture_id: 'c', captured_amount: 2 }] });
    expect(snapshot?.captures?.map(({ providerId }) => providerId)).toEqual(['c']);
    expect(snapshot?.anomalies).toEqual(['MOVEMENT_WITHOUT_ID']);
  });

  it('keeps text that Postgres can store: no U+0000, no half of a surrogate pair', () => {
    const snapshot = orderSnapshotIn(Buffer.from('{"status":"A","merchant_reference1":"a\\u0000b\\ud800c\\ud83d\\ude00"}'));
    expect(snapshot?.merchantReference1).toBe('a\uFFFDb\uFFFDc😀');
  });

  it.each(['tomorrow', '', '+275760-09-13T00:00:00.000Z', 20_261_120])('knows no time %j', (time) => {
    expect(read({ status: 'A', expires_at: time })?.expiresAt).toBeNull();
  });
});
