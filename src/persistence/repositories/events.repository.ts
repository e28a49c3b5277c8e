import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import type { Transaction } from '../database.js';

/** Everything that merchants are told. */
export const EVENT_TYPES = [
  'order.created',
  'order.captured',
  'order.refunded',
  'order.cancelled',
  'order.released',
  'order.expiring',
  'order.expired',
  'order.fraud.accepted',
  'order.fraud.rejected',
  'order.fraud.stopped',
  'operation.waiting',
  'operation.failed',
  'operation.manual',
  'operation.contradicted',
  'authorization.received',
  'checkout.completed',
  'token.created',
  'token.cancelled',
  'drift.found',
] as const;
export type EventType = (typeof EVENT_TYPES)[number];

/** An event that is to be told. */
export interface NewOutgoingEvent {
  merchantId: string;
  /** Our id of the order, session, hosted page, checkout or customer token that it is about; of the operation when there is nothing else. */
  subject: string;
  type: EventType;
  /** Business time at which it was learned. */
  at: Date;
  /** Our id; null while there is no order. */
  orderId: string | null;
  providerOrderId: string | null;
  operationId: string | null;
  /** Codes, ids and amounts in minor units; no names, no tokens. */
  data: Record<string, unknown>;
  /** A sealed JSON object whose members join `data` when it is delivered. */
  secret?: Buffer | null;
}

/** An order that may not have been told of yet. */
export interface Announcement {
  orderId: string;
  operationId: string | null;
  at: Date;
}

/** An event about an operation. */
export interface NewOperationEvent {
  operationId: string;
  merchantId: string;
  providerAccountId: string;
  /** The provider's id of the order that it belongs to; null: it belongs to none. */
  lane: string | null;
  type: EventType;
  at: Date;
  data: Record<string, unknown>;
}

/** An event is tried for so long. */
const GIVE_UP_AFTER = `interval '7 days'`;

/**
 * The outbox: what merchants are told, numbered without gaps per subject, and a delivery for everyone who wants it. Everything here is
 * written in the transaction of what happened: no event without its fact, no fact without its event.
 */
@Injectable()
export class EventsRepository {
  /**
   * Tells of events, each subject's in the order given, in one statement. Before the first event of an order comes its `order.created`,
   * once for ever: whoever tells of an order need not know whether it was told of before. Locks, in this order: orders that were not told
   * of, counters of the subjects (by id, so two lists never wait for each other).
   * @param announcements orders that are to be told of now, if they were not before; for those of `events` it comes by itself
   */
  async publish(tx: Transaction, events: readonly NewOutgoingEvent[], announcements: readonly Announcement[] = []): Promise<void> {
    const announced = new Map<string, Announcement>();
    for (const each of announcements) if (!announced.has(each.orderId)) announced.set(each.orderId, each);
    for (const { orderId, at } of events) {
      // It did not make the order.
      if (orderId !== null && !announced.has(orderId)) announced.set(orderId, { orderId, operationId: null, at });
    }
    if (events.length === 0 && announced.size === 0) return;
    const created = [...announced.values()];
    await tx.query(PUBLISH, [
      created.map(({ orderId }) => orderId),
      created.map(({ at }) => newId(at)),
      created.map(({ operationId }) => operationId),
      created.map(({ at }) => at),
      events.map(({ at }) => newId(at)),
      events.map(({ merchantId }) => merchantId),
      events.map(({ subject }) => subject),
      events.map(({ type }) => type),
      events.map(({ at }) => at),
      events.map(({ orderId }) => orderId),
      events.map(({ providerOrderId }) => providerOrderId),
      events.map(({ operationId }) => operationId),
      events.map(({ operationId, data }) => JSON.stringify(operationId === null ? data : { operation_id: operationId, ...data })),
      events.map(({ secret }) => secret ?? null),
    ]);
  }

  /** Tells of an operation: as part of its order's story, else of its own, when the order is not known here or another merchant's. */
  async publishForOperation(tx: Transaction, event: NewOperationEvent): Promise<void> {
    const { operationId, merchantId, providerAccountId, lane, type, at, data } = event;
    const orders =
      lane === null
        ? []
        : await tx.query<{ id: string }>(
            'SELECT id FROM orders WHERE provider_account_id = $1 AND provider_order_id = $2 AND merchant_id = $3',
            [providerAccountId, lane, merchantId],
          );
    const orderId = orders[0]?.id ?? null;
    const providerOrderId = orderId === null ? null : lane;
    await this.publish(tx, [{ merchantId, subject: orderId ?? operationId, type, at, orderId, providerOrderId, operationId, data }]);
  }

  /** Whether an event of this type was told of an operation. Ask under the operation's lock. */
  async hasTold(tx: Transaction, operationId: string, type: EventType): Promise<boolean> {
    return (await tx.query('SELECT FROM events WHERE operation_id = $1 AND type = $2 LIMIT 1', [operationId, type])).length > 0;
  }

  /** Whether what an operation did was told of. Ask under the operation's lock. */
  async hasEffect(tx: Transaction, operationId: string): Promise<boolean> {
    const rows = await tx.query(`SELECT FROM events WHERE operation_id = $1 AND type NOT LIKE 'operation.%' LIMIT 1`, [operationId]);
    return rows.length > 0;
  }
}

function newId(at: Date): string {
  return uuidv7({ msecs: at.getTime() });
}

/**
 * `late`: found after its caller had been given an error. `adopted`: made elsewhere. What is not known yet of an order is null.
 * A delivery's id begins with the time of its event's, so that both sort by age.
 */
const PUBLISH = `
  WITH unknown AS (
    SELECT o.id FROM orders o WHERE o.id = ANY ($1::uuid[]) AND o.announced_at IS NULL ORDER BY o.id FOR NO KEY UPDATE
  ), announced AS (
    UPDATE orders o SET announced_at = made.at
    FROM unknown JOIN unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::timestamptz[]) AS made (order_id, id, operation_id, at)
      ON made.order_id = unknown.id
    WHERE o.id = unknown.id
    RETURNING made.id, o.merchant_id, o.id AS order_id, made.at, o.provider_order_id, made.operation_id,
      jsonb_build_object('order_amount', o.order_amount, 'currency', o.currency, 'fraud_status', o.fraud_status, 'status', o.status,
        'merchant_reference1', o.merchant_reference1, 'merchant_reference2', o.merchant_reference2)
      || CASE WHEN made.operation_id IS NULL THEN '{}' ELSE jsonb_build_object('operation_id', made.operation_id) END
      || CASE o.origin WHEN 'late' THEN '{"late": true}'::jsonb WHEN 'adopted' THEN '{"adopted": true}' ELSE '{}' END AS data
  ), new AS (
    SELECT 0::bigint AS place, id, merchant_id, order_id AS subject, 'order.created' AS type, at, order_id, provider_order_id, operation_id,
      data, NULL::bytea AS secret
    FROM announced
    UNION ALL
    SELECT place, id, merchant_id, subject, type, at, order_id, provider_order_id, operation_id, data, secret
    FROM unnest($5::uuid[], $6::uuid[], $7::uuid[], $8::text[], $9::timestamptz[], $10::uuid[], $11::text[], $12::uuid[], $13::jsonb[],
      $14::bytea[]) WITH ORDINALITY
      AS told (id, merchant_id, subject, type, at, order_id, provider_order_id, operation_id, data, secret, place)
  ), counted AS (
    SELECT subject, merchant_id, count(*) AS events FROM new GROUP BY subject, merchant_id
  ), numbered AS (
    INSERT INTO event_subjects AS s (id, merchant_id, last_sequence)
    SELECT subject, merchant_id, events FROM counted ORDER BY subject
    ON CONFLICT (id) DO UPDATE SET last_sequence = s.last_sequence + EXCLUDED.last_sequence
    RETURNING id, last_sequence
  ), told AS (
    INSERT INTO events (id, merchant_id, subject, sequence, type, order_id, provider_order_id, operation_id, at, data, secret)
    SELECT new.id, new.merchant_id, new.subject,
      numbered.last_sequence - counted.events + row_number() OVER (PARTITION BY new.subject ORDER BY new.place),
      new.type, new.order_id, new.provider_order_id, new.operation_id, new.at, new.data, new.secret
    FROM new JOIN counted ON counted.subject = new.subject JOIN numbered ON numbered.id = new.subject
    RETURNING id, merchant_id, subject, sequence, type, at
  )
  INSERT INTO deliveries (id, merchant_id, receiver, endpoint_id, event_id, type, message_id, subject, sequence, method, state, attempts,
    next_at, fence, give_up_at, created_at)
  SELECT (left(told.id::text, 15) || right(gen_random_uuid()::text, 21))::uuid, told.merchant_id, endpoint.id::text, endpoint.id, told.id,
    told.type, told.id::text, told.subject, told.sequence, 'POST', 'due', 0, told.at, 0, told.at + ${GIVE_UP_AFTER}, told.at
  FROM told JOIN notification_endpoints endpoint ON endpoint.merchant_id = told.merchant_id
    AND endpoint.deleted_at IS NULL AND (endpoint.events IS NULL OR told.type = ANY (endpoint.events))`;
