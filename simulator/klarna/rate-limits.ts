import type { SwitchValues } from '../switches.js';

type Category = 'create_session' | 'create_hosted_page' | 'everything_else';

const CREATES: Readonly<Record<string, Category>> = {
  '/payments/v1/sessions': 'create_session',
  '/hpp/v1/sessions': 'create_hosted_page',
};

const PER_SECOND: Record<'production' | 'playground', Record<Category, number>> = {
  production: { create_session: 40, create_hosted_page: 40, everything_else: 200 },
  playground: { create_session: 5, create_hosted_page: 5, everything_else: 50 },
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
    const category = (method === 'POST' ? CREATES[path] : undefined) ?? 'everything_else';
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
