import { Injectable } from '@nestjs/common';
import { Database, type Transaction } from '../database.js';
import type { NewEntry } from './timeline.repository.js';

/** How one question was answered. */
export interface AnsweredQuestion {
  id: string;
  merchantId: string;
  providerAccountId: string;
  hookId: string;
  entry: string;
  providerOrderId: string | null;
  answeredBy: 'shop' | 'fallback';
  status: number;
  /** Why the fallback answered; codes and fields, no word of the shopper's. */
  reason: string | null;
  durationMs: number;
  askedAt: Date;
}

interface Untold {
  id: string;
  /** Null: there is none yet. */
  orderId: string | null;
  entry: string;
  answeredBy: string;
  status: number;
  reason: string | null;
  durationMs: number;
  askedAt: Date;
}

/** What became of the provider's questions. */
@Injectable()
export class QuestionAnswersRepository {
  constructor(private readonly database: Database) {}

  /** Writes down any number of answers. The same again changes nothing. @throws DatabaseUnavailable: repeat */
  async insert(answers: readonly AnsweredQuestion[]): Promise<void> {
    if (answers.length === 0) return;
    await this.database.query(
      `INSERT INTO question_answers
         (id, merchant_id, provider_account_id, hook_id, entry, provider_order_id, answered_by, status, reason, duration_ms, asked_at, next_at)
       SELECT *, CASE WHEN provider_order_id IS NOT NULL THEN asked_at END FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::int[], $9::text[],
         $10::int[], $11::timestamptz[])
         AS q (id, merchant_id, provider_account_id, hook_id, entry, provider_order_id, answered_by, status, reason, duration_ms, asked_at)
       ON CONFLICT (id) DO NOTHING`,
      [
        answers.map(({ id }) => id),
        answers.map(({ merchantId }) => merchantId),
        answers.map(({ providerAccountId }) => providerAccountId),
        answers.map(({ hookId }) => hookId),
        answers.map(({ entry }) => entry),
        answers.map(({ providerOrderId }) => providerOrderId),
        answers.map(({ answeredBy }) => answeredBy),
        answers.map(({ status }) => status),
        answers.map(({ reason }) => reason),
        answers.map(({ durationMs }) => durationMs),
        answers.map(({ askedAt }) => askedAt),
      ],
    );
  }

  /**
   * Takes answers whose order is to be looked for, the longest due first. What has no order yet is looked for again after a quarter of its
   * age, so that the many carts that nobody buys cost little, until it is erased: a checkout lives on for two days after each change.
   * @returns what to append to the timelines, in the same transaction; and how many were looked for
   */
  async takeUntold(tx: Transaction, now: Date, limit: number): Promise<{ entries: NewEntry[]; looked: number }> {
    const rows = await tx.query<Untold>(
      `WITH due AS MATERIALIZED (
         SELECT id, merchant_id, provider_account_id, provider_order_id FROM question_answers
         WHERE next_at <= $1 ORDER BY next_at LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED
       ), found AS MATERIALIZED (
         SELECT due.id, o.id AS order_id FROM due LEFT JOIN LATERAL (
           SELECT o.id FROM orders o
           WHERE o.provider_account_id = due.provider_account_id AND o.provider_order_id = due.provider_order_id
             AND o.merchant_id = due.merchant_id LIMIT 1
         ) o ON true
       )
       UPDATE question_answers q SET
         told_at = CASE WHEN found.order_id IS NOT NULL THEN $1::timestamptz END,
         next_at = CASE WHEN found.order_id IS NULL
                        THEN $1::timestamptz + GREATEST(interval '2 seconds', ($1::timestamptz - q.asked_at) / 4) END
       FROM found WHERE q.id = found.id
       RETURNING q.id, found.order_id AS "orderId", q.entry, q.answered_by AS "answeredBy", q.status, q.reason,
         q.duration_ms AS "durationMs", q.asked_at AS "askedAt"`,
      [now, limit],
    );
    const told = rows.filter((row): row is Untold & { orderId: string } => row.orderId !== null);
    const inOrder = told.sort((a, b) => a.askedAt.getTime() - b.askedAt.getTime() || (a.id < b.id ? -1 : 1));
    const entries = inOrder.map(({ orderId, entry, answeredBy, status, reason, durationMs, askedAt }) => ({
      ...{ orderId, type: 'checkout.question_answered', at: askedAt, operationId: null },
      data: { entry, answered_by: answeredBy, status, duration_ms: durationMs, ...(reason === null ? {} : { reason }) },
    }));
    return { entries, looked: rows.length };
  }

  /** Erases answers of before a time, at most so many. @returns how many */
  async erase(before: Date, limit: number): Promise<number> {
    const rows = await this.database.query(
      `DELETE FROM question_answers WHERE id IN (SELECT id FROM question_answers WHERE asked_at < $1 ORDER BY asked_at LIMIT $2) RETURNING id`,
      [before, limit],
    );
    return rows.length;
  }
}
