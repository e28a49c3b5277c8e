import { Injectable } from '@nestjs/common';
import type { Queryable, Transaction } from '../database.js';
import type { NewOperation } from './operation-rows.js';

/** How intents become operations, each once: T1, and what holds a key or a token until it may be used again. */
@Injectable()
export class AcceptanceRepository {
  /**
   * T1, one statement: idempotency row, lane, operation, provider key, the addresses of ours in its request, and the start of the first
   * attempt. An operation is left out
   * of the result when its key or token is taken, or when it is guarded and an equal one is unresolved. One whose lane is
   * occupied, or that is for later, is accepted without an attempt, and due: its own process looks next whose turn it is, or the sweep.
   */
  accept(
    db: Queryable,
    operations: readonly NewOperation[],
    now: Date,
    leaseMs: number,
  ): Promise<{ id: string; started: boolean; position: string | null; provider_key: string | null }[]> {
    const column = <K extends keyof NewOperation>(name: K) => operations.map((operation) => operation[name]);
    const hooks = operations.flatMap(({ id, hooks: each }) => each.map((hook) => ({ ...hook, operationId: id })));
    return db.query(ACCEPT, [
      column('id'),
      column('merchantId'),
      column('providerAccountId'),
      column('kind'),
      column('class'),
      column('lane'),
      column('dataSubject'),
      column('target'),
      column('request'),
      column('callerKey'),
      column('fingerprint'),
      column('tokenHash'),
      column('amount'),
      column('reference'),
      column('derivedKey'),
      column('wantedKey'),
      column('sendsAlone'),
      column('guarded'),
      column('unresolved'),
      column('attemptId'),
      now,
      leaseMs,
      column('waitsUntil'),
      column('later'),
      column('purpose'),
      hooks.map((hook) => hook.id),
      hooks.map((hook) => hook.operationId),
      hooks.map((hook) => hook.entry),
      hooks.map((hook) => hook.secretHash),
      hooks.map((hook) => hook.template),
      hooks.map((hook) => hook.resourceId),
      hooks.map((hook) => hook.expiresAt),
    ]);
  }

  /** The operation that holds a merchant's key. */
  async byKey(db: Queryable, merchantId: string, key: string): Promise<{ operation_id: string; fingerprint: Buffer } | null> {
    const rows = await db.query<{ operation_id: string; fingerprint: Buffer }>(
      'SELECT operation_id, fingerprint FROM idempotency_keys WHERE merchant_id = $1 AND key = $2',
      [merchantId, key],
    );
    return rows[0] ?? null;
  }

  /** Operations of an authorization token that are open, or that an equal repeat must find: newest first. */
  byToken(
    db: Queryable,
    providerAccountId: string,
    kind: string,
    tokenHash: Buffer,
  ): Promise<{ id: string; merchant_id: string; fingerprint: Buffer; state: string; finished_at: Date | null }[]> {
    return db.query(
      `SELECT id, merchant_id, fingerprint, state, finished_at FROM operations
       WHERE provider_account_id = $1 AND kind = $2 AND token_hash = $3 AND state NOT IN ('rejected', 'withdrawn')
       ORDER BY id DESC`,
      [providerAccountId, kind, tokenHash],
    );
  }

  /** What an operation was for may be asked for again. */
  async freeToken(db: Queryable, operationId: string): Promise<void> {
    await db.query('UPDATE operations SET token_hash = NULL WHERE id = $1 AND finished_at IS NOT NULL', [operationId]);
  }

  /** An unresolved operation with this fingerprint: the guard's. */
  async unresolvedEqual(db: Queryable, merchantId: string, fingerprint: Buffer, now: Date): Promise<string | null> {
    const rows = await db.query<{ id: string }>(
      `SELECT id FROM operations
       WHERE merchant_id = $1 AND fingerprint = $2 AND (unresolved_since IS NOT NULL OR waits_until < $3) AND finished_at IS NULL LIMIT 1`,
      [merchantId, fingerprint, now],
    );
    return rows[0]?.id ?? null;
  }

  /** Lets the key be used again, for a new intent. */
  async freeKey(tx: Transaction, operationId: string): Promise<void> {
    await tx.query('DELETE FROM idempotency_keys WHERE operation_id = $1', [operationId]);
  }

  /**
   * Whether no T1 of an operation runs any more, not even at a server whose connection is gone: T1 holds a lock on its operation, and this
   * transaction has it from now on.
   */
  async acceptIsOver(tx: Transaction, operationId: string): Promise<boolean> {
    const [lock] = await tx.query<{ taken: boolean }>('SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0)) AS taken', [operationId]);
    return lock?.taken === true;
  }
}

const ACCEPT = `
  WITH input AS MATERIALIZED (
    SELECT *, pg_advisory_xact_lock(hashtextextended(t.id::text, 0))
    FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::uuid[], $8::bytea[], $9::bytea[],
      $10::text[], $11::bytea[], $12::bytea[], $13::bigint[], $14::text[], $15::text[], $16::text[], $17::bool[], $18::bool[], $19::bool[],
      $20::uuid[], $23::timestamptz[], $24::bool[], $25::text[]) WITH ORDINALITY AS t(id, merchant_id, provider_account_id, kind, class, lane, data_subject, target, request,
      caller_key, fingerprint, token_hash, amount, reference, derived_key, wanted_key, sends_alone, guarded, unresolved, attempt_id, waits_until, later, purpose,
      ord)
  ), keyed AS (
    INSERT INTO idempotency_keys (merchant_id, key, operation_id, fingerprint, created_at)
    SELECT merchant_id, caller_key, id, fingerprint, $21 FROM input WHERE caller_key IS NOT NULL ORDER BY merchant_id, caller_key
    ON CONFLICT (merchant_id, key) DO NOTHING
    RETURNING operation_id
  ), granted AS (
    SELECT i.* FROM input i
    WHERE (i.caller_key IS NULL OR i.id IN (SELECT operation_id FROM keyed))
      AND NOT (i.guarded AND EXISTS (
        SELECT 1 FROM operations o WHERE o.merchant_id = i.merchant_id AND o.fingerprint = i.fingerprint
          AND (o.unresolved_since IS NOT NULL OR o.waits_until < $21) AND o.finished_at IS NULL))
  ), pinned AS (
    INSERT INTO provider_keys (provider_account_id, provider_key, operation_id)
    SELECT provider_account_id, wanted_key, id FROM granted WHERE wanted_key IS NOT NULL ORDER BY provider_account_id, wanted_key
    ON CONFLICT DO NOTHING
    RETURNING operation_id
  ), laned AS (
    INSERT INTO lanes AS l (provider_account_id, lane, open, position, revision)
    SELECT provider_account_id, lane, count(*), count(*), 1 FROM granted WHERE lane IS NOT NULL
    GROUP BY provider_account_id, lane ORDER BY provider_account_id, lane
    ON CONFLICT (provider_account_id, lane) DO UPDATE
      SET open = l.open + EXCLUDED.open, position = l.position + EXCLUDED.position, revision = l.revision + 1
    RETURNING provider_account_id, lane, open, position
  ), placed AS (
    SELECT g.*, l.position - g.behind AS place,
           NOT g.later AND (l.lane IS NULL OR l.open = g.among AND g.behind = g.among - 1) AS first
    FROM (SELECT granted.*, count(*) OVER lane_mates AS among,
                 count(*) OVER lane_mates - row_number() OVER (lane_mates ORDER BY ord) AS behind
          FROM granted WINDOW lane_mates AS (PARTITION BY provider_account_id, lane)) g
    LEFT JOIN laned l ON l.provider_account_id = g.provider_account_id AND l.lane = g.lane
  ), inserted AS (
    INSERT INTO operations (id, merchant_id, provider_account_id, kind, class, state, lane, position, data_subject, target, request,
      caller_key, fingerprint, token_hash, amount, reference, provider_key, fence, lease_until, next_at, sends_alone, unresolved_since,
      waits_until, opened_at, created_at, purpose)
    SELECT id, merchant_id, provider_account_id, kind, class, CASE WHEN first THEN 'running' ELSE 'accepted' END, lane, place,
      data_subject, target, request, caller_key, fingerprint, token_hash, amount, reference,
      CASE WHEN id IN (SELECT operation_id FROM pinned) THEN wanted_key ELSE derived_key END, 1,
      CASE WHEN first THEN now() + $22 * interval '1 millisecond' END, CASE WHEN NOT first THEN $21 END, sends_alone, CASE WHEN unresolved THEN $21 END, waits_until, $21, $21,
      purpose
    FROM placed
    ON CONFLICT DO NOTHING
    RETURNING id, state, position, provider_key
  ), started AS (
    INSERT INTO attempts (id, operation_id, number, generation, fence, started_at)
    SELECT placed.attempt_id, inserted.id, 1, 1, 1, $21 FROM inserted JOIN placed USING (id) WHERE inserted.state = 'running'
  ), hooked AS (
    INSERT INTO hooks (id, merchant_id, provider_account_id, operation_id, entry, secret_hash, template, data_subject, resource_id,
      expires_at, created_at)
    SELECT h.id, placed.merchant_id, placed.provider_account_id, inserted.id, h.entry, h.secret_hash, h.template, placed.data_subject,
      h.resource_id, h.expires_at, $21
    FROM unnest($26::uuid[], $27::uuid[], $28::text[], $29::bytea[], $30::bytea[], $31::text[], $32::timestamptz[])
      AS h(id, operation_id, entry, secret_hash, template, resource_id, expires_at)
    JOIN inserted ON inserted.id = h.operation_id JOIN placed ON placed.id = inserted.id
  )
  SELECT id, state = 'running' AS started, position, provider_key FROM inserted`;
