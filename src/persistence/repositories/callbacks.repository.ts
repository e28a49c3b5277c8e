import { Injectable } from '@nestjs/common';
import { Database } from '../database.js';
import type { CallbackEntry } from './hooks.repository.js';

/** A callback as it came, on its way into the inbox. */
export interface NewCallback {
  id: string;
  hookId: string;
  merchantId: string;
  providerAccountId: string;
  entry: CallbackEntry;
  providerOrderId: string | null;
  providerSessionId: string | null;
  eventType: string | null;
  /** Sealed (`CALLBACK_BODY`); null: there was none. */
  body: Buffer | null;
  fingerprint: Buffer;
  /** Business time. */
  receivedAt: Date;
}

/** What the body of a callback is sealed for. */
export const CALLBACK_BODY = 'callback.body';

/** One that is due, in the hands of this process until its lease runs out. */
export interface TakenCallback extends Omit<NewCallback, 'fingerprint'> {
  /** Looks before this one. */
  attempts: number;
  /** What the last one came to; null: there was none. */
  lastResult: string | null;
  lastReceivedAt: Date;
  /** Whose look it is: a look of a former holder decides nothing. */
  fence: number;
}

/** What a look came to. */
export interface LookedAt {
  id: string;
  fence: number;
  state: 'received' | 'done' | 'given-up';
  result: string;
  attempts: number;
  /** Null exactly when it is not `received`. */
  nextAt: Date | null;
  /** As it was when the look began: what came again since then wants a look of its own. */
  lastReceivedAt: Date;
  now: Date;
}

/** More different ones of one address within the hour are not taken. */
const MOST_OF_A_HOOK = 100;
/** The same again within so much of the last one is counted, and is no reason to look. */
const QUIET = `interval '60 seconds'`;

/** The inbox: what the provider told addresses of ours. */
@Injectable()
export class CallbacksRepository {
  constructor(private readonly database: Database) {}

  /**
   * Keeps callbacks, in one statement. The same again is counted; when it comes some time after the last one, it is looked at again: the
   * provider repeats what it does not see done. Rows are taken in one order, so that two processes never wait for each other.
   * @param callbacks no two with the same hook and fingerprint; `repeats` beside the first
   * @returns whether each is kept (or counted), in the order given; false: too many different ones of its address within the hour
   */
  async store(callbacks: readonly (NewCallback & { repeats: number })[]): Promise<boolean[]> {
    const column = <K extends keyof NewCallback>(name: K) => callbacks.map((each) => each[name]);
    const rows = await this.database.query<{ place: string }>(
      `WITH came AS (
         SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::text[], $9::bytea[],
             $10::bytea[], $11::timestamptz[], $12::int[])
           WITH ORDINALITY AS came (id, hook_id, merchant_id, provider_account_id, entry, provider_order_id, provider_session_id, event_type,
             body, fingerprint, at, repeats, place)
       ), lately AS (
         SELECT hooks.hook_id, (
             SELECT count(*) FROM (
               SELECT FROM callbacks c WHERE c.hook_id = hooks.hook_id AND c.received_at > hooks.at - interval '1 hour' LIMIT ${MOST_OF_A_HOOK}
             ) found
           ) AS kept
         FROM (SELECT hook_id, max(at) AS at FROM came GROUP BY hook_id) hooks
       ), known AS (
         SELECT came.place FROM came JOIN callbacks c ON c.hook_id = came.hook_id AND c.fingerprint = came.fingerprint
       ), taken AS (
         SELECT came.* FROM came JOIN known USING (place)
         UNION ALL
         SELECT numbered.id, numbered.hook_id, merchant_id, provider_account_id, entry, provider_order_id, provider_session_id, event_type,
           body, fingerprint, at, repeats, place
         FROM (SELECT came.*, row_number() OVER (PARTITION BY came.hook_id ORDER BY place) AS number
               FROM came WHERE place NOT IN (SELECT place FROM known)) numbered
         JOIN lately USING (hook_id) WHERE numbered.number + lately.kept <= ${MOST_OF_A_HOOK}
       ), kept AS (
         INSERT INTO callbacks AS c (id, hook_id, merchant_id, provider_account_id, entry, provider_order_id, provider_session_id, event_type,
           body, fingerprint, repeats, received_at, last_received_at, state, attempts, next_at, fence)
         SELECT id, hook_id, merchant_id, provider_account_id, entry, provider_order_id, provider_session_id, event_type,
           body, fingerprint, repeats, at, at, 'received', 0, at, 0
         FROM taken ORDER BY hook_id, fingerprint
         ON CONFLICT (hook_id, fingerprint) DO UPDATE SET
           repeats = c.repeats + 1 + EXCLUDED.repeats,
           last_received_at = GREATEST(c.last_received_at, EXCLUDED.received_at),
           state = CASE WHEN ${AGAIN} THEN 'received' ELSE c.state END,
           attempts = CASE WHEN ${AGAIN} THEN 0 ELSE c.attempts END,
           next_at = CASE WHEN ${AGAIN} THEN LEAST(c.next_at, EXCLUDED.received_at) ELSE c.next_at END,
           finished_at = CASE WHEN ${AGAIN} THEN NULL ELSE c.finished_at END
         RETURNING hook_id, fingerprint
       )
       SELECT came.place::text FROM came JOIN kept USING (hook_id, fingerprint)`,
      [
        column('id'),
        column('hookId'),
        column('merchantId'),
        column('providerAccountId'),
        column('entry'),
        column('providerOrderId'),
        column('providerSessionId'),
        column('eventType'),
        column('body'),
        column('fingerprint'),
        column('receivedAt'),
        callbacks.map(({ repeats }) => repeats),
      ],
    );
    const kept = new Set(rows.map(({ place }) => Number(place)));
    return callbacks.map((_, index) => kept.has(index + 1));
  }

  /**
   * Takes what is due, longest due first, order by order: all that is due of one order goes to one taker, so that one read settles it.
   * Orders of which somebody is looking at something are passed over, as long as their lease lasts.
   * @param limit orders, not callbacks
   * @param leaseMs on Postgres' clock
   */
  take(now: Date, limit: number, leaseMs: number): Promise<TakenCallback[]> {
    return this.database.query<TakenCallback>(
      `WITH due AS (
         SELECT id, provider_account_id, ${ABOUT} AS about, next_at FROM callbacks
         WHERE next_at <= $1 AND (lease_until IS NULL OR lease_until < now()) ORDER BY next_at LIMIT 1000
       ), first AS (
         SELECT provider_account_id, about FROM due
         WHERE NOT EXISTS (
           SELECT FROM callbacks held WHERE held.provider_account_id = due.provider_account_id
             AND held.provider_order_id = due.about AND held.next_at IS NOT NULL AND held.lease_until >= now())
         GROUP BY 1, 2 ORDER BY min(next_at) LIMIT $2
       ), taken AS (
         SELECT c.id FROM callbacks c
         WHERE c.id IN (SELECT due.id FROM due JOIN first USING (provider_account_id, about))
           AND c.next_at <= $1 AND (c.lease_until IS NULL OR c.lease_until < now())
         FOR NO KEY UPDATE SKIP LOCKED
       )
       UPDATE callbacks c SET fence = c.fence + 1, lease_until = now() + $3 * interval '1 millisecond'
       FROM taken WHERE c.id = taken.id
       RETURNING c.id, c.hook_id AS "hookId", c.merchant_id AS "merchantId", c.provider_account_id AS "providerAccountId", c.entry,
         c.provider_order_id AS "providerOrderId", c.provider_session_id AS "providerSessionId", c.event_type AS "eventType", c.body,
         c.received_at AS "receivedAt", c.last_received_at AS "lastReceivedAt", c.attempts, c.result AS "lastResult", c.fence`,
      [now, limit, leaseMs],
    );
  }

  /** Keeps what is still being looked at. */
  async renew(held: readonly Pick<TakenCallback, 'id' | 'fence'>[], leaseMs: number): Promise<void> {
    await this.database.query(
      `UPDATE callbacks c SET lease_until = now() + $3 * interval '1 millisecond'
       FROM unnest($1::uuid[], $2::int[]) AS held (id, fence) WHERE c.id = held.id AND c.fence = held.fence AND c.lease_until IS NOT NULL`,
      [held.map(({ id }) => id), held.map(({ fence }) => fence), leaseMs],
    );
  }

  /**
   * Writes down what a look came to, if it is still this process' look.
   * @returns whether it was
   */
  async lookedAt({ id, fence, state, result, attempts, nextAt, lastReceivedAt, now }: LookedAt): Promise<boolean> {
    const rows = await this.database.query(
      `UPDATE callbacks c SET result = $4, lease_until = NULL, attempts = CASE WHEN again THEN 0 ELSE $5 END,
         state = CASE WHEN again THEN 'received' ELSE $3 END, next_at = CASE WHEN again THEN $8 ELSE $6::timestamptz END,
         finished_at = CASE WHEN again OR $3 = 'received' THEN NULL ELSE $8 END
       FROM (SELECT id, last_received_at >= $7::timestamptz + ${QUIET} AS again FROM callbacks WHERE id = $1) came
       WHERE c.id = came.id AND c.fence = $2 RETURNING c.id`,
      [id, fence, state, result, attempts, nextAt, lastReceivedAt, now],
    );
    return rows.length > 0;
  }

  /**
   * Erases one batch of what was finished before a time.
   * @returns how many were erased
   */
  async eraseFinished(finishedBefore: Date, limit: number): Promise<number> {
    const rows = await this.database.query(
      `DELETE FROM callbacks WHERE id IN (
         SELECT id FROM callbacks WHERE finished_at < $1 ORDER BY finished_at LIMIT $2 FOR UPDATE SKIP LOCKED)
       RETURNING id`,
      [finishedBefore, limit],
    );
    return rows.length;
  }
}

/** What a callback is about: what is of one order is taken together. */
const ABOUT = `COALESCE(provider_order_id, id::text)`;

/** Whether one that came again is a reason to look: some time after the last one, and after it was settled. */
const AGAIN = `(EXCLUDED.received_at >= GREATEST(c.last_received_at, c.finished_at) + ${QUIET})`;
