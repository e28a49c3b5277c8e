import { objectIn } from '../json.js';
import { answerOfRecord, errorCodeIn, type KlarnaAnswer } from './answer-of-record.js';
import type { Api } from './api.js';
import { withheldMsOf, type KlarnaExchange, type KlarnaVerdict } from './exchange.js';
import { pauseAskedMs } from './rate-limit.js';
import type { SuccessCheck } from './success.js';

export interface JudgingRules {
  /** 409 means a conflict with a running change at Order Management, the same at Customer Token if it says CONFLICT, and else a refusal. */
  api: Api;
  success: SuccessCheck;
  /** The order was made less than two minutes ago: Klarna may not have it everywhere yet, so a 404 is no refusal. */
  youngOrder?: boolean;
}

const YOUNG_MS = 120_000;

/** Whether an order made at this moment (null: not known) is too young for a 404 to mean anything. */
export function isYoungOrder(orderCreatedAt: Date | null, now: Date): boolean {
  return orderCreatedAt !== null && now.getTime() - orderCreatedAt.getTime() < YOUNG_MS;
}

/**
 * Judges one exchange by the outcome rules:
 * - `succeeded`: a 2xx that the kind's own check accepts;
 * - `rejected`: Klarna refused (whether that ends the operation depends on earlier attempts, which this function does not know);
 * - `configuration`: Klarna refused our account (401, MERCHANT_INACTIVE), not this request;
 * - `retry`: it certainly did not happen (never sent, 429, 403 without an error object, 404 of a young order);
 * - `unknown`: it may have happened (no answer, 5xx, 408, 425, 409 of a running change, a 2xx that is not Klarna's, any 3xx).
 */
export function judge(exchange: KlarnaExchange, rules: JudgingRules): KlarnaVerdict {
  if (exchange.kind !== 'answer') {
    const { kind, code, reason } = exchange;
    const verdict: KlarnaVerdict = { ...NOTHING, outcome: kind === 'not-sent' ? 'retry' : 'unknown', code, reason };
    const withheldMs = withheldMsOf(exchange);
    return withheldMs === undefined ? verdict : { ...verdict, retryAfterMs: withheldMs, withheld: true };
  }
  const { status } = exchange;
  if (status >= 200 && status < 300) return judgeSuccess(exchange, rules.success);
  const code = errorCodeIn(exchange.body) ?? null;
  const outcome = outcomeOf(status, code, rules);
  return {
    ...evidence(exchange),
    outcome,
    code: code ?? `HTTP_${status}`,
    reason: `Klarna answered ${status}${code === null ? ' without an error object' : ` ${code}`}`,
    retryAfterMs: outcome === 'retry' || outcome === 'unknown' ? pauseAskedMs(exchange) : null,
  };
}

const NOTHING: KlarnaVerdict = {
  outcome: 'unknown',
  answer: null,
  providerId: null,
  garbled: false,
  code: null,
  reason: null,
  correlationId: null,
  retryAfterMs: null,
};

function evidence(answer: KlarnaAnswer): KlarnaVerdict {
  const inBody = answer.correlationId === null ? objectIn(answer.body)?.['correlation_id'] : undefined;
  return {
    ...NOTHING,
    answer: answerOfRecord(answer),
    correlationId: answer.correlationId ?? (typeof inBody === 'string' ? inBody : null),
  };
}

function judgeSuccess(answer: KlarnaAnswer, check: SuccessCheck): KlarnaVerdict {
  const found = check(answer);
  if (found !== undefined) return { ...evidence(answer), outcome: 'succeeded', providerId: found.providerId };
  return {
    ...evidence(answer),
    outcome: 'unknown',
    garbled: true,
    code: 'GARBLED',
    reason: `Klarna answered ${answer.status} without what this answer must have (${answer.body.length} bytes)`,
  };
}

function outcomeOf(status: number, code: string | null, { api, youngOrder = false }: JudgingRules): KlarnaVerdict['outcome'] {
  // A redirect is not Klarna's: something in between (a proxy, a moved host) answered, before or after Klarna did.
  if (status < 400 || status >= 500) return 'unknown';
  switch (status) {
    case 401:
      return 'configuration';
    case 403:
      // Without an error object it is the protection in front of Klarna's API, not the API.
      if (code === null) return 'retry';
      return code === 'MERCHANT_INACTIVE' ? 'configuration' : 'rejected';
    case 404:
      return youngOrder ? 'retry' : 'rejected';
    case 408:
    case 425:
      return 'unknown';
    case 409:
      return api === 'order-management' || (api === 'customer-token' && code === 'CONFLICT') ? 'unknown' : 'rejected';
    case 429:
      return 'retry';
    default:
      return 'rejected';
  }
}
