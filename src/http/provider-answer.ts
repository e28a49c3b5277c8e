import { answerOfRecord, errorCodeIn, isJson } from '../klarna/answer-of-record.js';
import { withheldMsOf, type KlarnaExchange } from '../klarna/exchange.js';
import { pauseAskedMs } from '../klarna/rate-limit.js';
import { Refusal } from '../operations/errors.js';
import { NOTHING_SENT } from '../operations/reply.js';
import { OperationReply } from '../operations/request.js';

/** How Klarna answers a read of this API. */
export interface ReadRules {
  /** What it does not have is a 404 without a body (Checkout); elsewhere a 404 of Klarna's is JSON. */
  bareNotFound?: boolean;
}

/** When asking again makes sense, where nobody said. */
const PAUSE_MS = 1_000;
const ANSWERED_BY_ANOTHER = 'The answer was not that of Klarna; repeat the request';

/**
 * Passes the answer to a read on to the caller, byte by byte. What is not about the resource becomes ours: refused credentials are
 * `502 PROVIDER_CREDENTIALS`; a 5xx, a rate limit, a page of a proxy's instead of Klarna's JSON or no answer is a 503 with `Retry-After`
 * (and with Klarna's body when it sent an error object).
 * @throws Refusal
 */
export function replyToRead(exchange: KlarnaExchange, { bareNotFound = false }: ReadRules = {}): OperationReply {
  if (exchange.kind !== 'answer') {
    const words =
      exchange.kind === 'not-sent'
        ? `Klarna could not be reached in time. ${NOTHING_SENT}`
        : 'Klarna gave no whole answer; repeat the request';
    throw unavailable(words, withheldMsOf(exchange));
  }
  const { status, headers, body } = answerOfRecord(exchange);
  const code = errorCodeIn(exchange.body);
  if (status === 401 || (status === 403 && code === 'MERCHANT_INACTIVE')) {
    throw new Refusal('PROVIDER_CREDENTIALS', ['Klarna refused the credentials of this service; its operator was told']);
  }
  if (status < 300 && !isJson(exchange.body)) throw unavailable('Klarna answered with something unreadable; repeat the request');
  const refused = status >= 400 && status < 500 && status !== 429;
  // What is not JSON is somebody's in between. The protection in front of Klarna's API answers a 403 of its own, without an error object.
  const klarnas = status === 403 ? code !== undefined : body === null ? status !== 404 || bareNotFound : isJson(body);
  if (status < 300 || (refused && klarnas)) return new OperationReply(status, headers, body ?? undefined);
  const pauseMs = pauseAskedMs(exchange) ?? PAUSE_MS;
  if (status >= 500 && code !== undefined && body !== null) {
    return new OperationReply(503, { ...headers, 'Retry-After': String(Math.max(1, Math.ceil(pauseMs / 1000))) }, body);
  }
  throw unavailable(refused && status !== 403 ? ANSWERED_BY_ANOTHER : 'Klarna is temporarily unavailable; repeat the request', pauseMs);
}

/** @param words say what happened and that the request may be repeated */
export function unavailable(words: string, retryAfterMs = PAUSE_MS): Refusal {
  return new Refusal('TEMPORARILY_UNAVAILABLE', [words], { retryAfterMs });
}

/** Klarna showed something else than what was asked for by an id that it knows: neither that, nor that there is none. */
export function foreignAnswer(): Refusal {
  return unavailable('Klarna answered with something else than what was asked for; repeat the request');
}
