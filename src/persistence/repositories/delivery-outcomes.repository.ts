import { Injectable } from '@nestjs/common';
import { Database } from '../database.js';
import { FREE, type TakenDelivery } from './due-deliveries.repository.js';

/** What is known of an attempt that has ended. */
export interface AttemptResult {
  readonly durationMs: number;
  readonly status: number | null;
  readonly code: string | null;
  /** For people; neither secrets nor query. */
  readonly reason: string | null;
}

/** What becomes of the delivery. */
export type DeliveryEnd =
  | { readonly then: 'delivered' }
  | { readonly then: 'cancelled'; readonly reason: string }
  /** Tried again; the receiver rests until then, or (null) nothing is held against it. */
  | { readonly then: 'again'; readonly at: Date; readonly restsUntil: Date | null; readonly asked: boolean };

export interface Ended {
  id: string;
  receiver: string;
  subject: string | null;
}

const STATE = { delivered: 'delivered', cancelled: 'cancelled', again: 'due' } as const;

/** Writes down what came of deliveries. */
@Injectable()
export class DeliveryOutcomesRepository {
  constructor(private readonly database: Database) {}

  /**
   * Ends an attempt, one statement. Its row is always kept. It decides only while the delivery is still this taking's, and its endpoint has
   * the address and enabling that were tried; where the endpoint was changed meanwhile, the delivery is due at once. May be repeated.
   * @returns whether it decided
   */
  async settle(delivery: TakenDelivery, result: AttemptResult, end: DeliveryEnd, now: Date): Promise<boolean> {
    const again = end.then === 'again' ? end : null;
    const decided = await this.database.query(SETTLE, [
      ...[delivery.id, delivery.number, delivery.fence, delivery.endpoint?.version ?? null, now],
      ...[result.durationMs, result.status, result.code, result.reason],
      ...[STATE[end.then], end.then === 'cancelled' ? end.reason : null, again?.at ?? null],
      ...[again?.restsUntil ?? null, again?.asked ?? false, delivery.startedAt],
    ]);
    return decided.length > 0;
  }

  /** Disables an endpoint that answered 410, unless it was changed since it was asked. @returns whether it did */
  async disableGone(id: string, version: number, now: Date): Promise<boolean> {
    const rows = await this.database.query(
      `UPDATE notification_endpoints SET disabled_at = $3, disabled_reason = 'gone', updated_at = $3
       WHERE id = $1 AND version = $2 AND disabled_at IS NULL AND deleted_at IS NULL RETURNING id`,
      [id, version, now],
    );
    return rows.length > 0;
  }

  /** Where endpoints want strict order: makes due what waits behind deliveries that have ended. May be repeated. */
  async next(ended: readonly Pick<Ended, 'receiver' | 'subject'>[], now: Date): Promise<void> {
    const ordered = ended.filter(({ subject }) => subject !== null);
    if (ordered.length === 0) return;
    await this.database.query(
      `WITH lanes AS (
         SELECT DISTINCT lane.receiver, lane.subject FROM unnest($1::text[], $2::uuid[]) AS lane (receiver, subject)
         JOIN notification_endpoints e ON e.id = CASE WHEN lane.receiver ~ '^[0-9a-f-]{36}$' THEN lane.receiver::uuid END
         WHERE e.strict_order
       ), heads AS (
         SELECT head.id FROM lanes CROSS JOIN LATERAL (
           SELECT d.id FROM deliveries d
           WHERE d.receiver = lanes.receiver AND d.subject = lanes.subject AND d.state = 'due' ORDER BY d.sequence LIMIT 1
         ) head
       )
       UPDATE deliveries d SET next_at = $3 WHERE d.id = ANY (ARRAY (SELECT id FROM heads)) AND d.state = 'due' AND d.next_at > $3`,
      [ordered.map(({ receiver }) => receiver), ordered.map(({ subject }) => subject), now],
    );
  }

  /**
   * Gives up what was tried for too long; what is in the air comes to its end first, and what has only waited behind another, in strict
   * order, is tried first.
   * @returns what is dead now, at most `limit`
   */
  expire(now: Date, limit: number): Promise<Ended[]> {
    return this.database.query<Ended>(
      `WITH over AS (
         SELECT d.id FROM deliveries d WHERE d.state = 'due' AND d.give_up_at <= $1 AND ${FREE}
           AND NOT (d.attempts = 0 AND EXISTS (SELECT FROM notification_endpoints e WHERE e.id = d.endpoint_id AND e.strict_order))
         ORDER BY d.give_up_at LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED
       )
       UPDATE deliveries d SET state = 'dead', reason = 'It was tried for seven days', next_at = NULL, lease_until = NULL, ended_at = $1
       WHERE d.id = ANY (ARRAY (SELECT id FROM over)) RETURNING d.id, d.receiver, d.subject`,
      [now, limit],
    );
  }

  /** Cancels what is due for endpoints that are disabled or deleted, whenever it was to be tried. @returns how many, at most `limit` */
  async cancelUnwanted(now: Date, limit: number): Promise<number> {
    const rows = await this.database.query(
      `WITH unwanted AS (
         SELECT d.id, CASE WHEN e.deleted_at IS NOT NULL THEN 'The endpoint was deleted'
                           WHEN e.disabled_reason = 'gone' THEN 'The endpoint answered 410 and is disabled'
                           ELSE 'The endpoint is disabled' END AS reason
         FROM notification_endpoints e CROSS JOIN LATERAL (
           SELECT d.id FROM deliveries d WHERE d.receiver = e.id::text AND d.state = 'due' AND ${FREE} LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED
         ) d
         WHERE e.disabled_at IS NOT NULL OR e.deleted_at IS NOT NULL LIMIT $2
       )
       UPDATE deliveries d SET state = 'cancelled', reason = unwanted.reason, next_at = NULL, lease_until = NULL, ended_at = $1
       FROM unwanted WHERE d.id = ANY (ARRAY (SELECT id FROM unwanted)) AND d.id = unwanted.id AND d.state = 'due' RETURNING d.id`,
      [now, limit],
    );
    return rows.length;
  }
}

/**
 * A success forgives the receiver's failures, unless they began after it did. Of a receiver that already rests, nothing more is counted: what
 * is in the air together fails together.
 */
const SETTLE = `
  WITH noted AS (
    UPDATE delivery_attempts SET duration_ms = $6, status = $7, code = $8, reason = $9 WHERE delivery_id = $1 AND number = $2
  ), ended AS (
    -- Somebody else has ended it meanwhile.
    UPDATE deliveries SET lease_until = NULL WHERE id = $1 AND fence = $3 AND state <> 'due' AND lease_until IS NOT NULL
  ), mine AS (
    SELECT d.id, d.receiver, d.merchant_id, (e.id IS NULL OR e.version = $4::int) AS current
    FROM deliveries d LEFT JOIN notification_endpoints e ON e.id = d.endpoint_id
    WHERE d.id = $1 AND d.fence = $3 AND d.state = 'due' FOR NO KEY UPDATE OF d
  ), well AS (
    INSERT INTO receivers AS r (key, merchant_id, failures)
    SELECT receiver, merchant_id, 0 FROM mine
    WHERE current AND $10 = 'delivered' AND NOT EXISTS (SELECT FROM receivers known WHERE known.key = mine.receiver AND known.failures = 0)
    ON CONFLICT (key) DO UPDATE SET failures = 0, failing_since = NULL, rests_until = NULL WHERE r.failing_since <= $15
  ), failing AS (
    INSERT INTO receivers AS r (key, merchant_id, failures, failing_since, rests_until)
    SELECT receiver, merchant_id, 1, $5, $13::timestamptz FROM mine WHERE current AND $13 IS NOT NULL
    ON CONFLICT (key) DO UPDATE SET failing_since = coalesce(r.failing_since, EXCLUDED.failing_since),
      failures = r.failures + CASE WHEN r.rests_until > $5 THEN 0 ELSE 1 END,
      rests_until = GREATEST(r.rests_until, EXCLUDED.rests_until)
    WHERE r.rests_until IS NULL OR r.rests_until <= $5 OR $14
  )
  UPDATE deliveries d SET lease_until = NULL,
    state = CASE WHEN mine.current THEN $10 ELSE 'due' END,
    reason = CASE WHEN mine.current THEN $11 END,
    next_at = CASE WHEN NOT mine.current THEN $5 WHEN $10 = 'due' THEN $12::timestamptz END,
    ended_at = CASE WHEN mine.current AND $10 <> 'due' THEN $5::timestamptz END
  FROM mine WHERE d.id = mine.id AND d.fence = $3 AND d.state = 'due'
  RETURNING mine.current`;
