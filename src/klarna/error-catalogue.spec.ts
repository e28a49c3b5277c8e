import { describe, expect, it } from '@jest/globals';
import type { Api } from './api.js';
import { ERROR_CATALOGUE, meaningsOf, settlesEarlier } from './error-catalogue.js';
import { judge } from './verdict.js';

describe('the catalogue of errors', () => {
  it('has one row per answer and meaning', () => {
    const names = ERROR_CATALOGUE.map(({ api, status, code, says = '' }) => [api, status, code, says].join());
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });

  it.each<[Api, number | null, string | null, string[]]>([
    ['customer-token', 403, 'TOKEN_SUSPENDED', ['Klarna has suspended the token; read it later']],
    // Only the message tells which: both meanings are told.
    [
      'payments',
      409,
      'BAD_VALUE',
      ['an order exists, placed with another body', 'not what the shopper authorized; the message names the fields'],
    ],
    ['hosted-payment-page', 401, 'UNAUTHORIZED', ['the credentials are refused: a matter of configuration']],
    ['checkout', 403, null, ['turned away before it reached the API; nothing happened']],
    ['customer-token', 409, 'BAD_VALUE', ['the data do not match']],
    ['order-management', 503, 'TEMPORARILY_UNAVAILABLE', ['the outcome is not known']],
    ['order-management', 403, 'SOMETHING_NEW', []],
  ])('tells what %s means by %s %s', (api, status, code, means) => {
    expect(meaningsOf(api, status, code).map((row) => row.means)).toEqual(means);
  });

  it('takes no answer with several meanings for one that settles what came before it', () => {
    expect(settlesEarlier('payments', 400, 'BAD_VALUE')).toBe(true);
    expect(settlesEarlier('payments', 403, 'INVALID_OPERATION')).toBe(false);
    expect(settlesEarlier('customer-token', 403, 'SOMETHING_NEW')).toBe(false);
    expect(settlesEarlier('customer-token', 413, 'REQUEST_TOO_LARGE')).toBe(true);
  });

  // What the catalogue says to do, and what the outcome rules make of the same answer, must not contradict one another.
  it.each(ERROR_CATALOGUE.filter(({ status }) => status !== null).map((row) => ({ ...row, name: `${row.api} ${row.status} ${row.code}` })))(
    'agrees with the outcome rules: $name',
    ({ api, status, code, retry, settles }) => {
      const body = Buffer.from(code === null ? '' : JSON.stringify({ error_code: code, error_messages: [], correlation_id: 'c' }));
      const answer = { kind: 'answer' as const, status: status ?? 0, headers: {}, body, correlationId: null };
      const { outcome } = judge(answer, { api: api === 'all' ? 'payments' : api, success: () => undefined });
      // What is repeated as it is was not refused; what was refused is not repeated as it is.
      const again = outcome === 'retry' || outcome === 'unknown';
      expect(retry === 'same' ? again : !again || retry === 'read').toBe(true);
      if (settles) expect(outcome).toBe('rejected');
    },
  );
});
