import { Injectable } from '@nestjs/common';
import { Database, type Queryable, type Transaction } from '../database.js';

/** Where a merchant wants to be told. Secrets are sealed. */
export interface StoredEndpoint {
  id: string;
  merchantId: string;
  url: string;
  /** Null: all. */
  events: string[] | null;
  strictOrder: boolean;
  secret: Buffer;
  previousSecret: Buffer | null;
  previousSecretUntil: Date | null;
  /** Counts addresses and enablings: what was attempted before decides nothing afterwards. */
  version: number;
  disabledAt: Date | null;
  disabledReason: string | null;
  createdAt: Date;
  updatedAt: Date;
}

/** An endpoint and how it is doing. */
export interface WatchedEndpoint extends StoredEndpoint {
  failingSince: Date | null;
  restsUntil: Date | null;
}

/** What the bytes of an endpoint's key are sealed for. */
export const ENDPOINT_SECRET = 'endpoint.secret';

const COLUMNS = `e.id, e.merchant_id AS "merchantId", e.url, e.events, e.strict_order AS "strictOrder", e.secret,
  e.previous_secret AS "previousSecret", e.previous_secret_until AS "previousSecretUntil", e.version,
  e.disabled_at AS "disabledAt", e.disabled_reason AS "disabledReason", e.created_at AS "createdAt", e.updated_at AS "updatedAt"`;
const WATCHED = `SELECT ${COLUMNS}, r.failing_since AS "failingSince", r.rests_until AS "restsUntil"
  FROM notification_endpoints e LEFT JOIN receivers r ON r.key = e.id::text`;

/** Endpoints of merchants. A deleted one is not there any more; its row stays, for the deliveries that name it. */
@Injectable()
export class NotificationEndpointsRepository {
  constructor(private readonly database: Database) {}

  /** A merchant's, newest first. */
  list(merchantId: string): Promise<WatchedEndpoint[]> {
    return this.database.query<WatchedEndpoint>(`${WATCHED} WHERE e.merchant_id = $1 AND e.deleted_at IS NULL ORDER BY e.id DESC`, [
      merchantId,
    ]);
  }

  /** @returns undefined also for another merchant's */
  async find(merchantId: string, id: string, at: Queryable = this.database): Promise<WatchedEndpoint | undefined> {
    const [row] = await at.query<WatchedEndpoint>(`${WATCHED} WHERE e.id = $2 AND e.merchant_id = $1 AND e.deleted_at IS NULL`, [
      merchantId,
      id,
    ]);
    return row;
  }

  /** The same, locked until the transaction ends; events go on being told to it meanwhile. */
  async lock(tx: Transaction, merchantId: string, id: string): Promise<StoredEndpoint | undefined> {
    const [row] = await tx.query<StoredEndpoint>(
      `SELECT ${COLUMNS} FROM notification_endpoints e
       WHERE e.id = $2 AND e.merchant_id = $1 AND e.deleted_at IS NULL FOR NO KEY UPDATE`,
      [merchantId, id],
    );
    return row;
  }

  /** How many a merchant has. Until the transaction ends nobody else counts this merchant's. */
  async count(tx: Transaction, merchantId: string): Promise<number> {
    await tx.query('SELECT FROM merchants WHERE id = $1 FOR NO KEY UPDATE', [merchantId]);
    const [row] = await tx.query<{ count: number }>(
      'SELECT count(*)::int AS count FROM notification_endpoints WHERE merchant_id = $1 AND deleted_at IS NULL',
      [merchantId],
    );
    return row?.count ?? 0;
  }

  async insert(tx: Transaction, endpoint: StoredEndpoint): Promise<void> {
    const { id, merchantId, url, events, strictOrder, secret, version, createdAt, updatedAt } = endpoint;
    await tx.query(
      `INSERT INTO notification_endpoints (id, merchant_id, url, events, strict_order, secret, version, created_at, updated_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
      [id, merchantId, url, events, strictOrder, secret, version, createdAt, updatedAt],
    );
  }

  /** Writes what may change of an endpoint. */
  async update(tx: Transaction, endpoint: StoredEndpoint): Promise<void> {
    const { id, url, events, strictOrder, secret, previousSecret, previousSecretUntil, version } = endpoint;
    await tx.query(
      `UPDATE notification_endpoints SET url = $2, events = $3, strict_order = $4, secret = $5, previous_secret = $6,
         previous_secret_until = $7, version = $8, disabled_at = $9, disabled_reason = $10, updated_at = $11
       WHERE id = $1`,
      [
        ...[id, url, events, strictOrder, secret, previousSecret, previousSecretUntil, version],
        ...[endpoint.disabledAt, endpoint.disabledReason, endpoint.updatedAt],
      ],
    );
  }

  async delete(tx: Transaction, id: string, now: Date): Promise<void> {
    await tx.query('UPDATE notification_endpoints SET deleted_at = $2, updated_at = $2 WHERE id = $1', [id, now]);
  }

  /**
   * Lets receivers begin anew: what is due for them is due now, whatever was tried before, and they do not rest.
   * @param receivers as deliveries name them: an endpoint's id
   */
  async startAnew(tx: Transaction, receivers: readonly string[], now: Date): Promise<void> {
    await tx.query(
      `WITH late AS (
         SELECT id FROM deliveries WHERE receiver = ANY ($1::text[]) AND state = 'due' AND next_at > $2 ORDER BY id FOR UPDATE
       )
       UPDATE deliveries SET next_at = $2 FROM late WHERE deliveries.id = late.id`,
      [receivers, now],
    );
    await tx.query('DELETE FROM receivers WHERE key = ANY ($1::text[])', [receivers]);
  }

  /** Makes due now what was put aside because it came behind another: it was never tried. */
  async letGo(tx: Transaction, receiver: string, now: Date): Promise<void> {
    await tx.query(
      `WITH aside AS (
         SELECT id FROM deliveries WHERE receiver = $1 AND state = 'due' AND attempts = 0 AND next_at > $2 ORDER BY id FOR UPDATE
       )
       UPDATE deliveries SET next_at = $2 FROM aside WHERE deliveries.id = aside.id`,
      [receiver, now],
    );
  }
}
