import { answerOfRecord, errorCodeIn, isJson } from '../klarna/answer-of-record.js';
import { withheldMsOf, type KlarnaExchange } from '../klarna/exchange.js';
import { pauseAskedMs } from '../klarna/rate-limit.js';
import { Refusal } from '../operations/errors.js';
import { OperationReply } from '../operations/request.js';

/**
 * Passes the answer to a read on to the caller, byte by byte. What is not about the resource becomes ours: refused credentials are
 * `502 PROVIDER_CREDENTIALS`; a 5xx, a rate limit, a page instead of JSON or no answer is a 503 (with Klarna's body when it sent an
 * error object).
 * @throws Refusal
 */
export function replyToRead(exchange: KlarnaExchange): OperationReply {
  if (exchange.kind !== 'answer') {
    throw new Refusal('TEMPORARILY_UNAVAILABLE', ['Klarna gave no whole answer; repeat the request'], {
      retryAfterMs: withheldMsOf(exchange) ?? 1_000,
    });
  }
  const { status, headers, body } = answerOfRecord(exchange);
  const code = errorCodeIn(exchange.body);
  if (status === 401 || (status === 403 && code === 'MERCHANT_INACTIVE')) {
    throw new Refusal('PROVIDER_CREDENTIALS', ['Klarna refused the credentials of this service; its operator was told']);
  }
  if (status < 300 && !isJson(exchange.body)) {
    throw new Refusal('TEMPORARILY_UNAVAILABLE', ['Klarna answered with something unreadable; repeat the request'], {
      retryAfterMs: 1_000,
    });
  }
  const available = status < 300 || (status >= 400 && status < 500 && status !== 429 && !(status === 403 && code === undefined));
  if (available) return new OperationReply(status, headers, body ?? undefined);
  const pauseMs = pauseAskedMs(exchange);
  if (status >= 500 && code !== undefined && body !== null) {
    return new OperationReply(503, { ...headers, ...(pauseMs === null ? {} : { 'Retry-After': String(Math.ceil(pauseMs / 1000)) }) }, body);
  }
  throw new Refusal('TEMPORARILY_UNAVAILABLE', ['Klarna is temporarily unavailable; repeat the request'], {
    retryAfterMs: pauseMs ?? 1_000,
  });
}
