import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The durable operation: what was asked for, every attempt with its answer, every reading, and the lane that orders them. */
export class CreateOperations1795000000002 implements MigrationInterface {
  name = 'CreateOperations1795000000002';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE operations (
        -- UUIDv7: ordered by time of acceptance
        id uuid PRIMARY KEY,
        merchant_id uuid NOT NULL REFERENCES merchants,
        provider_account_id uuid NOT NULL REFERENCES provider_accounts,
        kind text NOT NULL,
        class text NOT NULL CHECK (class IN ('durable', 'bounded', 'interactive')),
        state text NOT NULL CHECK (state IN
          ('accepted', 'running', 'waiting', 'unknown', 'manual', 'succeeded', 'rejected', 'abandoned', 'withdrawn')),
        -- the provider's order id; no foreign key, because operations may come before we know the order
        lane text,
        position bigint,
        data_subject uuid,
        -- sealed: path parameters and passed-on headers; the caller's bytes
        target bytea NOT NULL,
        request bytea,
        caller_key text,
        -- HMAC over method, route, path parameters and canonical JSON
        fingerprint bytea NOT NULL,
        -- HMAC of the authorization token, where it is the idempotency key
        token_hash bytea,
        -- what was asked for, in minor units, to be matched against what the provider shows
        amount bigint,
        reference text,
        provider_key text,
        -- the key's generation: a new one only after absence was established
        generation integer NOT NULL DEFAULT 1,
        -- the fence guards decisions (reschedule, new key, manual), never evidence
        fence integer NOT NULL,
        -- Postgres' clock; every other time here is business time
        lease_until timestamptz,
        next_at timestamptz,
        -- steps of the schedule taken since the caller's wait, and times a recovered provider woke it
        steps integer NOT NULL DEFAULT 0,
        wakes integer NOT NULL DEFAULT 0,
        -- when the latest caller's wait began (an equal repeat of create order opens it again), and when it ended without an answer
        opened_at timestamptz NOT NULL,
        -- when that wait is over at the latest, also if the process that keeps the caller dies before it can say so
        waits_until timestamptz NOT NULL,
        unresolved_since timestamptz,
        -- create order with Prefer: respond-async: may be sent without a caller until its token is too old
        sends_alone boolean NOT NULL DEFAULT false,
        -- someone asked that nothing more is sent
        stopped boolean NOT NULL DEFAULT false,
        -- answer of record: kept as long as the row; only the body is erased
        answer_status integer,
        answer_headers jsonb,
        answer_body bytea,
        reason text,
        created_at timestamptz NOT NULL,
        finished_at timestamptz
      ) WITH (fillfactor = 80)`);
    await runner.query(`
      CREATE INDEX operations_due ON operations (next_at)
      WHERE next_at IS NOT NULL`);
    await runner.query(`CREATE INDEX operations_leased ON operations (lease_until) WHERE lease_until IS NOT NULL`);
    await runner.query(`
      CREATE INDEX operations_open_in_lane ON operations (provider_account_id, lane, position)
      WHERE lane IS NOT NULL AND finished_at IS NULL`);
    await runner.query(`
      CREATE INDEX operations_unresolved ON operations (merchant_id, fingerprint)
      WHERE finished_at IS NULL`);
    // Create order: the authorization token is the key. One operation per token and body that is open or has succeeded (an
    // abandoned one is opened again by an equal repeat), and one open operation per token whatever the body.
    await runner.query(`
      CREATE UNIQUE INDEX operations_token_and_body ON operations (provider_account_id, kind, token_hash, fingerprint)
      WHERE token_hash IS NOT NULL AND state NOT IN ('rejected', 'withdrawn')`);
    await runner.query(`
      CREATE UNIQUE INDEX operations_open_token ON operations (provider_account_id, kind, token_hash)
      WHERE token_hash IS NOT NULL AND finished_at IS NULL`);
    await runner.query(`CREATE INDEX operations_by_state ON operations (merchant_id, state, id) WHERE finished_at IS NULL`);
    await runner.query(`
      CREATE TABLE attempts (
        id uuid PRIMARY KEY,
        operation_id uuid NOT NULL REFERENCES operations,
        number integer NOT NULL,
        generation integer NOT NULL,
        fence integer NOT NULL,
        started_at timestamptz NOT NULL,
        -- null while the call is under way, or for ever when its process died
        ended_at timestamptz,
        outcome text CHECK (outcome IN ('succeeded', 'rejected', 'configuration', 'retry', 'unknown')),
        -- a success that names no id, or is not what the provider sends
        garbled boolean NOT NULL DEFAULT false,
        status integer,
        headers jsonb,
        -- sealed
        answer bytea,
        provider_id text,
        code text,
        reason text,
        correlation_id text,
        UNIQUE (operation_id, number)
      )`);
    await runner.query(`
      CREATE TABLE readings (
        id uuid PRIMARY KEY,
        operation_id uuid NOT NULL REFERENCES operations,
        generation integer NOT NULL,
        started_at timestamptz NOT NULL,
        ended_at timestamptz NOT NULL,
        finding text NOT NULL CHECK (finding IN ('present', 'placed', 'absent', 'ambiguous', 'unreadable')),
        provider_id text,
        -- codes, ids and amounts
        data jsonb NOT NULL
      )`);
    await runner.query(`CREATE INDEX readings_of_operation ON readings (operation_id, started_at)`);
    await runner.query(`
      CREATE TABLE idempotency_keys (
        merchant_id uuid NOT NULL REFERENCES merchants,
        key text NOT NULL,
        operation_id uuid NOT NULL REFERENCES operations,
        fingerprint bytea NOT NULL,
        created_at timestamptz NOT NULL,
        PRIMARY KEY (merchant_id, key)
      )`);
    // Callers' UUIDs that went to the provider as they were: no two operations of one account may share one.
    await runner.query(`
      CREATE TABLE provider_keys (
        provider_account_id uuid NOT NULL REFERENCES provider_accounts,
        provider_key text NOT NULL,
        operation_id uuid NOT NULL REFERENCES operations,
        PRIMARY KEY (provider_account_id, provider_key)
      )`);
    // One row per order that money operations were asked for: the lock that orders them. "open" counts the unfinished ones,
    // so that an uncontended operation is accepted and started in one statement; "revision" grows with each send and settlement.
    await runner.query(`
      CREATE TABLE lanes (
        provider_account_id uuid NOT NULL REFERENCES provider_accounts,
        lane text NOT NULL,
        open integer NOT NULL,
        position bigint NOT NULL,
        revision bigint NOT NULL,
        PRIMARY KEY (provider_account_id, lane)
      ) WITH (fillfactor = 80)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE lanes, provider_keys, idempotency_keys, readings, attempts, operations');
  }
}
