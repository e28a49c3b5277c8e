import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What merchants are told: events, who receives them, each delivery and its attempts. */
export class CreateEvents1795000000020 implements MigrationInterface {
  name = 'CreateEvents1795000000020';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE event_subjects (
        -- our id of the order, session, page, token or operation that the events are about
        id uuid PRIMARY KEY,
        merchant_id uuid NOT NULL REFERENCES merchants,
        last_sequence bigint NOT NULL
      )`);
    await runner.query(`
      CREATE TABLE events (
        -- goes to receivers as webhook-id
        id uuid PRIMARY KEY,
        merchant_id uuid NOT NULL REFERENCES merchants,
        subject uuid NOT NULL REFERENCES event_subjects,
        -- without gaps per subject, in the order of the commits
        sequence bigint NOT NULL,
        type text NOT NULL,
        -- our id; null while there is no order
        order_id uuid,
        provider_order_id text,
        operation_id uuid,
        at timestamptz NOT NULL,
        -- codes, ids and amounts in minor units; no names, no tokens
        data jsonb NOT NULL,
        -- sealed members that join data when it is delivered (an authorization token)
        secret bytea,
        UNIQUE (subject, sequence)
      )`);
    await runner.query('CREATE INDEX events_by_merchant ON events (merchant_id, id)');
    await runner.query('CREATE INDEX events_by_order ON events (order_id)');
    await runner.query(`
      CREATE TABLE notification_endpoints (
        id uuid PRIMARY KEY,
        merchant_id uuid NOT NULL REFERENCES merchants,
        url text NOT NULL,
        -- null: all
        events text[],
        strict_order boolean NOT NULL,
        -- sealed
        secret bytea NOT NULL,
        previous_secret bytea,
        previous_secret_until timestamptz,
        -- counts addresses and enablings: what was attempted before decides nothing afterwards
        version integer NOT NULL,
        disabled_at timestamptz,
        -- gone: it answered 410; merchant: disabled by request
        disabled_reason text,
        deleted_at timestamptz,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL
      )`);
    await runner.query('CREATE INDEX notification_endpoints_by_merchant ON notification_endpoints (merchant_id)');
    await runner.query(`
      CREATE TABLE receivers (
        -- an endpoint's id; or the merchant's id and the origin of a URL of its own
        key text PRIMARY KEY,
        merchant_id uuid NOT NULL REFERENCES merchants,
        -- in a row, since the last success
        failures integer NOT NULL,
        failing_since timestamptz,
        -- left alone until then, whatever is due; null: not resting
        rests_until timestamptz
      )`);
    await runner.query(`
      CREATE TABLE deliveries (
        id uuid PRIMARY KEY,
        merchant_id uuid NOT NULL REFERENCES merchants,
        receiver text NOT NULL,
        -- a registered endpoint; null: the caller's own URL
        endpoint_id uuid REFERENCES notification_endpoints,
        -- null: a callback of the provider's, passed on
        event_id uuid REFERENCES events,
        callback_id uuid,
        -- the same for every attempt: the webhook-id
        message_id text NOT NULL,
        -- what orders it among others of one receiver; null: nothing does
        subject uuid,
        sequence bigint,
        method text NOT NULL,
        -- sealed address of the caller's own URL, filled in; null: the endpoint's
        url bytea,
        -- sealed, as it is sent; null: made from the event
        body bytea,
        -- due | delivered | dead | cancelled
        state text NOT NULL,
        reason text,
        attempts integer NOT NULL,
        next_at timestamptz,
        -- on Postgres' clock: whose attempt it is, and until when
        fence integer NOT NULL,
        lease_until timestamptz,
        give_up_at timestamptz NOT NULL,
        created_at timestamptz NOT NULL,
        ended_at timestamptz
      )`);
    await runner.query(`CREATE INDEX deliveries_due ON deliveries (receiver, next_at) WHERE state = 'due'`);
    await runner.query(`CREATE INDEX deliveries_in_order ON deliveries (receiver, subject, sequence) WHERE state = 'due'`);
    await runner.query('CREATE INDEX deliveries_by_merchant ON deliveries (merchant_id, id)');
    await runner.query('CREATE INDEX deliveries_by_event ON deliveries (event_id)');
    await runner.query('CREATE INDEX deliveries_by_callback ON deliveries (callback_id)');
    await runner.query('CREATE INDEX deliveries_by_endpoint ON deliveries (endpoint_id)');
    await runner.query(`
      CREATE TABLE delivery_attempts (
        delivery_id uuid NOT NULL REFERENCES deliveries ON DELETE CASCADE,
        number integer NOT NULL,
        started_at timestamptz NOT NULL,
        duration_ms integer,
        status integer,
        -- ours: TIMEOUT, ECONNREFUSED, FORBIDDEN_ADDRESS, ...; null: it was answered
        code text,
        reason text,
        CONSTRAINT delivery_attempts_pkey PRIMARY KEY (delivery_id, number)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['delivery_attempts', 'deliveries', 'receivers', 'notification_endpoints', 'events', 'event_subjects']) {
      await runner.query(`DROP TABLE ${table}`);
    }
  }
}
