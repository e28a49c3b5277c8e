import { BrokenCircuitError, circuitBreaker, CircuitState, handleWhenResult, type CircuitBreakerPolicy, type IBreaker } from 'cockatiel';
import { NOT_SENT, type KlarnaExchange } from './exchange.js';
import type { RecentCalls } from './recent-calls.js';

/** It opens when so much of what was called lately failed. */
const FAILING_SHARE = 0.5;
/** While the one probe is under way the others look again after this. */
const PROBE_LOOK_MS = 1_000;

export interface BreakerLimits {
  /** Fewer calls lately than this say nothing: a small shop's slow calls don't open it. */
  calls: number;
  /** How long no call goes out after it opened; then one does, the probe. */
  restMs: number;
}

/**
 * Whether an exchange says that the other side is sick: no answer, a 5xx, no connection. A 4xx is an answer like any other, a 429 is the rate
 * limit's, a 401 the account's, and what this process withheld itself says nothing of Klarna.
 */
export function isSick(exchange: KlarnaExchange): boolean {
  switch (exchange.kind) {
    case 'answer':
      return exchange.status >= 500;
    case 'no-answer':
      return true;
    case 'not-sent':
      return !wasWithheld(exchange);
  }
}

/**
 * The circuit breaker of one account and API. It only ever withholds calls before their first byte.
 *
 * The counting is ours: cockatiel's own sampling keeps the counts of the time before a silence, so that an hour-old failure would count.
 */
export class Breaker {
  readonly #policy: CircuitBreakerPolicy;
  #openedAt = 0;

  constructor(
    private readonly limits: BreakerLimits,
    recent: RecentCalls,
    private readonly nowMs: () => number,
    tell: { opened: () => void; closed: () => void },
  ) {
    const breaker: IBreaker = {
      state: undefined,
      success: (state) => {
        if (state === CircuitState.HalfOpen) recent.clear();
        recent.add(false);
      },
      failure: (state) => {
        recent.add(true);
        const { calls, failures } = recent.counts;
        return state !== CircuitState.Closed || (calls >= limits.calls && failures >= FAILING_SHARE * calls);
      },
    };
    // A probe that was withheld at the last moment proved nothing: it must not close the breaker.
    const failed = (exchange: unknown): boolean =>
      isSick(exchange as KlarnaExchange) || (this.#policy.state === CircuitState.HalfOpen && wasWithheld(exchange as KlarnaExchange));
    this.#policy = circuitBreaker(handleWhenResult(failed), { halfOpenAfter: limits.restMs, breaker });
    let sick = false;
    this.#policy.onBreak(() => {
      this.#openedAt = this.nowMs();
      // A probe that failed is no news.
      if (!sick) tell.opened();
      sick = true;
    });
    this.#policy.onReset(() => {
      sick = false;
      tell.closed();
    });
  }

  get closed(): boolean {
    return this.#policy.state === CircuitState.Closed;
  }

  /** For how many ms no call goes out; 0: one may, if it is the first to ask. */
  get restMs(): number {
    switch (this.#policy.state) {
      case CircuitState.Open:
        return Math.max(0, this.#openedAt + this.limits.restMs - this.nowMs());
      case CircuitState.HalfOpen:
        return Math.min(PROBE_LOOK_MS, this.limits.restMs);
      case CircuitState.Closed:
      case CircuitState.Isolated:
        return 0;
    }
  }

  /** Makes a call, if it may go out. @returns null when it may not: nothing was called */
  async run(call: () => Promise<KlarnaExchange>): Promise<KlarnaExchange | null> {
    // cockatiel lets others stand in line behind the probe; a probe may take a minute.
    if (this.#policy.state === CircuitState.HalfOpen) return null;
    try {
      return await this.#policy.execute(call);
    } catch (error) {
      if (error instanceof BrokenCircuitError) return null;
      throw error;
    }
  }
}

function wasWithheld(exchange: KlarnaExchange): boolean {
  return exchange.kind === 'not-sent' && (exchange.code === NOT_SENT || exchange.withheldMs !== undefined);
}
