import { Injectable } from '@nestjs/common';
import { Database } from '../database.js';

/** Erases what merchants were told long ago. */
@Injectable()
export class EventRetentionRepository {
  constructor(private readonly database: Database) {}

  /** Deliveries that ended before a time, with their attempts; none that is still due. @returns how many, at most `limit` */
  async eraseDeliveries(endedBefore: Date, limit: number): Promise<number> {
    const rows = await this.database.query(
      `DELETE FROM deliveries WHERE id IN (
         SELECT id FROM deliveries WHERE ended_at < $1 AND state <> 'due' ORDER BY ended_at LIMIT $2 FOR UPDATE SKIP LOCKED
       ) RETURNING id`,
      [endedBefore, limit],
    );
    return rows.length;
  }

  /**
   * Events from before a time that nobody waits for any more: no delivery of theirs is left. Their numbers are not given out again, and
   * what was told once for ever stays told. @returns how many, at most `limit`
   */
  async eraseEvents(toldBefore: Date, limit: number): Promise<number> {
    const rows = await this.database.query(
      `DELETE FROM events WHERE id IN (
         SELECT id FROM events e WHERE at < $1 AND NOT EXISTS (SELECT FROM deliveries d WHERE d.event_id = e.id)
         ORDER BY at LIMIT $2 FOR UPDATE SKIP LOCKED
       ) RETURNING id`,
      [toldBefore, limit],
    );
    return rows.length;
  }
}
