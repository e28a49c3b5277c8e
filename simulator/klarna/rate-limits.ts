import type { SwitchValues } from '../switches.js';

type Category = 'create_session' | 'create_customer_token' | 'create_hosted_page' | 'everything_else';

const CREATES: readonly (readonly [path: RegExp, category: Category])[] = [
  [/^\/payments\/v1\/sessions$/, 'create_session'],
  [/^\/payments\/v1\/authorizations\/[^/]+\/customer-token$/, 'create_customer_token'],
  [/^\/hpp\/v1\/sessions$/, 'create_hosted_page'],
];

const PER_SECOND: Record<'production' | 'playground', Record<Category, number>> = {
  production: { create_session: 40, create_customer_token: 40, create_hosted_page: 40, everything_else: 200 },
  playground: { create_session: 5, create_customer_token: 5, create_hosted_page: 5, everything_else: 50 },
};

/** Requests per second, merchant and category, as Klarna counts them: in fixed seconds of the virtual clock. */
export class RateLimits {
  private second = 0;
  private counts = new Map<string, number>();

  /**
   * Counts one request.
   * @returns whether it is within the limit, and the headers that say how much is left. With limits off nothing is ever used up
   */
  count(
    merchant: string,
    method: string,
    path: string,
    limits: SwitchValues['rate_limit'],
    now: number,
  ): { allowed: boolean; headers: Record<string, string> } {
    const category = categoryOf(method, path);
    const limit = PER_SECOND[limits === 'off' ? 'production' : limits][category];
    const second = Math.floor(now / 1000);
    if (second !== this.second) {
      this.second = second;
      this.counts = new Map();
    }
    const counter = `${category} ${merchant}`;
    const used = (this.counts.get(counter) ?? 0) + 1;
    this.counts.set(counter, used);
    const remaining = limits === 'off' ? limit - 1 : Math.max(limit - used, 0);
    return {
      allowed: limits === 'off' || used <= limit,
      headers: { 'X-Ratelimit-Limit': `${limit}, ${limit};w=1`, 'X-Ratelimit-Remaining': String(remaining), 'X-Ratelimit-Reset': '1' },
    };
  }
}

function categoryOf(method: string, path: string): Category {
  const create = method === 'POST' ? CREATES.find(([known]) => known.test(path)) : undefined;
  return create?.[1] ?? 'everything_else';
}
