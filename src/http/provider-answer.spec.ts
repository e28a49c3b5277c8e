import { describe, expect, it } from '@jest/globals';
import type { KlarnaExchange } from '../klarna/exchange.js';
import { Refusal } from '../operations/errors.js';
import { replyToRead } from './provider-answer.js';

const answer = (status: number, body = '', headers: Record<string, string> = {}): KlarnaExchange => ({
  kind: 'answer',
  status,
  headers: { 'klarna-correlation-id': 'k-1', 'content-type': 'application/json', server: 'x', ...headers },
  body: Buffer.from(body),
  correlationId: 'k-1',
});
const error = '{"error_code":"X","error_messages":[],"correlation_id":"k-1"}';

describe('replyToRead', () => {
  it.each([
    [200, '{"order_id":1.0}'],
    [200, '[]'],
    [400, error],
    [403, error],
    [404, error],
    [404, '{"message":"Not Found"}'],
    [400, ''],
    [409, error],
  ])('passes on %d %s as it is', (status, body) => {
    const reply = replyToRead(answer(status, body));
    expect([reply.status, reply.body?.toString() ?? '']).toEqual([status, body]);
    expect(reply.headers).toEqual({ 'Klarna-Correlation-Id': 'k-1', ...(body === '' ? {} : { 'Content-Type': 'application/json' }) });
  });

  it("passes on a 404 without a body only where that is Klarna's way to say it", () => {
    expect(replyToRead(answer(404), { bareNotFound: true }).status).toBe(404);
    expect(() => replyToRead(answer(404))).toThrow(Refusal);
    expect(() => replyToRead(answer(404, '<html>'), { bareNotFound: true })).toThrow(Refusal);
  });

  it.each([
    ['a second', {}, '1'],
    ['as long as Klarna said', { 'retry-after': '7' }, '7'],
  ])('names the time to repeat a read at that Klarna answered with a 5xx: %s', (_, headers, seconds) => {
    expect(replyToRead(answer(500, error, headers)).headers['Retry-After']).toBe(seconds);
  });

  it.each<[string, KlarnaExchange, string]>([
    ['an open breaker', { kind: 'not-sent', code: 'BREAKER_OPEN', reason: 'r', withheldMs: 4_000 }, 'Nothing was sent'],
    ['no connection', { kind: 'not-sent', code: 'ECONNREFUSED', reason: 'r' }, 'Nothing was sent'],
    ['silence', { kind: 'no-answer', code: 'TIMEOUT', reason: 'r' }, 'Klarna gave no whole answer'],
    ["a proxy's 404", answer(404, '<html>'), 'not that of Klarna'],
  ])('says what happened: %s', (_, exchange, words) => {
    expect(() => replyToRead(exchange)).toThrow(words);
  });

  it.each([500, 502, 504])('makes %d with an error object of Klarna a 503 with that object', (status) => {
    const reply = replyToRead(answer(status, error, { 'retry-after': '3' }));
    expect([reply.status, reply.body?.toString(), reply.headers['Retry-After']]).toEqual([503, error, '3']);
  });

  it.each<[string, KlarnaExchange, string]>([
    ['no answer', { kind: 'no-answer', code: 'TIMEOUT', reason: 'r' }, 'TEMPORARILY_UNAVAILABLE'],
    ['nothing sent', { kind: 'not-sent', code: 'ECONNREFUSED', reason: 'r' }, 'TEMPORARILY_UNAVAILABLE'],
    ['a 5xx page', answer(502, '<html>'), 'TEMPORARILY_UNAVAILABLE'],
    ['a rate limit', answer(429, error, { 'x-ratelimit-reset': '2' }), 'TEMPORARILY_UNAVAILABLE'],
    ["a proxy's 404", answer(404, '<html>'), 'TEMPORARILY_UNAVAILABLE'],
    ['a 404 without a body', answer(404), 'TEMPORARILY_UNAVAILABLE'],
    ["a proxy's 400", answer(400, '<html>'), 'TEMPORARILY_UNAVAILABLE'],
    ['a 403 that is not of the API', answer(403, '<html>'), 'TEMPORARILY_UNAVAILABLE'],
    ['a page instead of what was asked for', answer(200, '<html>'), 'TEMPORARILY_UNAVAILABLE'],
    ['half of what was asked for', answer(200, '{"order_id"'), 'TEMPORARILY_UNAVAILABLE'],
    ['nothing instead of what was asked for', answer(200, ''), 'TEMPORARILY_UNAVAILABLE'],
    ['a redirect', answer(302, ''), 'TEMPORARILY_UNAVAILABLE'],
    ['refused credentials', answer(401, error), 'PROVIDER_CREDENTIALS'],
    ['an inactive merchant', answer(403, '{"error_code":"MERCHANT_INACTIVE"}'), 'PROVIDER_CREDENTIALS'],
  ])('refuses in our own words after %s', (_, exchange, code) => {
    try {
      replyToRead(exchange);
    } catch (refusal) {
      expect(refusal).toBeInstanceOf(Refusal);
      expect((refusal as Refusal).code).toBe(code);
      expect((refusal as Refusal).details.retryAfterMs !== undefined).toBe(code === 'TEMPORARILY_UNAVAILABLE');
      return;
    }
    throw new Error('No refusal');
  });
});
