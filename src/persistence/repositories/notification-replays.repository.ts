import { Injectable } from '@nestjs/common';
import { Database } from '../database.js';
import { deliveriesIn, type Scope } from './notification-scopes.js';

/** Why a message is not sent again. */
export const REPLAY_REFUSALS = ['endpoint-removed', 'endpoint-disabled', 'erased', 'superseded'] as const;
export type ReplayRefusal = (typeof REPLAY_REFUSALS)[number];

export interface Replayed {
  id: string;
  /** Null: it is due now. */
  refusal: ReplayRefusal | null;
}

/** Of which authorization `a` the shop's own address is told by the delivery `d`: by a callback, or in the place of one. */
const PASSED = '(a.passed_callback_id = d.callback_id OR a.passed_delivery_id = d.id)';

/** Sends messages again. */
@Injectable()
export class NotificationReplaysRepository {
  constructor(private readonly database: Database) {}

  /** The newest ids of a scope, newest first. */
  async idsIn(scope: Scope, limit: number): Promise<string[]> {
    const { text, params } = deliveriesIn(scope, limit);
    return (await this.database.query<{ id: string }>(text, params)).map(({ id }) => id);
  }

  /**
   * Makes deliveries due now, for `giveUpMs` from now, at the first step of the schedule; their attempts stay on record. Whose attempt is under way decides nothing
   * about them any more, and their receivers do not rest. One transaction; a repeat makes them due once more.
   * @param states of those that are meant; others are left alone
   * @returns one row per delivery of the merchant that is in one of the states
   */
  replay(merchantId: string, ids: readonly string[], states: readonly string[], now: Date, giveUpMs: number): Promise<Replayed[]> {
    return this.database.transaction(async (tx) => {
      // A newer authorization that comes meanwhile stands behind this: it finds what was replayed, or this finds it.
      await tx.query(
        `SELECT FROM event_subjects WHERE id IN (
           SELECT e.subject FROM deliveries d JOIN events e ON e.id = d.event_id
           WHERE d.id = ANY ($2::uuid[]) AND d.merchant_id = $1 AND e.type = 'authorization.received'
           UNION
           SELECT a.session_id FROM deliveries d JOIN authorizations a ON ${PASSED} WHERE d.id = ANY ($2::uuid[]) AND d.merchant_id = $1
         ) ORDER BY id FOR NO KEY UPDATE`,
        [merchantId, ids],
      );
      const judged = await tx.query<Replayed & { receiver: string }>(REPLAY, [
        ...[merchantId, ids, states, now, new Date(now.getTime() + giveUpMs)],
      ]);
      const receivers = new Set(judged.filter(({ refusal }) => refusal === null).map(({ receiver }) => receiver));
      await tx.query(
        `WITH resting AS (SELECT key FROM receivers WHERE key = ANY ($1::text[]) AND rests_until IS NOT NULL ORDER BY key FOR UPDATE)
         UPDATE receivers SET rests_until = NULL FROM resting WHERE receivers.key = resting.key`,
        [[...receivers]],
      );
      return judged.map(({ id, refusal }) => ({ id, refusal }));
    });
  }
}

/**
 * An authorization that another one has followed is worth nothing to the shop, and one whose token is erased is none. Of a callback that was
 * passed on, what is left when its body is erased is not what the provider said.
 */
const REPLAY = `
  WITH meant AS (
    SELECT d.id, d.receiver, CASE
      WHEN endpoint.deleted_at IS NOT NULL THEN 'endpoint-removed'
      WHEN endpoint.disabled_at IS NOT NULL THEN 'endpoint-disabled'
      WHEN d.reason = 'superseded' OR (e.type = 'authorization.received' AND EXISTS (
        SELECT FROM events newer WHERE newer.subject = e.subject AND newer.sequence > e.sequence AND newer.type = e.type
      )) OR EXISTS (
        SELECT FROM authorizations a JOIN authorizations newer ON newer.session_id = a.session_id AND newer.id > a.id WHERE ${PASSED}
      ) THEN 'superseded'
      WHEN (d.endpoint_id IS NULL AND d.url IS NULL) OR (e.type = 'authorization.received' AND e.secret IS NULL) THEN 'erased'
    END AS refusal
    FROM deliveries d
    LEFT JOIN notification_endpoints endpoint ON endpoint.id = d.endpoint_id
    LEFT JOIN events e ON e.id = d.event_id
    WHERE d.id = ANY ($2::uuid[]) AND d.merchant_id = $1 AND d.state = ANY ($3::text[])
    ORDER BY d.id FOR UPDATE OF d
  ), replayed AS (
    UPDATE deliveries d SET state = 'due', reason = NULL, next_at = $4, give_up_at = $5, attempts = 0, fence = d.fence + 1,
      lease_until = NULL, ended_at = NULL
    FROM meant WHERE d.id = meant.id AND meant.refusal IS NULL
  )
  SELECT id, receiver, refusal FROM meant`;
