import { describe, expect, it } from '@jest/globals';
import { relativeLocation } from './answer-of-record.js';
import type { KlarnaExchange, KlarnaVerdict } from './exchange.js';
import { anySuccess, createdWith, jsonWith } from './success.js';
import { isYoungOrder, judge, type JudgingRules } from './verdict.js';

const CAPTURE: JudgingRules = { api: 'order-management', success: createdWith('capture-id') };
const REFUND: JudgingRules = { api: 'order-management', success: createdWith('refund-id') };
const CANCEL: JudgingRules = { api: 'order-management', success: anySuccess };
const ORDER: JudgingRules = { api: 'payments', success: jsonWith('order_id') };
const SESSION: JudgingRules = { api: 'payments', success: jsonWith('session_id') };

function answer(status: number, body = '', headers: Record<string, string> = {}): KlarnaExchange {
  return { kind: 'answer', status, headers, body: Buffer.from(body), correlationId: headers['klarna-correlation-id'] ?? null };
}
const error = (code: string) => JSON.stringify({ correlation_id: 'k-1', error_code: code, error_messages: ['m'] });

describe('judge', () => {
  it.each<[string, JudgingRules, KlarnaExchange, string | null]>([
    ['a capture with its id', CAPTURE, answer(201, '', { 'capture-id': 'c1' }), 'c1'],
    [
      'a capture whose id is in Location alone',
      CAPTURE,
      answer(201, '', { location: 'https://k/ordermanagement/v1/orders/o/captures/c%202' }),
      'c 2',
    ],
    ['a refund with its id', REFUND, answer(201, '', { 'refund-id': 'r1' }), 'r1'],
    ['a refund whose id is in Location alone', REFUND, answer(200, '', { location: '/ordermanagement/v1/orders/o/refunds/r2/' }), 'r2'],
    ['a cancel answered with 204', CANCEL, answer(204), null],
    ['a cancel answered with another 2xx and a body', CANCEL, answer(200, '{}'), null],
    ['a cancel answered with a line break', CANCEL, answer(200, '\r\n'), null],
    ['an order', ORDER, answer(200, '{"order_id":"o1","fraud_status":"ACCEPTED","new":1}'), 'o1'],
    ['a session', SESSION, answer(200, '{"session_id":"s1"}'), 's1'],
  ])('accepts %s', (_, rules, exchange, providerId) => {
    expect(judge(exchange, rules)).toMatchObject({ outcome: 'succeeded', providerId, garbled: false, code: null });
  });

  it.each<[string, JudgingRules, KlarnaExchange]>([
    ['a capture without an id', CAPTURE, answer(201)],
    ['a capture whose Location is the collection', CAPTURE, answer(201, '', { location: '/ordermanagement/v1/orders/o/captures' })],
    ['a capture whose Location is no URL', CAPTURE, answer(201, '', { location: '/captures/%zz' })],
    ['a refund with a Capture-Id', REFUND, answer(201, '', { 'capture-id': 'c1' })],
    ['an order in HTML', ORDER, answer(200, '<html>')],
    ['an order cut short', ORDER, answer(200, '{"order_id":"o1"')],
    ['an order without an id', ORDER, answer(200, '{"fraud_status":"ACCEPTED"}')],
    ['an order whose id is no text', ORDER, answer(200, '{"order_id":1}')],
    ['an order in a list', ORDER, answer(200, '[{"order_id":"o1"}]')],
    ['an order without a body', ORDER, answer(204)],
    ['a session that is null', SESSION, answer(200, 'null')],
    ['a cancel answered with half an error', CANCEL, answer(200, '{"error_code":"CANCEL_NOT_ALL')],
    ['a cancel answered with an error object', CANCEL, answer(200, error('CANCEL_NOT_ALLOWED'))],
    ['a cancel answered with words', CANCEL, answer(202, 'queued')],
    ['a cancel in HTML', CANCEL, answer(200, '\n<!doctype html><title>Please log in</title>')],
  ])('calls %s garbled and unknown', (_, rules, exchange) => {
    expect(judge(exchange, rules)).toMatchObject({ outcome: 'unknown', garbled: true, code: 'GARBLED', providerId: null });
  });

  // Klarna's error catalogue, where it touches these APIs.
  it.each<[number, string, 'payments' | 'customer-token' | 'order-management', KlarnaVerdict['outcome']]>([
    [400, error('BAD_REQUEST'), 'payments', 'rejected'],
    [400, error('BAD_VALUE'), 'payments', 'rejected'],
    [400, error('NOT_FOUND'), 'order-management', 'rejected'],
    [400, error('INVALID_ORDER_ID'), 'order-management', 'rejected'],
    [400, '', 'order-management', 'rejected'],
    [400, '<html>', 'order-management', 'rejected'],
    [401, error('UNAUTHORIZED'), 'payments', 'configuration'],
    [401, '', 'order-management', 'configuration'],
    [403, error('MERCHANT_INACTIVE'), 'payments', 'configuration'],
    [403, error('INVALID_OPERATION'), 'payments', 'rejected'],
    [403, error('REJECTED'), 'payments', 'rejected'],
    [403, error('CAPTURE_NOT_ALLOWED'), 'order-management', 'rejected'],
    [403, error('CANCEL_NOT_ALLOWED'), 'order-management', 'rejected'],
    [403, error('REFUND_NOT_ALLOWED'), 'order-management', 'rejected'],
    [403, error('NOT_ALLOWED'), 'order-management', 'rejected'],
    [403, '', 'order-management', 'retry'],
    [403, '<html>blocked</html>', 'payments', 'retry'],
    [403, '{"message":"blocked"}', 'payments', 'retry'],
    [404, error('NOT_FOUND'), 'payments', 'rejected'],
    [404, error('SESSION_COMPLETED'), 'payments', 'rejected'],
    [404, error('NO_SUCH_ORDER'), 'order-management', 'rejected'],
    [404, error('NO_SUCH_CAPTURE'), 'order-management', 'rejected'],
    [408, '', 'order-management', 'unknown'],
    [409, error('BAD_VALUE'), 'payments', 'rejected'],
    [409, error('CONFLICT'), 'order-management', 'unknown'],
    [409, error('CONFLICT'), 'customer-token', 'unknown'],
    [409, error('BAD_VALUE'), 'customer-token', 'rejected'],
    [409, '', 'customer-token', 'rejected'],
    [413, error('REQUEST_TOO_LARGE'), 'order-management', 'rejected'],
    [422, error('UNPROCESSABLE_ENTITY'), 'order-management', 'rejected'],
    [422, error('INVALID_ADDRESS'), 'order-management', 'rejected'],
    [425, '', 'payments', 'unknown'],
    [429, error('TOO_MANY_REQUESTS'), 'order-management', 'retry'],
    [500, error('INTERNAL_SERVER_ERROR'), 'order-management', 'unknown'],
    [500, error('UNEXPECTED_ERROR'), 'payments', 'unknown'],
    [502, '<html>', 'order-management', 'unknown'],
    [503, error('TEMPORARILY_UNAVAILABLE'), 'order-management', 'unknown'],
    [504, '', 'payments', 'unknown'],
    [301, '', 'payments', 'unknown'],
    [303, '', 'order-management', 'unknown'],
    [600, '', 'order-management', 'unknown'],
  ])('calls %d %s at %s %s', (status, body, api, outcome) => {
    const verdict = judge(answer(status, body), { api, success: anySuccess });
    expect(verdict).toMatchObject({ outcome, garbled: false, providerId: null });
    expect(verdict.answer).toEqual({ status, headers: {}, body: body === '' ? null : Buffer.from(body) });
    expect(verdict.code).toBe(body.startsWith('{"corr') ? (JSON.parse(body) as { error_code: string }).error_code : `HTTP_${status}`);
  });

  it('does not believe a 404 of an order made less than two minutes ago', () => {
    const young = { ...CAPTURE, youngOrder: true };
    expect(judge(answer(404, error('NO_SUCH_ORDER')), young).outcome).toBe('retry');
    const now = new Date('2026-01-01T00:02:00Z');
    expect(isYoungOrder(new Date('2026-01-01T00:00:00.001Z'), now)).toBe(true);
    expect(isYoungOrder(new Date('2026-01-01T00:00:00.000Z'), now)).toBe(false);
    expect(isYoungOrder(null, now)).toBe(false);
  });

  it('tells what certainly was not sent from what may have happened', () => {
    expect(judge({ kind: 'not-sent', code: 'ECONNREFUSED', reason: 'r' }, CAPTURE)).toMatchObject({
      outcome: 'retry',
      code: 'ECONNREFUSED',
      answer: null,
    });
    expect(judge({ kind: 'no-answer', code: 'ECONNRESET', reason: 'r' }, CAPTURE)).toMatchObject({
      outcome: 'unknown',
      code: 'ECONNRESET',
      answer: null,
    });
  });

  it.each<[Record<string, string>, number | null]>([
    [{ 'x-ratelimit-reset': '3' }, 3000],
    [{ 'retry-after': '7', 'x-ratelimit-reset': '3' }, 7000],
    [{ 'x-ratelimit-reset': '0.2' }, 200],
    [{ 'retry-after': 'Wed, 21 Oct 2026 07:28:10 GMT', date: 'Wed, 21 Oct 2026 07:28:00 GMT' }, 10_000],
    [{ 'retry-after': 'Wed, 21 Oct 2026 07:28:10 GMT' }, null],
    [{ 'retry-after': '-1' }, null],
    [{ 'retry-after': '99999999999' }, null],
    [{}, null],
  ])('reads the pause that %j asks for', (headers, ms) => {
    expect(judge(answer(429, '', headers), CAPTURE).retryAfterMs).toBe(ms);
    expect(judge(answer(503, '', { ...headers, 'x-ratelimit-remaining': '0' }), CAPTURE).retryAfterMs).toBe(ms);
    expect(judge(answer(403, error('NOT_ALLOWED'), headers), CAPTURE).retryAfterMs).toBeNull();
  });

  it.each<Record<string, string>>([{ 'x-ratelimit-remaining': '12' }, {}])(
    'takes no pause from a limit of which something is left (%j)',
    (left) => {
      const headers = { 'x-ratelimit-reset': '1', ...left };
      expect(judge(answer(500, '', headers), CAPTURE).retryAfterMs).toBeNull();
      expect(judge(answer(500, '', { ...headers, 'retry-after': '2' }), CAPTURE).retryAfterMs).toBe(2000);
    },
  );

  it('keeps the headers of record in Klarna spelling, and no others', () => {
    const headers = {
      location: 'https://api.klarna.com/ordermanagement/v1/orders/o/captures/c1',
      'capture-id': 'c1',
      'klarna-correlation-id': 'k-1',
      'content-type': 'application/json;charset=utf-8',
      'set-cookie': 'a=b',
      'x-ratelimit-remaining': '39',
    };
    expect(judge(answer(201, '{}', headers), CAPTURE)).toMatchObject({
      correlationId: 'k-1',
      answer: {
        status: 201,
        body: Buffer.from('{}'),
        headers: {
          Location: '/ordermanagement/v1/orders/o/captures/c1',
          'Capture-Id': 'c1',
          'Klarna-Correlation-Id': 'k-1',
          'Content-Type': 'application/json;charset=utf-8',
        },
      },
    });
    expect(judge(answer(201, '', headers), CAPTURE).answer?.headers).not.toHaveProperty('Content-Type');
  });

  it('takes the correlation id from the error object when no header names it', () => {
    expect(judge(answer(403, error('NOT_ALLOWED')), CAPTURE).correlationId).toBe('k-1');
  });
});

describe('relativeLocation', () => {
  it.each([
    ['https://api.klarna.com/checkout/v3/orders/1?a=b', '/checkout/v3/orders/1?a=b'],
    ['http://127.0.0.1:3001/ordermanagement/v1/orders/o/refunds/r', '/ordermanagement/v1/orders/o/refunds/r'],
    ['https://proxy.example/klarna/payments/v1/sessions/s', '/payments/v1/sessions/s'],
    ['/ordermanagement/v1/orders/o', '/ordermanagement/v1/orders/o'],
    ['https://shop.example/thanks', 'https://shop.example/thanks'],
    ['http://[', 'http://['],
  ])('makes %s %s', (given, expected) => {
    expect(relativeLocation(given)).toBe(expected);
  });
});
