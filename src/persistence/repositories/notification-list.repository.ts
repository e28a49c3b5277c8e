import { Injectable } from '@nestjs/common';
import { Database } from '../database.js';
import { callbacksIn, deliveriesIn, type Scope } from './notification-scopes.js';

/** A message to a receiver, with the event that it tells of. */
export interface ListedDelivery {
  id: string;
  state: string;
  reason: string | null;
  endpointId: string | null;
  /** Sealed: the caller's own URL. */
  url: Buffer | null;
  messageId: string;
  /** All that are on record, also those before a replay. */
  attempts: number;
  nextAt: Date | null;
  createdAt: Date;
  endedAt: Date | null;
  /** Of its event, or of the order that the callback named. */
  orderId: string | null;
  providerOrderId: string | null;
  eventId: string | null;
  eventType: string | null;
  /** bigint, as text. */
  sequence: string | null;
  eventAt: Date | null;
  callbackId: string | null;
  entry: string | null;
}

/** What the provider told an address of ours. */
export interface ListedCallback {
  id: string;
  entry: string;
  state: string;
  result: string | null;
  eventType: string | null;
  /** Our id; null while the order is not known here. */
  orderId: string | null;
  providerOrderId: string | null;
  providerSessionId: string | null;
  attempts: number;
  repeats: number;
  nextAt: Date | null;
  receivedAt: Date;
  lastReceivedAt: Date;
  finishedAt: Date | null;
}

export interface DeliveryAttempt {
  number: number;
  startedAt: Date;
  durationMs: number | null;
  status: number | null;
  code: string | null;
  reason: string | null;
}

export interface StoredEvent {
  id: string;
  type: string;
  /** bigint, as text. */
  sequence: string;
  orderId: string | null;
  providerOrderId: string | null;
  at: Date;
  data: Record<string, unknown>;
  /** Sealed. */
  secret: Buffer | null;
}

const DELIVERY = `d.id, d.state, d.reason, d.endpoint_id AS "endpointId", d.url, d.message_id AS "messageId",
    COALESCE((SELECT max(number) FROM delivery_attempts WHERE delivery_id = d.id), 0) AS attempts,
    d.next_at AS "nextAt", d.created_at AS "createdAt", d.ended_at AS "endedAt", COALESCE(e.order_id, o.id) AS "orderId",
    COALESCE(e.provider_order_id, c.provider_order_id) AS "providerOrderId", e.id AS "eventId", e.type AS "eventType", e.sequence,
    e.at AS "eventAt", d.callback_id AS "callbackId",
    CASE WHEN d.event_id IS NULL THEN d.type END AS entry`;
const DELIVERY_WITH = `
  LEFT JOIN events e ON e.id = d.event_id
  LEFT JOIN callbacks c ON c.id = d.callback_id`;
const CALLBACK = `c.id, c.entry, c.state, c.result, c.event_type AS "eventType", o.id AS "orderId",
    c.provider_order_id AS "providerOrderId", c.provider_session_id AS "providerSessionId", c.attempts, c.repeats, c.next_at AS "nextAt",
    c.received_at AS "receivedAt", c.last_received_at AS "lastReceivedAt", c.finished_at AS "finishedAt"`;
const ITS_ORDER = `
  LEFT JOIN orders o ON o.provider_account_id = c.provider_account_id AND o.provider_order_id = c.provider_order_id
    AND o.merchant_id = c.merchant_id`;

/** What went out to shops and what came in from the provider, for people; and the events for shops that missed them. */
@Injectable()
export class NotificationListRepository {
  constructor(private readonly database: Database) {}

  /** The newest deliveries of a scope, newest first. */
  deliveries(scope: Scope, limit: number): Promise<ListedDelivery[]> {
    const { text, params } = deliveriesIn(scope, limit);
    return this.database.query<ListedDelivery>(
      `WITH page AS MATERIALIZED (${text})
       SELECT ${DELIVERY} FROM page JOIN deliveries d ON d.id = page.id ${DELIVERY_WITH} ${ITS_ORDER} ORDER BY d.id DESC`,
      params,
    );
  }

  /** The newest callbacks of a scope, newest first. */
  callbacks(scope: Scope, limit: number): Promise<ListedCallback[]> {
    const { text, params } = callbacksIn(scope, limit);
    return this.database.query<ListedCallback>(
      `WITH page AS MATERIALIZED (${text}) SELECT ${CALLBACK} FROM page JOIN callbacks c ON c.id = page.id ${ITS_ORDER} ORDER BY c.id DESC`,
      params,
    );
  }

  /** @returns undefined also for another merchant's */
  async delivery(merchantId: string, id: string): Promise<ListedDelivery | undefined> {
    const [row] = await this.database.query<ListedDelivery>(
      `SELECT ${DELIVERY} FROM deliveries d ${DELIVERY_WITH} ${ITS_ORDER} WHERE d.id = $2 AND d.merchant_id = $1`,
      [merchantId, id],
    );
    return row;
  }

  /** @returns undefined also for another merchant's */
  async callback(merchantId: string, id: string): Promise<ListedCallback | undefined> {
    const [row] = await this.database.query<ListedCallback>(
      `SELECT ${CALLBACK} FROM callbacks c ${ITS_ORDER} WHERE c.id = $2 AND c.merchant_id = $1`,
      [merchantId, id],
    );
    return row;
  }

  /** Every try of a delivery, oldest first. */
  attempts(deliveryId: string): Promise<DeliveryAttempt[]> {
    return this.database.query<DeliveryAttempt>(
      `SELECT number, started_at AS "startedAt", duration_ms AS "durationMs", status, code, reason
       FROM delivery_attempts WHERE delivery_id = $1 ORDER BY number`,
      [deliveryId],
    );
  }

  /** Whether a merchant's events are numbered under this id. */
  async isSubject(merchantId: string, id: string): Promise<boolean> {
    return (await this.database.query('SELECT FROM event_subjects WHERE id = $2 AND merchant_id = $1', [merchantId, id])).length > 0;
  }

  /** The events about a subject after a sequence number, oldest first. */
  events(merchantId: string, subject: string, after: number, limit: number): Promise<StoredEvent[]> {
    return this.database.query<StoredEvent>(
      `SELECT id, type, sequence, order_id AS "orderId", provider_order_id AS "providerOrderId", at, data, secret
       FROM events WHERE subject = $2 AND sequence > $3 AND merchant_id = $1 ORDER BY sequence LIMIT $4`,
      [merchantId, subject, after, limit],
    );
  }
}
