import { Injectable } from '@nestjs/common';
import { Database } from '../database.js';

/** A tenth of callers' first attempts. */
const SHARE = 0.1;
/** Neither inlet holds more than the floor of so many seconds: what was not used long ago is no burst now. */
const HOLDS_SECONDS = 10;

/** The token bucket of a provider's sick API, one statement per permit. */
@Injectable()
export class RetryBudgetsRepository {
  constructor(private readonly database: Database) {}

  /**
   * Credits first attempts and takes one permit. It is there when either inlet has one, and is taken out of both: so that over time there are
   * as many as the larger of the two gives, not their sum.
   * @param wish `seenSick`: this process has seen for itself that the API is sick
   * @param now business time; a process whose clock is behind adds nothing
   * @throws DatabaseUnavailable
   */
  async take(
    wish: { accountId: string; api: string; firstAttempts: number; seenSick: boolean },
    floorPerSecond: number,
    now: Date,
  ): Promise<boolean> {
    const { accountId, api, firstAttempts, seenSick } = wish;
    const full = floorPerSecond * HOLDS_SECONDS;
    const [taken] = await this.database.query<{ granted: boolean }>(
      `WITH budget AS (
         SELECT LEAST($6, share + $3 * ${SHARE}) AS share,
                LEAST($6, base + GREATEST(0, extract(epoch FROM $5::timestamptz - refilled_at)) * $4) AS base
         FROM retry_budgets WHERE provider_account_id = $1 AND api = $2 FOR UPDATE
       ), counted AS (
         SELECT share, base, CASE WHEN share >= 1 OR base >= 1 THEN 1 ELSE 0 END AS permits FROM budget
       )
       UPDATE retry_budgets b
       SET share = GREATEST(c.share - c.permits, -$6), base = GREATEST(c.base - c.permits, 0), refilled_at = GREATEST(b.refilled_at, $5),
         sick_at = CASE WHEN $7 THEN GREATEST(b.sick_at, $5) ELSE b.sick_at END
       FROM counted c WHERE b.provider_account_id = $1 AND b.api = $2
       RETURNING c.permits = 1 AS granted`,
      [accountId, api, firstAttempts, floorPerSecond, now, full, seenSick],
    );
    if (taken !== undefined) return taken.granted;
    const made = await this.database.query(
      `INSERT INTO retry_budgets (provider_account_id, api, share, base, refilled_at, sick_at) VALUES ($1, $2, $3::float8 * ${SHARE} - 1, $4, $5, $5)
       ON CONFLICT DO NOTHING RETURNING api`,
      [accountId, api, firstAttempts, full - 1, now],
    );
    // Somebody else has just made it.
    return made.length > 0 || this.take(wish, floorPerSecond, now);
  }

  /** Whether some process has seen since then that the API is sick. */
  async seenSick(accountId: string, api: string, since: Date): Promise<boolean> {
    const rows = await this.database.query('SELECT FROM retry_budgets WHERE provider_account_id = $1 AND api = $2 AND sick_at > $3', [
      accountId,
      api,
      since,
    ]);
    return rows.length > 0;
  }
}
