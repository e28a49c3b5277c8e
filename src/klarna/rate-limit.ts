import type { KlarnaAnswer } from './answer-of-record.js';
import type { KlarnaCall, KlarnaExchange } from './exchange.js';

/** A whole account is not held for longer than this, whatever an answer asks for: the next call learns whether it still holds. */
const LONGEST_HOLD_MS = 60_000;
/** Klarna counts per second. */
const USUAL_HOLD_MS = 1_000;

/**
 * Klarna's category of a call: each has a limit of its own per merchant id. Creating sessions and tokens is counted apart, everything else of
 * all APIs together.
 */
export function rateCategoryOf({ method, path }: Pick<KlarnaCall, 'method' | 'path'>): string {
  if (method !== 'POST') return 'everything else';
  if (path === '/payments/v1/sessions') return 'create session';
  if (/^\/payments\/v1\/authorizations\/[^/]+\/customer-token$/.test(path)) return 'create customer token';
  return path === '/hpp/v1/sessions' ? 'create hosted page' : 'everything else';
}

/**
 * The pause that an answer asks for, in ms; null when it names none. Klarna documents no `Retry-After`, but proxies in between send it, as seconds
 * or as a date. Klarna's `X-Ratelimit-Reset` (seconds) is on every answer: it asks for a pause where nothing is left until then.
 */
export function pauseAskedMs(answer: Pick<KlarnaAnswer, 'status' | 'headers'>): number | null {
  const { headers } = answer;
  const seconds = [headers['retry-after'], isUsedUp(answer) ? headers['x-ratelimit-reset'] : undefined].find(
    (value) => value !== undefined && /^\d{1,6}(\.\d+)?$/.test(value),
  );
  if (seconds !== undefined) return Math.ceil(Number(seconds) * 1000);
  // Both dates are the other side's, so that a wrong clock here does not matter.
  const pause = Date.parse(headers['retry-after'] ?? '') - Date.parse(headers['date'] ?? '');
  return Number.isFinite(pause) && pause >= 0 ? pause : null;
}

/** Whether Klarna refuses further calls of the category until its limit is reset. */
function isUsedUp({ status, headers }: Pick<KlarnaAnswer, 'status' | 'headers'>): boolean {
  return status === 429 || Number((headers['x-ratelimit-remaining'] || 'unknown').split(/[,;]/)[0]) === 0;
}

/** For how long an answer forbids further calls of its category, in ms; 0 when it does not. */
function holdAskedMs(answer: KlarnaAnswer): number {
  if (isUsedUp(answer)) return pauseAskedMs(answer) ?? USUAL_HOLD_MS;
  return answer.status === 503 ? (pauseAskedMs(answer) ?? 0) : 0;
}

/** Until when an account's calls are held, by category, because Klarna said that they would be refused. */
export class RateLimits {
  readonly #until = new Map<string, number>();

  constructor(private readonly nowMs: () => number) {}

  /** Takes over what an exchange says of the limit of its category. */
  observe(category: string, exchange: KlarnaExchange): void {
    const ms = exchange.kind === 'answer' ? Math.min(holdAskedMs(exchange), LONGEST_HOLD_MS) : 0;
    if (ms > 0) this.#until.set(category, Math.max(this.#until.get(category) ?? 0, this.nowMs() + ms));
  }

  /** For how many ms calls of the category are held; 0: they are not. */
  restMs(category: string): number {
    return Math.max(0, (this.#until.get(category) ?? 0) - this.nowMs());
  }
}
