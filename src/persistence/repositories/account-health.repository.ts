import { Injectable } from '@nestjs/common';
import type { Transaction } from '../database.js';

/** How a provider account is, as operations learn it by their calls: failing, paused, well again. */
@Injectable()
export class AccountHealthRepository {
  /** Calls of the account fail; kept until the first success after it. */
  async fails(tx: Transaction, accountId: string, now: Date): Promise<void> {
    await tx.query(
      `UPDATE provider_accounts SET failing_since = $2
       WHERE id = (SELECT id FROM provider_accounts WHERE id = $1 AND failing_since IS NULL FOR NO KEY UPDATE SKIP LOCKED)`,
      [accountId, now],
    );
  }

  /** The provider refuses our credentials: what waits, waits for the account. */
  async pause(tx: Transaction, accountId: string, reason: string, now: Date): Promise<void> {
    await tx.query('UPDATE provider_accounts SET paused_at = $2, pause_reason = $3 WHERE id = $1', [accountId, now, reason]);
  }

  /**
   * The first success after a failure wakes what waits for the account, spread out by `spacingMs`. An operation that was woken before
   * and failed again is woken later each time (by the schedule), so that one that always fails does not follow every success.
   *
   * Every operation of the account comes by here, so nobody waits here for anybody: who finds the account's row taken leaves the news to
   * the one who has it, or to the next success; an operation that somebody holds is being looked after.
   * @param endsPause whether it was a success of a write, which ends a pause for refused credentials too
   * @returns the operations that became due, none when the account was not failing
   */
  async works(
    tx: Transaction,
    accountId: string,
    now: Date,
    delays: readonly number[],
    spacingMs: number,
    endsPause = true,
  ): Promise<{ id: string; fence: number; next_at: Date }[]> {
    const recovered = await tx.query(
      `UPDATE provider_accounts SET failing_since = NULL, paused_at = NULL, pause_reason = NULL
       WHERE id = (SELECT id FROM provider_accounts
                   WHERE id = $1 AND (failing_since IS NOT NULL OR paused_at IS NOT NULL) AND ($2 OR paused_at IS NULL)
                   FOR NO KEY UPDATE SKIP LOCKED) RETURNING id`,
      [accountId, endsPause],
    );
    if (recovered.length === 0) return [];
    return tx.query(
      `WITH free AS (
         SELECT id, wakes, next_at FROM operations
         WHERE provider_account_id = $1 AND next_at > $2 AND lease_until IS NULL AND finished_at IS NULL
         FOR NO KEY UPDATE SKIP LOCKED
       )
       UPDATE operations o SET next_at = LEAST(o.next_at, w.at), wakes = o.wakes + 1
       FROM (SELECT id, $2::timestamptz
               + CASE WHEN wakes = 0 THEN 0 ELSE ($3::bigint[])[LEAST(wakes, cardinality($3::bigint[]))] END * interval '1 millisecond'
               + (row_number() OVER (ORDER BY next_at) - 1) * $4 * interval '1 millisecond' AS at
             FROM free) w
       WHERE o.id = w.id AND o.next_at > $2 AND o.lease_until IS NULL AND o.finished_at IS NULL RETURNING o.id, o.fence, o.next_at`,
      [accountId, now, delays, spacingMs],
    );
  }
}
