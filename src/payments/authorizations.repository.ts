import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { Database, type Queryable, type Transaction } from '../persistence/database.js';
import { SealedEnvelope } from '../persistence/sealed-envelope.js';

const TOKEN = 'authorization.token';

export interface LearnedAuthorization {
  /** Our id of the session. */
  sessionId: string;
  token: string;
  tokenHash: Buffer;
  source: 'callback' | 'sweep';
  at: Date;
  expiresAt: Date;
}

/** What shoppers authorized, as far as Klarna or our own operations tell. */
@Injectable()
export class AuthorizationsRepository {
  constructor(
    private readonly database: Database,
    private readonly envelope: SealedEnvelope,
  ) {}

  /** Whether an order was placed with this token. */
  async placedAnOrder(providerAccountId: string, tokenHash: Buffer, db: Queryable = this.database): Promise<boolean> {
    const rows = await db.query(
      `SELECT 1 FROM operations
        WHERE provider_account_id = $1 AND kind = 'payments.create-order' AND token_hash = $2 AND state = 'succeeded' LIMIT 1`,
      [providerAccountId, tokenHash],
    );
    return rows.length > 0;
  }

  /** Whether the provider answered an attempt of this operation that there is no such authorization. */
  async answeredGone(operationId: string): Promise<boolean> {
    const rows = await this.database.query('SELECT 1 FROM attempts WHERE operation_id = $1 AND status = 404 LIMIT 1', [operationId]);
    return rows.length > 0;
  }

  /**
   * Keeps an authorization that a session showed. The session's lock is held.
   * @returns over: it was used, expired, or a newer one has taken its place, whatever a late read shows
   */
  async keep(
    tx: Transaction,
    { sessionId, token, tokenHash, source, at, expiresAt }: LearnedAuthorization,
  ): Promise<'new' | 'known' | 'over'> {
    const [kept] = await tx.query<{ is_new: boolean }>(
      `INSERT INTO authorizations AS known (id, session_id, token, token_hash, source, learned_at, expires_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7)
       ON CONFLICT (session_id, token_hash) DO UPDATE SET token = EXCLUDED.token, outcome = NULL, ended_at = NULL WHERE known.outcome = 'gone'
       RETURNING id = $1 AS is_new`,
      [uuidv7({ msecs: at.getTime() }), sessionId, this.envelope.seal(Buffer.from(token), TOKEN), tokenHash, source, at, expiresAt],
    );
    if (kept !== undefined) return kept.is_new ? 'new' : 'known';
    return (await this.isOver(sessionId, tokenHash, tx)) ? 'over' : 'known';
  }

  /** Whether an authorization is known that no order can be placed with any more. */
  async isOver(sessionId: string, tokenHash: Buffer, db: Queryable = this.database): Promise<boolean> {
    const rows = await db.query('SELECT FROM authorizations WHERE session_id = $1 AND token_hash = $2 AND outcome IS NOT NULL', [
      sessionId,
      tokenHash,
    ]);
    return rows.length > 0;
  }

  /**
   * Ends what a newer authorization has taken the place of, and cancels what still waits to be told of it: an attempt that is under way decides
   * nothing any more. The newest event of the session is the newer one's.
   */
  async supersede(tx: Transaction, sessionId: string, tokenHash: Buffer, at: Date): Promise<void> {
    await tx.query(
      `WITH older AS (
         UPDATE authorizations SET outcome = coalesce(outcome, 'superseded'), ended_at = coalesce(ended_at, $3), token = NULL
          WHERE session_id = $1 AND token_hash <> $2 RETURNING passed_callback_id, passed_delivery_id
       ), told AS (
         SELECT e.id FROM events e WHERE e.subject = $1 AND e.type = 'authorization.received'
            AND e.sequence < (SELECT max(n.sequence) FROM events n WHERE n.subject = $1 AND n.type = 'authorization.received')
       )
       UPDATE deliveries d SET state = 'cancelled', reason = 'superseded', next_at = NULL, ended_at = $3, lease_until = NULL, fence = d.fence + 1
        WHERE d.state = 'due' AND (d.event_id IN (SELECT id FROM told) OR d.callback_id IN (SELECT passed_callback_id FROM older)
           OR d.id IN (SELECT passed_delivery_id FROM older))`,
      [sessionId, tokenHash, at],
    );
  }

  /**
   * Whether what the shop's own address is to be told of an authorization is told now: once, by a callback or in its place.
   * @param by exactly one of the two
   */
  async passes(tx: Transaction, sessionId: string, tokenHash: Buffer, by: { callbackId?: string; deliveryId?: string }): Promise<boolean> {
    const rows = await tx.query(
      `UPDATE authorizations SET passed_callback_id = $3, passed_delivery_id = $4
        WHERE session_id = $1 AND token_hash = $2 AND outcome IS NULL AND passed_callback_id IS NULL AND passed_delivery_id IS NULL
        RETURNING id`,
      [sessionId, tokenHash, by.callbackId ?? null, by.deliveryId ?? null],
    );
    return rows.length > 0;
  }

  /** Whether the shop's own address was told of an authorization. */
  async wasPassed(tx: Transaction, sessionId: string, tokenHash: Buffer): Promise<boolean> {
    const rows = await tx.query(
      `SELECT FROM authorizations
        WHERE session_id = $1 AND token_hash = $2 AND (passed_callback_id IS NOT NULL OR passed_delivery_id IS NOT NULL)`,
      [sessionId, tokenHash],
    );
    return rows.length > 0;
  }

  /** Ends what a session shows no more: its hour is over, or it was cancelled. What was learned after `learnedBefore` need not be shown yet. */
  async end(tx: Transaction, sessionId: string, at: Date, learnedBefore: Date): Promise<void> {
    await tx.query(
      `UPDATE authorizations SET outcome = CASE WHEN expires_at <= $2 THEN 'expired' ELSE 'gone' END, ended_at = $2, token = NULL
        WHERE session_id = $1 AND outcome IS NULL AND learned_at <= $3`,
      [sessionId, at, learnedBefore],
    );
  }

  /** Ends what a session still shows after its hour. */
  async expire(db: Queryable, sessionId: string, at: Date): Promise<void> {
    await db.query(
      `UPDATE authorizations SET outcome = 'expired', ended_at = $2, token = NULL
        WHERE session_id = $1 AND outcome IS NULL AND expires_at <= $2`,
      [sessionId, at],
    );
  }

  /** Until when an order can be placed with what is authorized in a session; null: nothing is known to be. */
  async openUntil(sessionId: string): Promise<Date | null> {
    const [row] = await this.database.query<{ until: Date | null }>(
      'SELECT max(expires_at) AS until FROM authorizations WHERE session_id = $1 AND outcome IS NULL',
      [sessionId],
    );
    return row?.until ?? null;
  }
}
