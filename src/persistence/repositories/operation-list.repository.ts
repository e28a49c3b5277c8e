import { Injectable } from '@nestjs/common';
import { Database } from '../database.js';

/** What is looked for: states of unfinished operations, and states of finished ones for each of these kinds. */
export interface OperationsWanted {
  merchantId: string;
  open: readonly string[];
  final: readonly string[];
  /** Finished ones are looked up by kind: these, which are all that there are or the one that was asked for. */
  kinds: readonly string[];
  /** Unfinished ones of this kind only. */
  kind: string | null;
  /** Only operations with a smaller id: accepted before a time, or before the last one of the page before. */
  before: string | null;
  limit: number;
}

export interface ListedOperationRow {
  id: string;
  kind: string;
  class: string;
  state: string;
  order_id: string | null;
  reference: string | null;
  /** Minor units, as text. */
  amount: string | null;
  currency: string | null;
  attempts: number | null;
  last_code: string | null;
  next_at: Date | null;
  created_at: Date;
  finished_at: Date | null;
  reason: string | null;
}

export interface OperationCountRow {
  state: string;
  kind: string;
  currency: string | null;
  count: string;
  /** Of those that name an amount. */
  priced: string;
  amount: string | null;
  oldest: Date;
}

/** Operations of one merchant, for people. */
@Injectable()
export class OperationListRepository {
  constructor(private readonly database: Database) {}

  /**
   * One page, newest first. Each state (of finished operations: each state and kind) is read from the end of an index of its own, a page at
   * most: it reads as many rows with a thousand finished operations as with a million.
   */
  list({ merchantId, open, final, kinds, kind, before, limit }: OperationsWanted): Promise<ListedOperationRow[]> {
    const bounds = `($5::uuid IS NULL OR id < $5)`;
    return this.database.query<ListedOperationRow>(
      `WITH page AS (
         SELECT id FROM (
           SELECT o.id FROM unnest($2::text[]) AS s(state) CROSS JOIN LATERAL (
             SELECT id FROM operations
             WHERE merchant_id = $1 AND state = s.state AND finished_at IS NULL AND ($6::text IS NULL OR kind = $6) AND ${bounds}
             ORDER BY id DESC LIMIT $7) o
           UNION ALL
           SELECT o.id FROM unnest($3::text[]) AS s(state) CROSS JOIN unnest($4::text[]) AS k(kind) CROSS JOIN LATERAL (
             SELECT id FROM operations
             WHERE merchant_id = $1 AND state = s.state AND kind = k.kind AND finished_at IS NOT NULL AND ${bounds}
             ORDER BY id DESC LIMIT $7) o
         ) found ORDER BY id DESC LIMIT $7
       )
       SELECT o.id, o.kind, o.class, o.state, COALESCE(o.lane, made.provider_id) AS order_id, o.reference, o.amount, ord.currency,
              last.number AS attempts, last.code AS last_code, o.next_at, o.created_at, o.finished_at, o.reason
       FROM page JOIN operations o USING (id)
       LEFT JOIN LATERAL (SELECT number, code FROM attempts WHERE operation_id = o.id ORDER BY number DESC LIMIT 1) last ON true
       LEFT JOIN LATERAL (SELECT provider_id FROM attempts WHERE operation_id = o.id AND outcome = 'succeeded' AND o.lane IS NULL LIMIT 1) made ON true
       LEFT JOIN orders ord ON ord.provider_account_id = o.provider_account_id AND ord.provider_order_id = COALESCE(o.lane, made.provider_id)
       ORDER BY o.id DESC`,
      [merchantId, open, final, kinds, before, kind, limit],
    );
  }

  /** Counts and money of every unfinished operation, by state, kind and currency of the order. */
  countOpen(merchantId: string, states: readonly string[]): Promise<OperationCountRow[]> {
    return this.database.query<OperationCountRow>(
      `SELECT o.state, o.kind, ord.currency, ${COUNTS}
       FROM operations o
       LEFT JOIN orders ord ON ord.provider_account_id = o.provider_account_id AND ord.provider_order_id = o.lane
       WHERE o.merchant_id = $1 AND o.state = ANY($2) AND o.finished_at IS NULL
       GROUP BY o.state, o.kind, ord.currency`,
      [merchantId, states],
    );
  }

  /**
   * The same for finished ones that were accepted since.
   * @param since the smallest id that counts
   * @param most of each state and kind, the newest
   */
  countFinished(
    merchantId: string,
    { states, kinds, since, most }: { states: readonly string[]; kinds: readonly string[]; since: string; most: number },
  ): Promise<OperationCountRow[]> {
    return this.database.query<OperationCountRow>(
      `SELECT s.state, k.kind, ord.currency, ${COUNTS}
       FROM unnest($2::text[]) AS s(state) CROSS JOIN unnest($3::text[]) AS k(kind) CROSS JOIN LATERAL (
         SELECT amount, created_at, provider_account_id, lane FROM operations
         WHERE merchant_id = $1 AND state = s.state AND kind = k.kind AND finished_at IS NOT NULL AND id >= $4
         ORDER BY id DESC LIMIT $5) o
       LEFT JOIN orders ord ON ord.provider_account_id = o.provider_account_id AND ord.provider_order_id = o.lane
       GROUP BY s.state, k.kind, ord.currency`,
      [merchantId, states, kinds, since, most],
    );
  }
}

const COUNTS = 'count(*) AS count, count(o.amount) AS priced, sum(o.amount)::text AS amount, min(o.created_at) AS oldest';
