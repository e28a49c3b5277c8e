import { Injectable } from '@nestjs/common';
import { Database } from '../database.js';

/** How much waits, all processes and merchants together. */
export interface Backlog {
  /** Deliveries that are to be sent, now or later. */
  due: number;
  /** Of these, those whose time has come. */
  overdue: number;
  /** Seconds since the longest overdue one's time. */
  oldestS: number;
  resting: number;
  callbacks: number;
  callbacksOldestS: number;
}

/** Counted no further: a count of everything would cost as much as it finds. */
const MOST = 10_000;

/** What waits to be sent or looked at. */
@Injectable()
export class BacklogRepository {
  constructor(private readonly database: Database) {}

  /** One statement over partial indexes, that stops counting at 10,000. @throws DatabaseUnavailable */
  async read(now: Date): Promise<Backlog> {
    const rows = await this.database.query<Backlog>(
      `SELECT
         (SELECT count(*)::int FROM (SELECT FROM deliveries WHERE state = 'due' LIMIT ${MOST}) d) AS due,
         (SELECT count(*)::int FROM (SELECT FROM deliveries WHERE state = 'due' AND next_at <= $1 LIMIT ${MOST}) d) AS overdue,
         (SELECT greatest(0, coalesce(extract(epoch FROM $1 - min(next_at)), 0))::float8
          FROM (SELECT next_at FROM deliveries WHERE state = 'due' AND next_at <= $1 LIMIT ${MOST}) d) AS "oldestS",
         (SELECT count(*)::int FROM receivers WHERE rests_until > $1) AS resting,
         (SELECT count(*)::int FROM (SELECT FROM callbacks WHERE next_at IS NOT NULL LIMIT ${MOST}) c) AS callbacks,
         (SELECT greatest(0, coalesce(extract(epoch FROM $1 - min(next_at)), 0))::float8
          FROM callbacks WHERE next_at IS NOT NULL AND next_at <= $1) AS "callbacksOldestS"`,
      [now],
    );
    const [row] = rows;
    if (row === undefined) throw new Error('A count found no row');
    return row;
  }
}
