import { Injectable } from '@nestjs/common';
import { Database } from '../database.js';

/** A delivery that was taken: it is this process's until its lease runs out. */
export interface TakenDelivery {
  id: string;
  /** Names this taking: who has a lower one decides nothing. */
  fence: number;
  /** Of the attempt that begins now. */
  number: number;
  /** How often it was tried since it became due, this time included. */
  attempts: number;
  merchantId: string;
  receiver: string;
  /** Failures of the receiver in a row, before this attempt. */
  failures: number;
  /** Whether the receiver failed last, or was never reached. */
  unproven: boolean;
  startedAt: Date;
  giveUpAt: Date;
  messageId: string;
  subject: string | null;
  sequence: string | null;
  /** Whether the endpoint wants each subject's messages one after the other. */
  strict: boolean;
  /** On this process's steady clock: the lease is not older. */
  takenAt: number;
  method: string;
  /** Sealed. Of the caller's own; null with an endpoint. */
  url: Buffer | null;
  /** Sealed; null: none, or made from the event. */
  body: Buffer | null;
  endpoint: TakenEndpoint | null;
  event: TakenEvent | null;
}

export interface TakenEndpoint {
  id: string;
  url: string;
  version: number;
  /** Sealed. */
  secret: Buffer;
  previousSecret: Buffer | null;
  previousSecretUntil: Date | null;
}

export interface TakenEvent {
  type: string;
  at: Date;
  orderId: string | null;
  providerOrderId: string | null;
  data: Record<string, unknown>;
  /** Sealed members of `data`. */
  secret: Buffer | null;
}

/** How many deliveries may be taken. */
export interface Room {
  /** Altogether. */
  readonly deliveries: number;
  /** Of these, for receivers that failed last or were never reached. */
  readonly ofUnproven: number;
  /** In the air per receiver that is well, all processes together. */
  readonly perReceiver: number;
}

/** Longer than any attempt. From when it is given: the look may have waited for its turn since its transaction began. */
const LEASE = `interval '15 seconds'`;
/** In strict order: so many of the oldest rows are looked at per receiver and look. */
const WINDOW = 128;
/** Any number; looks of all processes pass through it one by one. */
const LOOK_LOCK = 1_795_000_026;

interface Row {
  parked: number;
  id: string | null;
  endpointUrl: string | null;
  [column: string]: unknown;
}

/**
 * Finds what is due. Receivers take turns: each look goes over those that have anything due (a loose index scan, so a backlog costs nothing),
 * leaves out who rests, and takes a few of each. Who was never reached, or failed last, gets one at a time.
 */
@Injectable()
export class DueDeliveriesRepository {
  constructor(private readonly database: Database) {}

  /**
   * Takes what is due, one receiver as often as the other, and begins an attempt of each. What was in the air when its process died is taken
   * when its lease has run out. For receivers in strict order only the lowest sequence of each subject is taken; what waits behind it is put
   * aside until that has ended (`DeliveryOutcomesRepository.next`), or for a minute.
   * @returns what was taken, and whether another look at once would find more
   * @throws DatabaseUnavailable
   */
  async take(now: Date, room: Room): Promise<{ taken: TakenDelivery[]; more: boolean }> {
    let takenAt = 0;
    const rows = await this.database.transaction(async (tx) => {
      // What is in the air is counted: with two looks at a time it would be counted twice. Without compiling, which takes longer than the look.
      await tx.query(`SELECT set_config('jit', 'off', true), pg_advisory_xact_lock($1)`, [LOOK_LOCK]);
      // The lease begins later than this; waiting for the turn is no part of it.
      takenAt = performance.now();
      return tx.query<Row>(TAKE, [now, room.perReceiver, room.deliveries, room.ofUnproven]);
    });
    const taken = rows.filter(({ id }) => id !== null).map((row) => ({ ...deliveryOf(row, now), takenAt }));
    return { taken, more: (rows[0]?.parked ?? 0) > 0 };
  }
}

function deliveryOf(row: Row, startedAt: Date): TakenDelivery {
  const { endpointId, endpointUrl, version, secret, previousSecret, previousSecretUntil, ...rest } = row;
  const { type, at, orderId, providerOrderId, data, eventSecret, ...delivery } = rest;
  const endpoint = endpointUrl === null ? null : { id: endpointId, url: endpointUrl, version, secret, previousSecret, previousSecretUntil };
  const event = type === null ? null : { type, at, orderId, providerOrderId, data, secret: eventSecret };
  return { ...delivery, startedAt, endpoint, event } as unknown as TakenDelivery;
}

/** Nobody has it, or who had it was too long about it. */
export const FREE = '(d.lease_until IS NULL OR d.lease_until <= now())';

/**
 * Rows are found by arrays of their ids: from the common table expressions the planner expects thousands, and would read the whole table for them.
 * $1 business time, $2 per receiver, $3 deliveries, $4 of unproven receivers.
 */
export const TAKE = `
  WITH RECURSIVE known (receiver) AS (
    (SELECT receiver FROM deliveries WHERE state = 'due' ORDER BY receiver LIMIT 1)
    UNION ALL
    SELECT (SELECT d.receiver FROM deliveries d WHERE d.state = 'due' AND d.receiver > known.receiver ORDER BY d.receiver LIMIT 1)
    FROM known WHERE known.receiver IS NOT NULL
  ), ready AS MATERIALIZED (
    SELECT known.receiver, coalesce(e.strict_order, false) AS strict, coalesce(r.failures, 0) AS failures,
      r.failures IS DISTINCT FROM 0 AS unproven,
      CASE WHEN r.failures = 0 THEN $2::int ELSE 1 END - held.count AS room
    FROM known
    LEFT JOIN receivers r ON r.key = known.receiver
    LEFT JOIN notification_endpoints e ON e.id = CASE WHEN known.receiver ~ '^[0-9a-f-]{36}$' THEN known.receiver::uuid END
    CROSS JOIN LATERAL (
      SELECT count(*)::int AS count FROM deliveries h WHERE h.receiver = known.receiver AND h.lease_until IS NOT NULL AND h.lease_until > now()
    ) held
    WHERE known.receiver IS NOT NULL AND (r.rests_until IS NULL OR r.rests_until <= $1)
      AND e.disabled_at IS NULL AND e.deleted_at IS NULL
  ), seen AS MATERIALIZED (
    SELECT ready.receiver, ready.strict, ready.failures, ready.unproven, ready.room, due.id, due.next_at, head.id AS head
    FROM ready
    CROSS JOIN LATERAL (
      SELECT d.id, d.subject, d.sequence, d.next_at FROM deliveries d
      WHERE d.receiver = ready.receiver AND d.state = 'due' AND d.next_at <= $1 AND ${FREE}
      ORDER BY d.next_at LIMIT CASE WHEN ready.strict THEN ${WINDOW} ELSE ready.room END
    ) due
    LEFT JOIN LATERAL (
      SELECT b.id FROM deliveries b
      WHERE ready.strict AND b.receiver = ready.receiver AND b.subject = due.subject AND b.state = 'due' AND b.sequence < due.sequence
      ORDER BY b.sequence LIMIT 1
    ) head ON true
    WHERE ready.room > 0
  ), turns AS (
    SELECT *, row_number() OVER (PARTITION BY receiver ORDER BY next_at) AS turn FROM seen WHERE head IS NULL
  ), queued AS (
    SELECT *, row_number() OVER (PARTITION BY unproven ORDER BY turn, random()) AS place FROM turns WHERE turn <= room
  ), picked AS MATERIALIZED (
    SELECT id, strict, failures, unproven FROM queued
    WHERE NOT unproven OR place <= $4::int
    ORDER BY unproven, place LIMIT $3::int
  ), heads AS MATERIALIZED (
    -- Who ends the head lets the next one go; locked, so that it does so after what is put aside here, or nothing is.
    SELECT d.id, d.next_at FROM deliveries d
    WHERE d.id = ANY (ARRAY (SELECT head FROM seen WHERE head IS NOT NULL)) AND d.state = 'due' ORDER BY d.id FOR SHARE SKIP LOCKED
  ), behind AS MATERIALIZED (
    SELECT seen.id, GREATEST(heads.next_at, $1) + interval '1 minute' AS until FROM seen JOIN heads ON heads.id = seen.head
  ), parked AS (
    UPDATE deliveries d SET next_at = behind.until
    FROM behind
    WHERE d.id = ANY (ARRAY (SELECT id FROM behind)) AND d.id = behind.id AND d.state = 'due' AND ${FREE}
    RETURNING d.id
  ), taken AS (
    UPDATE deliveries d SET lease_until = clock_timestamp() + ${LEASE}, fence = d.fence + 1, attempts = d.attempts + 1
    FROM picked
    WHERE d.id = ANY (ARRAY (SELECT id FROM picked)) AND d.id = picked.id AND d.state = 'due' AND d.next_at <= $1 AND ${FREE}
    RETURNING d.*, picked.strict, picked.failures, picked.unproven
  ), interrupted AS (
    UPDATE delivery_attempts a SET code = 'INTERRUPTED', reason = 'The process ended before it knew what came of this'
    WHERE a.delivery_id = ANY (ARRAY (SELECT id FROM taken)) AND a.duration_ms IS NULL AND a.code IS NULL
  ), begun AS (
    INSERT INTO delivery_attempts (delivery_id, number, started_at)
    SELECT id, 1 + coalesce((SELECT max(number) FROM delivery_attempts a WHERE a.delivery_id = taken.id), 0), $1 FROM taken
    RETURNING delivery_id, number
  )
  SELECT aside.count AS parked, t.id, t.fence, begun.number, t.attempts, t.merchant_id AS "merchantId", t.receiver, t.failures, t.unproven,
    t.give_up_at AS "giveUpAt", t.message_id AS "messageId", t.subject, t.sequence, t.strict, t.method, t.url, t.body,
    e.id AS "endpointId", e.url AS "endpointUrl", e.version, e.secret, e.previous_secret AS "previousSecret",
    e.previous_secret_until AS "previousSecretUntil",
    v.type, v.at, v.order_id AS "orderId", v.provider_order_id AS "providerOrderId", v.data, v.secret AS "eventSecret"
  FROM (SELECT count(*)::int AS count FROM parked) aside
  LEFT JOIN (taken t JOIN begun ON begun.delivery_id = t.id) ON true
  LEFT JOIN notification_endpoints e ON e.id = t.endpoint_id
  LEFT JOIN LATERAL (SELECT * FROM events WHERE events.id = t.event_id LIMIT 1) v ON true`;
