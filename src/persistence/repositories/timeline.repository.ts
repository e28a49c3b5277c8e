import { Injectable } from '@nestjs/common';
import { Database, type Queryable, type Transaction } from '../database.js';

/** Something that happened to an order. `data` holds codes, ids and amounts; never names, addresses or tokens. */
export interface NewEvent {
  type: string;
  /** Business time at which it was learned. */
  at: Date;
  operationId: string | null;
  data: Record<string, unknown>;
}

export interface NewEntry extends NewEvent {
  /** Our id of the order. */
  orderId: string;
}

export interface TimelineEntry extends NewEvent {
  sequence: number;
}

/** What `parametersOf` makes of events, in the order of a statement's parameters. */
type EventColumns = [types: string[], times: Date[], operations: (string | null)[], data: string[]];

/** The story of each order, numbered without gaps. */
@Injectable()
export class TimelineRepository {
  constructor(private readonly database: Database) {}

  /**
   * Appends entries, each order's in the order given. Takes the lock of every order concerned, in the order of their ids, so two lists
   * never wait for each other. Entries of orders that are not there are dropped.
   */
  async append(tx: Transaction, entries: readonly NewEntry[]): Promise<void> {
    if (entries.length === 0) return;
    await tx.query(
      `WITH new AS (
         SELECT * FROM unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::uuid[], $5::jsonb[])
           WITH ORDINALITY AS new (order_id, type, at, operation_id, data, place)
       ), counted AS (
         SELECT order_id, count(*) AS entries FROM new GROUP BY order_id
       ), locked AS (
         SELECT id FROM orders WHERE id IN (SELECT order_id FROM counted) ORDER BY id FOR NO KEY UPDATE
       ), numbered AS (
         UPDATE orders SET timeline_sequence = timeline_sequence + counted.entries
         FROM counted JOIN locked ON locked.id = counted.order_id WHERE orders.id = locked.id
         RETURNING orders.id, timeline_sequence - counted.entries AS last
       )
       INSERT INTO timeline (order_id, sequence, at, type, operation_id, data)
       SELECT numbered.id, numbered.last + row_number() OVER (PARTITION BY numbered.id ORDER BY new.place),
              new.at, new.type, new.operation_id, new.data
       FROM new JOIN numbered ON numbered.id = new.order_id`,
      [entries.map(({ orderId }) => orderId), ...parametersOf(entries)],
    );
  }

  /** Appends to the order that a lane belongs to. Does nothing when the order is not known here. */
  async appendForLane(tx: Transaction, providerAccountId: string, providerOrderId: string, ...events: readonly NewEvent[]): Promise<void> {
    if (events.length === 0) return;
    await tx.query(
      `WITH numbered AS (
         UPDATE orders SET timeline_sequence = timeline_sequence + cardinality($3::text[])
         WHERE provider_account_id = $1 AND provider_order_id = $2
         RETURNING id, timeline_sequence - cardinality($3::text[]) AS last
       )
       INSERT INTO timeline (order_id, sequence, at, type, operation_id, data)
       SELECT numbered.id, numbered.last + new.place, new.at, new.type, new.operation_id, new.data
       FROM numbered, unnest($3::text[], $4::timestamptz[], $5::uuid[], $6::jsonb[])
         WITH ORDINALITY AS new (type, at, operation_id, data, place)`,
      [providerAccountId, providerOrderId, ...parametersOf(events)],
    );
  }

  /** Whether an event of this type is there; of any operation when `operationId` is null. Ask under the order's lock. */
  async has(tx: Queryable, orderId: string, type: string, operationId: string | null): Promise<boolean> {
    const rows = await tx.query(
      `SELECT FROM timeline WHERE order_id = $1 AND type = $2 AND ($3::uuid IS NULL OR operation_id = $3) LIMIT 1`,
      [orderId, type, operationId],
    );
    return rows.length > 0;
  }

  /** The types of the events that operations brought about since a time; of all when it is null. Ask under the order's lock. */
  async operationEventsSince(tx: Queryable, orderId: string, since: Date | null): Promise<string[]> {
    const rows = await tx.query<{ type: string }>(
      `SELECT DISTINCT type FROM timeline WHERE order_id = $1 AND operation_id IS NOT NULL AND ($2::timestamptz IS NULL OR at >= $2)`,
      [orderId, since],
    );
    return rows.map(({ type }) => type);
  }

  /** The entries after a sequence number, oldest first. */
  async list(orderId: string, after: number, limit: number): Promise<TimelineEntry[]> {
    const rows = await this.database.query<Omit<TimelineEntry, 'sequence'> & { sequence: string }>(
      `SELECT sequence, at, type, operation_id AS "operationId", data FROM timeline
       WHERE order_id = $1 AND sequence > $2 ORDER BY sequence LIMIT $3`,
      [orderId, after, limit],
    );
    return rows.map((row) => ({ ...row, sequence: Number(row.sequence) }));
  }
}

/** Events as one array per column, for `unnest`. */
export function parametersOf(events: readonly NewEvent[]): EventColumns {
  return [
    events.map(({ type }) => type),
    events.map(({ at }) => at),
    events.map(({ operationId }) => operationId),
    events.map(({ data }) => JSON.stringify(data)),
  ];
}
