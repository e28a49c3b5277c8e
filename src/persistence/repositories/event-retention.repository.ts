import { Injectable } from '@nestjs/common';
import { Database } from '../database.js';

/** Erases what merchants were told long ago. */
@Injectable()
export class EventRetentionRepository {
  constructor(private readonly database: Database) {}

  /**
   * Deliveries that ended before a time, with their attempts; none that is still due, and none by which a callback that is kept is known to have
   * been passed on. @returns how many, at most `limit`
   */
  async eraseDeliveries(endedBefore: Date, limit: number): Promise<number> {
    const rows = await this.database.query(
      `DELETE FROM deliveries WHERE id IN (
         SELECT id FROM deliveries d WHERE ended_at < $1 AND state <> 'due'
           AND NOT EXISTS (SELECT FROM callbacks c WHERE c.id = d.callback_id)
         ORDER BY ended_at LIMIT $2 FOR UPDATE SKIP LOCKED
       ) RETURNING id`,
      [endedBefore, limit],
    );
    return rows.length;
  }

  /**
   * Events from before a time that nobody waits for any more: no delivery of theirs is left, and whether they were told is not asked again,
   * because the operation or the callback that they are of is over. Their numbers are not given out again, and what was told once for ever
   * stays told. @returns how many, at most `limit`
   */
  async eraseEvents(toldBefore: Date, limit: number): Promise<number> {
    const rows = await this.database.query(
      `DELETE FROM events WHERE id IN (
         SELECT id FROM events e WHERE at < $1 AND NOT EXISTS (SELECT FROM deliveries d WHERE d.event_id = e.id)
           AND NOT EXISTS (SELECT FROM operations o WHERE o.id = e.operation_id AND o.finished_at IS NULL)
           AND NOT EXISTS (SELECT FROM callbacks c WHERE c.id = (e.data ->> 'callback_id')::uuid)
         ORDER BY at LIMIT $2 FOR UPDATE SKIP LOCKED
       ) RETURNING id`,
      [toldBefore, limit],
    );
    return rows.length;
  }
}
