import { Injectable, Logger } from '@nestjs/common';
import { performance } from 'node:perf_hooks';
import { Alerts } from '../telemetry/alerts.js';
import { errorCodeIn } from './answer-of-record.js';
import { apiOf } from './api.js';
import { Breaker, isSick, type BreakerLimits } from './breaker.js';
import type { KlarnaCall, KlarnaExchange, Withheld } from './exchange.js';
import { rateCategoryOf, RateLimits } from './rate-limit.js';
import { RecentCalls } from './recent-calls.js';
import { RetryBudget, RetryPermits } from './retry-budget.js';

/** An API is sick while so much of what was called lately failed: what the service does by itself needs permits then. */
const SICK_SHARE = 0.1;
/** What is put off is put off by no more than this beyond the time it has to wait for anyway. */
const LONGEST_SPREAD_MS = 60_000;

export interface CareLimits extends BreakerLimits {
  /** How far back calls count. */
  windowMs: number;
  /** Permits per second that the retry budget has in any case. */
  floorPerSecond: number;
}

/** Whose call it is, and where it goes. */
type Admitted = Pick<KlarnaCall, 'by' | 'method' | 'path'>;

/** Decides which calls go to Klarna now, by how Klarna is: one state per account and API. Nothing here changes what a call means. */
@Injectable()
export class Care {
  readonly #apis = new Map<string, ApiCare>();
  readonly #limitsOfAccounts = new Map<string, RateLimits>();
  readonly #listeners = new Set<(accountId: string) => void>();
  readonly #logger = new Logger('Klarna');

  constructor(
    private readonly limits: CareLimits,
    private readonly alerts: Alerts,
    private readonly permits: RetryPermits,
    private readonly nowMs: () => number = () => performance.now(),
  ) {}

  /** @returns why the call may not go out now, else null. Nothing is sent in between */
  admit(accountId: string, call: Admitted): Promise<Withheld | null> {
    return this.#of(accountId, apiOf(call)).admit(call);
  }

  /** Makes an admitted call, and learns from what comes of it. */
  run(accountId: string, call: Admitted, send: () => Promise<KlarnaExchange>): Promise<KlarnaExchange> {
    return this.#of(accountId, apiOf(call)).run(call, send);
  }

  /** For how many ms a call would be withheld, as far as is known here; 0: it would not. */
  restMs(accountId: string, api: string, by: KlarnaCall['by']): number {
    return this.#of(accountId, api).restMs(by);
  }

  /** Whether so much fails that a single success is no recovery. */
  isFailing(accountId: string, api: string): boolean {
    return this.#of(accountId, api).failing;
  }

  /**
   * For how many ms calls that the service makes by itself would be withheld; 0: as far as is known here, they would not. Each who
   * asks in vain gets a time of its own, so that not all come back at once.
   */
  putOffMs(accountId: string, api: string, by: KlarnaCall['by']): number {
    return this.#of(accountId, api).putOffMs(by);
  }

  /** Calls back when an API, whose breaker was open in this process, has given a good answer again. */
  onWell(listener: (accountId: string) => void): void {
    this.#listeners.add(listener);
  }

  #of(accountId: string, api: string): ApiCare {
    const key = `${accountId} ${api}`;
    let care = this.#apis.get(key);
    if (care === undefined) {
      const said = { account_id: accountId, api };
      care = new ApiCare(
        this.limits,
        this.#limitsOf(accountId),
        {
          take: (firstAttempts, seenSick) => this.permits.take(accountId, api, firstAttempts, seenSick),
          seenSick: () => this.permits.seenSick(accountId, api),
        },
        this.nowMs,
        {
          opened: (counts) => this.alerts.raise('provider.sick', { ...said, ...counts }),
          closed: () => this.#logger.log({ alert: 'provider.well', ...said }),
          well: () => this.#listeners.forEach((listener) => listener(accountId)),
        },
      );
      this.#apis.set(key, care);
    }
    return care;
  }

  #limitsOf(accountId: string): RateLimits {
    let limits = this.#limitsOfAccounts.get(accountId);
    if (limits === undefined) this.#limitsOfAccounts.set(accountId, (limits = new RateLimits(this.nowMs)));
    return limits;
  }
}

/** One account and API. */
class ApiCare {
  readonly #recent: RecentCalls;
  readonly #breaker: Breaker;
  readonly #budget: RetryBudget;
  /** The breaker was open, and what waits has not been woken since. */
  #wakes = false;
  /** The breaker has closed, its counts are gone: for as long as they would have counted, one success proves little. */
  #weakUntil = 0;
  /** The last time that was given to somebody who was put off. */
  #lastSlot = 0;

  constructor(
    private readonly limits: CareLimits,
    private readonly rates: RateLimits,
    permits: ConstructorParameters<typeof RetryBudget>[0],
    private readonly nowMs: () => number,
    private readonly tell: { opened: (counts: { calls: number; failures: number }) => void; closed: () => void; well: () => void },
  ) {
    this.#recent = new RecentCalls(limits.windowMs, nowMs);
    this.#breaker = new Breaker(limits, this.#recent, nowMs, {
      opened: () => {
        this.#wakes = true;
        tell.opened(this.#recent.counts);
      },
      closed: () => {
        this.#weakUntil = nowMs() + limits.windowMs;
        tell.closed();
      },
    });
    this.#budget = new RetryBudget(permits, this.#spacingMs, nowMs);
  }

  async admit(call: Admitted): Promise<Withheld | null> {
    const held = this.#withheld(call, rateCategoryOf(call));
    if (held !== null) return held;
    // Callers' first attempts come first: they need no permit.
    if (call.by === 'caller') return null;
    if (!this.#sick && !(await this.#budget.lookElsewhere())) return null;
    if (await this.#budget.permit(this.#sick)) return null;
    const reason = 'Klarna is failing, and its retry budget is used up for the moment';
    return { kind: 'not-sent', code: 'RETRY_BUDGET', reason, withheldMs: this.#slotMs(this.#spacingMs) };
  }

  async run(call: Admitted, send: () => Promise<KlarnaExchange>): Promise<KlarnaExchange> {
    const category = rateCategoryOf(call);
    // It may have stood in line: what has become known meanwhile counts.
    const held = this.#withheld(call, category);
    if (held !== null) return held;
    if (call.by === 'caller' && this.#sick) this.#budget.earn();
    const exchange = await this.#breaker.run(send);
    if (exchange === null) return this.#open(call, Math.max(1, this.#breaker.restMs));
    this.rates.observe(category, exchange);
    if (this.#wakes && this.#breaker.closed && isGood(exchange)) {
      this.#wakes = false;
      this.#lastSlot = 0;
      this.tell.well();
    }
    return exchange;
  }

  restMs(by: KlarnaCall['by']): number {
    const budgetMs = by === 'service' && (this.#sick || this.#budget.sickElsewhere) ? this.#budget.restMs : 0;
    return Math.max(this.rates.restMs('everything else'), this.#breaker.restMs, budgetMs);
  }

  putOffMs(by: KlarnaCall['by']): number {
    const ms = this.restMs(by);
    return ms > 0 ? this.#slotMs(ms) : 0;
  }

  get failing(): boolean {
    return this.#sick && this.#recent.counts.failures >= this.limits.calls / 2;
  }

  #withheld(call: Admitted, category: string): Withheld | null {
    const heldMs = this.rates.restMs(category);
    if (heldMs > 0) {
      const reason = 'Klarna said that its rate limit is used up';
      return { kind: 'not-sent', code: 'RATE_LIMITED', reason, withheldMs: this.#waitMs(call, heldMs) };
    }
    const restMs = this.#breaker.restMs;
    return restMs > 0 ? this.#open(call, restMs) : null;
  }

  #open(call: Admitted, restMs: number): Withheld {
    const reason = 'Most calls to Klarna failed lately; nothing is sent for a moment';
    return { kind: 'not-sent', code: 'BREAKER_OPEN', reason, withheldMs: this.#waitMs(call, restMs) };
  }

  #waitMs({ by }: Admitted, ms: number): number {
    return by === 'caller' ? Math.ceil(ms) : this.#slotMs(ms);
  }

  /** A time for one more that is put off: one after the other, at the pace that the budget has in any case. */
  #slotMs(ms: number): number {
    const now = this.nowMs();
    const slot = Math.max(now + ms, Math.min(this.#lastSlot + this.#spacingMs, now + ms + LONGEST_SPREAD_MS));
    this.#lastSlot = slot;
    return Math.ceil(slot - now);
  }

  get #spacingMs(): number {
    return 1_000 / this.limits.floorPerSecond;
  }

  get #sick(): boolean {
    const { calls, failures } = this.#recent.counts;
    return !this.#breaker.closed || this.nowMs() < this.#weakUntil || (failures > 0 && failures >= SICK_SHARE * calls);
  }
}

/** Whether an exchange shows that Klarna does its work, and for this account. */
function isGood(exchange: KlarnaExchange): boolean {
  if (exchange.kind !== 'answer' || isSick(exchange)) return false;
  const { status, body } = exchange;
  if (status < 300) return true;
  const code = errorCodeIn(body);
  return status >= 400 && status !== 401 && status !== 429 && code !== undefined && code !== 'MERCHANT_INACTIVE';
}
