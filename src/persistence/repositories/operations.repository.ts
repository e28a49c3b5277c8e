import { Injectable } from '@nestjs/common';
import type { Queryable, Transaction } from '../database.js';
import type { AttemptRow, LanePeerRow, OperationChange, OperationRow, ReadingRow, ResolutionRow } from './operation-rows.js';

/** Whose lane: the provider's account and its order id. */
export interface LaneKey {
  providerAccountId: string;
  lane: string;
}

const OPERATION_COLUMNS = `
  o.id, o.merchant_id, o.provider_account_id, o.kind, o.class, o.state, o.lane, o.position, o.data_subject, o.target, o.request,
  o.caller_key, o.fingerprint, o.token_hash, o.amount, o.reference, o.provider_key, o.generation, o.fence, o.lease_until,
  o.next_at, o.steps, o.wakes, o.opened_at, o.unresolved_since, o.waits_until, o.sends_alone, o.stopped,
  o.answer_status, o.answer_headers, o.answer_body, o.reason, o.created_at, o.finished_at, o.bodies_erased_at, o.purpose,
  o.lease_until < now() AS lease_out`;

/** Statements of the durable operation. The rules are in src/operations; here is only what Postgres has to do, for whole lists. */
@Injectable()
export class OperationsRepository {
  async find(db: Queryable, id: string): Promise<OperationRow | null> {
    const rows = await db.query<OperationRow>(`SELECT ${OPERATION_COLUMNS}, ${ORDER_FACTS} WHERE o.id = $1`, [id]);
    return rows[0] ?? null;
  }

  /** States of watched operations, for callers that wait in another process than the one that works. */
  states(
    db: Queryable,
    ids: readonly string[],
  ): Promise<{ id: string; state: string; fence: number; next_at: Date | null; finished_at: Date | null; leased: boolean }[]> {
    return db.query(`SELECT id, state, fence, next_at, finished_at, lease_until IS NOT NULL AS leased FROM operations WHERE id = ANY($1)`, [
      ids,
    ]);
  }

  /** Locks lanes; first in the order of locks after idempotency rows. */
  async lockLanes(tx: Transaction, lanes: readonly LaneKey[]): Promise<void> {
    if (lanes.length === 0) return;
    await tx.query(
      `SELECT 1 FROM lanes JOIN unnest($1::uuid[], $2::text[]) AS wanted(account, lane)
         ON lanes.provider_account_id = wanted.account AND lanes.lane = wanted.lane
       ORDER BY lanes.provider_account_id, lanes.lane FOR UPDATE OF lanes`,
      [lanes.map((each) => each.providerAccountId), lanes.map((each) => each.lane)],
    );
  }

  /** Locks operations, after their lanes. With `skipLocked`, one that somebody else is working on is left out. */
  lock(tx: Transaction, ids: readonly string[], skipLocked = false): Promise<OperationRow[]> {
    return tx.query<OperationRow>(
      `SELECT ${OPERATION_COLUMNS}, ${ORDER_FACTS}
       WHERE o.id = ANY($1) ORDER BY o.id FOR UPDATE OF o ${skipLocked ? 'SKIP LOCKED' : ''}`,
      [ids],
    );
  }

  attempts(db: Queryable, operationIds: readonly string[]): Promise<AttemptRow[]> {
    return db.query<AttemptRow>(
      `SELECT id, operation_id, number, generation, fence, started_at, ended_at, outcome, garbled, status, headers, answer,
              provider_id, code, reason, correlation_id
       FROM attempts WHERE operation_id = ANY($1) ORDER BY operation_id, number`,
      [operationIds],
    );
  }

  readings(db: Queryable, operationIds: readonly string[]): Promise<ReadingRow[]> {
    return db.query<ReadingRow>(
      `SELECT operation_id, generation, started_at, ended_at, finding, provider_id, data
       FROM readings WHERE operation_id = ANY($1) ORDER BY operation_id, started_at`,
      [operationIds],
    );
  }

  resolutions(db: Queryable, operationIds: readonly string[]): Promise<ResolutionRow[]> {
    return db.query<ResolutionRow>(
      `SELECT operation_id, at, outcome, provider_id, reason FROM resolutions WHERE operation_id = ANY($1) ORDER BY operation_id, at, id`,
      [operationIds],
    );
  }

  async insertResolution(tx: Transaction, id: string, resolution: ResolutionRow): Promise<void> {
    const { operation_id: operationId, at, outcome, provider_id: providerId, reason } = resolution;
    await tx.query('INSERT INTO resolutions (id, operation_id, at, outcome, provider_id, reason) VALUES ($1, $2, $3, $4, $5, $6)', [
      ...[id, operationId, at, outcome, providerId, reason],
    ]);
  }

  /** Starts an attempt of a locked operation: its row, the lease, and a new revision of the lane. */
  async start(
    tx: Transaction,
    attempt: { id: string; operationId: string; number: number; generation: number; providerKey: string | null; fence: number },
    lane: LaneKey | null,
    now: Date,
    leaseMs: number,
  ): Promise<void> {
    await tx.query(
      `WITH attempt AS (
         INSERT INTO attempts (id, operation_id, number, generation, fence, started_at) VALUES ($1, $2, $3, $4, $5, $6)
       ), lane AS (
         UPDATE lanes SET revision = revision + 1 WHERE provider_account_id = $9 AND lane = $10
       )
       UPDATE operations SET state = 'running', fence = $5, generation = $4, provider_key = $7, next_at = NULL, reason = NULL,
         lease_until = now() + $8 * interval '1 millisecond'
       WHERE id = $2`,
      [
        attempt.id,
        attempt.operationId,
        attempt.number,
        attempt.generation,
        attempt.fence,
        now,
        attempt.providerKey,
        leaseMs,
        lane?.providerAccountId ?? null,
        lane?.lane ?? null,
      ],
    );
  }

  /** Leases a locked operation for a reading. */
  async lease(tx: Transaction, id: string, fence: number, leaseMs: number): Promise<void> {
    await tx.query(`UPDATE operations SET fence = $2, next_at = NULL, lease_until = now() + $3 * interval '1 millisecond' WHERE id = $1`, [
      id,
      fence,
      leaseMs,
    ]);
  }

  /** Appends answers to their attempts, whoever holds the lease; an attempt is answered once. */
  async answer(tx: Transaction, answers: readonly AttemptRow[]): Promise<void> {
    if (answers.length === 0) return;
    const column = <K extends keyof AttemptRow>(name: K) => answers.map((each) => each[name]);
    await tx.query(
      `UPDATE attempts a SET ended_at = t.ended_at, outcome = t.outcome, garbled = t.garbled, status = t.status, headers = t.headers,
         answer = t.answer, provider_id = t.provider_id, code = t.code, reason = t.reason, correlation_id = t.correlation_id
       FROM unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::bool[], $5::int[], $6::jsonb[], $7::bytea[], $8::text[], $9::text[],
                   $10::text[], $11::text[])
         AS t(id, ended_at, outcome, garbled, status, headers, answer, provider_id, code, reason, correlation_id)
       WHERE a.id = t.id AND a.outcome IS NULL`,
      [
        column('id'),
        column('ended_at'),
        column('outcome'),
        column('garbled'),
        column('status'),
        answers.map((each) => (each.headers === null ? null : JSON.stringify(each.headers))),
        column('answer'),
        column('provider_id'),
        column('code'),
        column('reason'),
        column('correlation_id'),
      ],
    );
  }

  async insertReading(tx: Transaction, id: string, reading: ReadingRow): Promise<void> {
    await tx.query(
      `INSERT INTO readings (id, operation_id, generation, started_at, ended_at, finding, provider_id, data)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING`,
      [
        id,
        reading.operation_id,
        reading.generation,
        reading.started_at,
        reading.ended_at,
        reading.finding,
        reading.provider_id,
        JSON.stringify(reading.data),
      ],
    );
  }

  /**
   * Writes what was decided of locked operations; lanes lose those that are final, and get a new revision. Where one has ended, the first
   * of each kind that waits for its turn in the lane becomes due: the others wait for that one in any case.
   * @returns the operations that became due
   */
  async change(tx: Transaction, changes: readonly OperationChange[], now: Date): Promise<{ id: string; fence: number }[]> {
    if (changes.length === 0) return [];
    const column = <K extends keyof OperationChange>(name: K) => changes.map((each) => each[name]);
    return tx.query<{ id: string; fence: number }>(
      `WITH t AS (
         SELECT * FROM unnest($1::uuid[], $2::text[], $3::bool[], $4::timestamptz[], $5::int[], $6::timestamptz[], $7::int[], $8::jsonb[],
                              $9::bytea[], $10::text[], $11::timestamptz[], $12::bool[], $13::uuid[], $14::text[], $15::bool[], $16::bool[])
           AS t(id, state, keeps_lease, next_at, steps, unresolved_since, answer_status, answer_headers, answer_body, reason, finished_at,
                stopped, provider_account_id, lane, leaves_lane, wakes_lane)
       ), lane AS (
         UPDATE lanes l SET open = l.open - n.leaving, revision = l.revision + 1
         FROM (SELECT provider_account_id, lane, count(*) FILTER (WHERE leaves_lane) AS leaving
               FROM t WHERE lane IS NOT NULL GROUP BY 1, 2) n
         WHERE l.provider_account_id = n.provider_account_id AND l.lane = n.lane
       ), changed AS (
         UPDATE operations o SET state = t.state, next_at = t.next_at, steps = t.steps, unresolved_since = t.unresolved_since,
           answer_status = t.answer_status, answer_headers = t.answer_headers, answer_body = t.answer_body, reason = t.reason,
           finished_at = t.finished_at, stopped = t.stopped,
           lease_until = CASE WHEN t.keeps_lease THEN o.lease_until END
         FROM t WHERE o.id = t.id
       )
       UPDATE operations o SET next_at = $17
       FROM (SELECT DISTINCT ON (provider_account_id, lane, a.kind) a.id
             FROM operations a JOIN (SELECT DISTINCT provider_account_id, lane FROM t WHERE wakes_lane) w USING (provider_account_id, lane)
             WHERE a.finished_at IS NULL AND a.state = 'accepted' AND a.lease_until IS NULL AND a.id <> ALL($1)
             ORDER BY provider_account_id, lane, a.kind, a.position) first
       WHERE o.id = first.id
       RETURNING o.id, o.fence`,
      [
        column('id'),
        column('state'),
        column('keepsLease'),
        column('nextAt'),
        column('steps'),
        column('unresolvedSince'),
        column('answerStatus'),
        changes.map((each) => (each.answerHeaders === null ? null : JSON.stringify(each.answerHeaders))),
        column('answerBody'),
        column('reason'),
        column('finishedAt'),
        column('stopped'),
        column('providerAccountId'),
        column('lane'),
        column('leavesLane'),
        column('wakesLane'),
        now,
      ],
    );
  }

  /**
   * Makes operations of a locked lane due that were held back for a reason; those that somebody works on are not held.
   * @returns the operations that became due
   */
  release(tx: Transaction, lane: LaneKey, reason: string, now: Date): Promise<{ id: string; fence: number }[]> {
    return tx.query<{ id: string; fence: number }>(
      `UPDATE operations SET next_at = $4
       WHERE provider_account_id = $1 AND lane = $2 AND finished_at IS NULL AND reason = $3 AND lease_until IS NULL
         AND state IN ('accepted', 'waiting')
       RETURNING id, fence`,
      [lane.providerAccountId, lane.lane, reason, now],
    );
  }

  /** Unfinished money operations of a locked lane. */
  peers(tx: Transaction, lane: LaneKey): Promise<LanePeerRow[]> {
    return tx.query<LanePeerRow>(
      `SELECT o.id, o.kind, o.state, o.position, o.fence, o.unresolved_since, o.reason, o.lease_until >= now() AS leased,
              NOT EXISTS (SELECT 1 FROM attempts a WHERE a.operation_id = o.id AND a.outcome IS DISTINCT FROM 'retry') AS never_sent,
              EXISTS (SELECT 1 FROM attempts a WHERE a.operation_id = o.id) AS begun
       FROM operations o
       WHERE o.provider_account_id = $1 AND o.lane = $2 AND o.finished_at IS NULL ORDER BY o.position`,
      [lane.providerAccountId, lane.lane],
    );
  }

  /** Amounts of the order that a refund is measured against, in minor units; null when the order is not known here. */
  async coverage(tx: Queryable, lane: LaneKey): Promise<{ captured: string; refunded: string } | null> {
    const rows = await tx.query<{ captured: string; refunded: string }>(
      `SELECT captured_amount AS captured, refunded_amount AS refunded FROM orders
       WHERE provider_account_id = $1 AND provider_order_id = $2`,
      [lane.providerAccountId, lane.lane],
    );
    return rows[0] ?? null;
  }

  /**
   * Renews leases. A row that somebody's transaction holds is left for the next time: one that stands still must not cost all the others
   * their leases.
   * @returns whether each was renewed; an operation that is missing was taken over
   */
  async renew(db: Queryable, held: readonly { id: string; fence: number }[], leaseMs: number): Promise<Map<string, boolean>> {
    const rows = await db.query<{ id: string; renewed: boolean }>(
      `WITH mine AS (
         SELECT o.id FROM operations o JOIN unnest($1::uuid[], $2::int[]) AS t(id, fence) ON o.id = t.id AND o.fence = t.fence
         WHERE o.lease_until IS NOT NULL
       ), free AS (
         SELECT o.id FROM operations o JOIN unnest($1::uuid[], $2::int[]) AS t(id, fence) ON o.id = t.id AND o.fence = t.fence
         WHERE o.lease_until IS NOT NULL FOR NO KEY UPDATE OF o SKIP LOCKED
       ), renewed AS (
         UPDATE operations o SET lease_until = now() + $3 * interval '1 millisecond' FROM free WHERE o.id = free.id RETURNING o.id
       )
       SELECT id, id IN (SELECT id FROM renewed) AS renewed FROM mine`,
      [held.map((each) => each.id), held.map((each) => each.fence), leaseMs],
    );
    return new Map(rows.map((row) => [row.id, row.renewed]));
  }

  /**
   * Takes over operations whose leases ran out, the longest first: one statement, however many their process left. Rows that somebody's
   * transaction holds are left out.
   * @param besides operations that are not taken
   * @returns those that are the caller's now, with their new fence
   */
  takeOver(
    db: Queryable,
    limit: number,
    besides: readonly string[],
    leaseMs: number,
  ): Promise<{ id: string; provider_account_id: string; lane: string | null; fence: number }[]> {
    return db.query(
      `UPDATE operations o SET fence = o.fence + 1, lease_until = now() + $3 * interval '1 millisecond'
         FROM (SELECT id FROM operations WHERE lease_until < now() AND id <> ALL($2::uuid[])
                ORDER BY lease_until LIMIT $1 FOR UPDATE SKIP LOCKED) AS left_behind
        WHERE o.id = left_behind.id
        RETURNING o.id, o.provider_account_id, o.lane, o.fence`,
      [limit, besides, leaseMs],
    );
  }

  /** Operations that are due and that no nudge has reached, the longest first. */
  due(db: Queryable, overdueAt: Date, limit: number): Promise<{ id: string; provider_account_id: string; lane: string | null }[]> {
    return db.query(
      `SELECT id, provider_account_id, lane FROM operations
        WHERE next_at <= $1 AND lease_until IS NULL AND finished_at IS NULL AND state <> 'manual' ORDER BY next_at LIMIT $2`,
      [overdueAt, limit],
    );
  }

  /** The caller's wait is over and nobody was answered. */
  async waitEnded(db: Queryable, id: string, now: Date): Promise<void> {
    await db.query(`UPDATE operations SET unresolved_since = $2 WHERE id = $1 AND finished_at IS NULL AND unresolved_since IS NULL`, [
      id,
      now,
    ]);
  }

  /**
   * Opens a bounded operation again, for as long as its new caller waits; the row is locked.
   * @param request the caller's bytes, sealed, for one whose own were erased
   */
  async reopen(tx: Transaction, id: string, now: Date, until: Date, request: Buffer | null): Promise<void> {
    await tx.query(
      `UPDATE operations SET opened_at = $2, waits_until = $3, unresolved_since = NULL, finished_at = NULL, reason = NULL, stopped = false,
         request = COALESCE(request, $4), bodies_erased_at = NULL, state = CASE WHEN state = 'abandoned' THEN 'unknown' ELSE state END
       WHERE id = $1`,
      [id, now, until, request],
    );
  }

  /** Nothing more is sent for it; it is only found out. The row is locked. */
  async stop(tx: Transaction, id: string): Promise<void> {
    await tx.query('UPDATE operations SET stopped = true WHERE id = $1', [id]);
  }

  /** A person allows one more key for a `manual` operation; it is due now. The row is locked. */
  async grantKey(tx: Transaction, id: string, generation: number, providerKey: string | null, now: Date): Promise<void> {
    await tx.query(
      `UPDATE operations SET state = 'waiting', generation = $2, provider_key = COALESCE($3, provider_key), next_at = $4, reason = NULL
       WHERE id = $1`,
      [id, generation, providerKey, now],
    );
  }

  /** Makes an operation due now, if it is not yet: one that is asked for again and again must not be new each time. The row is locked. */
  async hasten(tx: Transaction, id: string, now: Date): Promise<void> {
    await tx.query('UPDATE operations SET next_at = LEAST(next_at, $2) WHERE id = $1', [id, now]);
  }

  /**
   * Erases the bodies of one batch of operations that finished before a time: request, answer of record, answers of attempts. Who is being
   * worked on at the moment is left for the next time. Unfinished operations, `manual` ones among them, have not finished at any time.
   * @returns how many operations that were
   */
  async eraseBodies(db: Queryable, finishedBefore: Date, now: Date, limit: number): Promise<number> {
    const rows = await db.query(
      `WITH due AS (
         SELECT id FROM operations WHERE finished_at < $1 AND bodies_erased_at IS NULL ORDER BY finished_at LIMIT $3 FOR UPDATE SKIP LOCKED
       ), answers AS (
         UPDATE attempts SET answer = NULL WHERE operation_id IN (SELECT id FROM due) AND answer IS NOT NULL
       )
       UPDATE operations SET request = NULL, answer_body = NULL, bodies_erased_at = $2 WHERE id IN (SELECT id FROM due) RETURNING id`,
      [finishedBefore, now, limit],
    );
    return rows.length;
  }

  /** A body came after the others were erased: it is erased with the next batch. The row is locked. */
  async hasBodiesAgain(tx: Transaction, id: string): Promise<void> {
    await tx.query('UPDATE operations SET bodies_erased_at = NULL WHERE id = $1', [id]);
  }

  /** One batch of what a lost queue has to be told of: everything that waits for a time. Goes on from a row. */
  waiting(
    db: Queryable,
    after: { place: string; id: string } | null,
    limit: number,
  ): Promise<{ id: string; fence: number; next_at: Date; place: string }[]> {
    return db.query(
      `SELECT id, fence, next_at, next_at::text AS place FROM operations
       WHERE next_at IS NOT NULL AND lease_until IS NULL AND finished_at IS NULL AND state <> 'manual'
         AND ($1::timestamptz IS NULL OR next_at >= $1 AND (next_at, id) > ($1, $2::uuid))
       ORDER BY next_at, id LIMIT $3`,
      [after?.place ?? null, after?.id ?? null, limit],
    );
  }
}

/** The authorization's end and the order's age, for operations whose order is known here; and how the account is. */
const ORDER_FACTS = `
  ord.id AS order_id, ord.currency AS order_currency, ord.expires_at AS order_expires_at, ord.created_at AS order_created_at,
  ord.status AS order_status, ord.fraud_status AS order_fraud_status,
  acc.failing_since AS account_failing_since, acc.paused_at AS account_paused_at
  FROM operations o JOIN provider_accounts acc ON acc.id = o.provider_account_id
  LEFT JOIN orders ord ON ord.provider_account_id = o.provider_account_id AND ord.provider_order_id = o.lane`;
