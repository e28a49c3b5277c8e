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
  orderId: string;
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
         (id, merchant_id, provider_account_id, hook_id, entry, provider_order_id, answered_by, status, reason, duration_ms, asked_at)
       SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::int[], $9::text[],
         $10::int[], $11::timestamptz[])
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
   * Takes answers that are in no timeline although there is an order by now, oldest first.
   * @returns what to append to the timelines, in the same transaction
   */
  async takeUntold(tx: Transaction, now: Date, limit: number): Promise<NewEntry[]> {
    const rows = await tx.query<Untold>(
      `WITH untold AS (
         SELECT q.id, o.id AS order_id FROM question_answers q
         JOIN orders o ON o.provider_account_id = q.provider_account_id AND o.provider_order_id = q.provider_order_id
         WHERE q.told_at IS NULL ORDER BY q.asked_at LIMIT $2 FOR UPDATE OF q SKIP LOCKED
       )
       UPDATE question_answers q SET told_at = $1 FROM untold WHERE q.id = untold.id
       RETURNING q.id, untold.order_id AS "orderId", q.entry, q.answered_by AS "answeredBy", q.status, q.reason,
         q.duration_ms AS "durationMs", q.asked_at AS "askedAt"`,
      [now, limit],
    );
    const inOrder = rows.sort((a, b) => a.askedAt.getTime() - b.askedAt.getTime() || (a.id < b.id ? -1 : 1));
    return inOrder.map(({ orderId, entry, answeredBy, status, reason, durationMs, askedAt }) => ({
      ...{ orderId, type: 'checkout.question_answered', at: askedAt, operationId: null },
      data: { entry, answered_by: answeredBy, status, duration_ms: durationMs, ...(reason === null ? {} : { reason }) },
    }));
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
