import { describe, expect, it } from '@jest/globals';
import { settlingRefusal } from './refusals.js';

const attempt = (outcome: string | null, status: number | null = null, code: string | null = null, generation = 1) => ({
  ...{ outcome, status, code, generation },
});
const unknown = attempt('unknown', 500, 'INTERNAL_SERVER_ERROR');

describe('what a refusal says about the attempts before it', () => {
  it.each([
    ['a declined charge under the same key', 'customer-token.create-order', 403, 'PAYMENT_METHOD_FAILED', 'PAYMENT_METHOD_FAILED'],
    ['a request that is malformed', 'payments.create-customer-token', 400, 'BAD_VALUE', 'BAD_VALUE'],
    ['a token that was cancelled meanwhile', 'customer-token.create-order', 403, 'TOKEN_CANCELED', null],
    ['an authorization that is gone', 'payments.create-customer-token', 404, 'NOT_FOUND', null],
    ['a code that has several meanings', 'payments.create-customer-token', 403, 'INVALID_OPERATION', null],
    ['a code that nobody knows', 'customer-token.create-order', 403, 'SOMETHING_NEW', null],
  ] as const)('%s', (_, kind, status, code, settles) => {
    expect(settlingRefusal(kind, [unknown, attempt('rejected', status, code)])).toBe(settles);
  });

  it('says nothing about a call under another key', () => {
    const declined = attempt('rejected', 403, 'PAYMENT_METHOD_FAILED', 2);
    expect(settlingRefusal('customer-token.create-order', [unknown, declined])).toBeNull();
    expect(settlingRefusal('customer-token.create-order', [attempt(null), attempt('rejected', 400, 'BAD_REQUEST', 2)])).toBeNull();
  });

  it('says nothing about a call that came after it', () => {
    expect(settlingRefusal('payments.create-customer-token', [attempt('rejected', 400, 'BAD_VALUE'), unknown])).toBeNull();
  });

  it('is nothing where nobody refused', () => {
    expect(settlingRefusal('customer-token.create-order', [unknown, unknown])).toBeNull();
  });
});
