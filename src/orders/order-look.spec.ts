import { describe, expect, it } from '@jest/globals';
import type { KlarnaExchange } from '../klarna/exchange.js';
import { lookOf } from './order-look.js';

const answer = (status: number, body: string): KlarnaExchange => ({
  ...{ kind: 'answer', status, headers: {}, correlationId: null },
  body: Buffer.from(body),
});

describe('lookOf', () => {
  it('sees the order that was asked for', () => {
    expect(lookOf(answer(200, '{"order_id":"o","status":"CAPTURED"}'), 'o').kind).toBe('order');
    expect(lookOf(answer(200, '{"status":"CAPTURED"}'), 'o').kind).toBe('order');
  });

  it('concludes nothing from another order than was asked for', () => {
    expect(lookOf(answer(200, '{"order_id":"o","status":"CAPTURED"}'), 'O').kind).toBe('other-order');
  });

  it.each([
    [404, 'NO_SUCH_ORDER'],
    [404, 'NOT_FOUND'],
    [400, 'INVALID_ORDER_ID'],
    [404, 'INVALID_ORDER_ID'],
  ])('believes Klarna that there is no order (%i %s)', (status, code) => {
    expect(lookOf(answer(status, `{"error_code":"${code}"}`), 'o').kind).toBe('no-such-order');
  });

  it.each([
    [404, ''],
    [404, '<html>'],
    [403, '{"error_code":"NOT_FOUND"}'],
    [401, '{"error_code":"UNAUTHORIZED"}'],
    [500, '{"error_code":"NO_SUCH_ORDER"}'],
    [503, ''],
    [302, ''],
    [200, '<html>'],
    [200, '{"status":"CAPT'],
  ])('concludes nothing from %i %s', (status, body) => {
    expect(lookOf(answer(status, body), 'o').kind).toBe('unreadable');
  });

  it.each([
    { kind: 'no-answer', code: 'TIMEOUT', reason: '' },
    { kind: 'not-sent', code: 'ECONNREFUSED', reason: '' },
  ] as const)('concludes nothing from silence ($code)', (exchange) => {
    expect(lookOf(exchange, 'o')).toMatchObject({ kind: 'unreadable', code: exchange.code });
  });
});
