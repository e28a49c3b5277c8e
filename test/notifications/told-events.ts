import { randomUUID } from 'node:crypto';
import type { Database, Queryable } from '../../src/persistence/database.js';
import type { TestDatabase } from '../support/postgres.js';
import { rowsOf } from '../support/scene.js';

/** An event as it is stored. */
export interface StoredEvent {
  id: string;
  merchant_id: string;
  subject: string;
  sequence: number;
  type: string;
  order_id: string | null;
  provider_order_id: string | null;
  operation_id: string | null;
  at: Date;
  data: Record<string, unknown>;
}

const EVENTS = `SELECT id, merchant_id, subject, sequence::int AS sequence, type, order_id, provider_order_id, operation_id, at, data FROM events`;

/** Events about an order, by Klarna's id, in their order. */
export function eventsOfOrder(db: Queryable, providerOrderId: string): Promise<StoredEvent[]> {
  return db.query<StoredEvent>(`${EVENTS} WHERE provider_order_id = $1 ORDER BY subject, sequence`, [providerOrderId]);
}

/** The same in another process' database; of an operation or anything else as well. */
export function eventsIn(database: TestDatabase, where: string, params: unknown[] = []): Promise<StoredEvent[]> {
  return rowsOf<StoredEvent>(database, `${EVENTS} WHERE ${where} ORDER BY subject, sequence`, params);
}

/** An endpoint of a merchant. @param events null: all */
export async function anEndpoint(database: Database, merchantId: string, events: string[] | null, given: { deleted?: boolean } = {}) {
  const id = randomUUID();
  await database.query(
    `INSERT INTO notification_endpoints (id, merchant_id, url, events, strict_order, secret, version, created_at, updated_at, deleted_at)
     VALUES ($1, $2, 'https://shop.example', $3, false, '', 1, now(), now(), CASE WHEN $4 THEN now() END)`,
    [id, merchantId, events, given.deleted === true],
  );
  return id;
}
