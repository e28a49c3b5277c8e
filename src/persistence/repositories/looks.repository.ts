import { Injectable } from '@nestjs/common';
import { Database, type Queryable } from '../database.js';

/** What is looked at because a callback about it may have got lost; the tables have these columns in common. */
export type LookedAtTable = 'payment_sessions' | 'hosted_pages' | 'checkout_orders';

export interface DueLook {
  id: string;
  providerAccountId: string;
  /** Until then nobody else takes it. */
  claimedUntil: Date;
}

/** When sessions, hosted pages and checkouts are read although nobody asked. */
@Injectable()
export class LooksRepository {
  constructor(private readonly database: Database) {}

  /**
   * Takes what is due, longest due first, so many of each account. Moving `look_at` ahead is the claim: when the one who looks dies, it is due
   * again at `claimUntil`. Every second one process has the turn of an account, so that the quota is one for all of them; like a lease, a
   * turn is on Postgres' clock. Paused accounts, and those without credentials, are left alone.
   * @param resting further accounts that are left alone for now
   */
  claim(table: LookedAtTable, now: Date, claimUntil: Date, perAccount: number, resting: readonly string[]): Promise<DueLook[]> {
    return this.database.query<DueLook>(
      `WITH turn AS (
         INSERT INTO look_turns AS t (provider_account_id, kind, until)
         SELECT a.id, '${table}', now() + interval '1 second' FROM provider_accounts a
         WHERE a.paused_at IS NULL AND (a.retired_at IS NULL OR a.successor_id IS NOT NULL) AND a.id <> ALL ($4::uuid[])
           AND EXISTS (SELECT FROM ${table} l WHERE l.provider_account_id = a.id AND l.look_at <= $1)
         ORDER BY a.id
         ON CONFLICT (provider_account_id, kind) DO UPDATE SET until = EXCLUDED.until WHERE t.until <= now()
         RETURNING provider_account_id
       ), due AS (
         SELECT found.id FROM turn CROSS JOIN LATERAL (
           SELECT l.id FROM ${table} l WHERE l.provider_account_id = turn.provider_account_id AND l.look_at <= $1
           ORDER BY l.look_at LIMIT $3 FOR NO KEY UPDATE SKIP LOCKED
         ) found
       )
       UPDATE ${table} SET look_at = $2 WHERE id IN (SELECT id FROM due)
       RETURNING id, provider_account_id AS "providerAccountId", look_at AS "claimedUntil"`,
      [now, claimUntil, perAccount, resting],
    );
  }

  /** Ends a claim. Who asked for another look meanwhile, or said that none is needed, has the last word. @param at null: no look any more */
  async next(table: LookedAtTable, { id, claimedUntil }: DueLook, at: Date | null, db: Queryable = this.database): Promise<void> {
    await db.query(`UPDATE ${table} SET look_at = $3 WHERE id = $1 AND look_at = $2`, [id, claimedUntil, at]);
  }
}

/**
 * SQL of the question whether anybody wants to hear: the operation put an address of ours into this entry, or the merchant has an endpoint
 * that takes this type of event. What nobody would hear is not looked for.
 * @param operation, merchant placeholders of the statement
 */
export function isWanted(entry: string, eventType: string, operation: string, merchant: string): string {
  return `(EXISTS (SELECT FROM hooks h WHERE h.operation_id = ${operation} AND h.entry = '${entry}')
    OR EXISTS (SELECT FROM notification_endpoints e WHERE e.merchant_id = ${merchant} AND e.deleted_at IS NULL AND e.disabled_at IS NULL
                 AND (e.events IS NULL OR '${eventType}' = ANY (e.events))))`;
}
