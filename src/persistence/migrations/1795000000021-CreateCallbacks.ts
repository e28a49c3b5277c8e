import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Our addresses in the provider's callbacks, and the inbox of what came to them. */
export class CreateCallbacks1795000000021 implements MigrationInterface {
  name = 'CreateCallbacks1795000000021';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE hooks (
        id uuid PRIMARY KEY,
        merchant_id uuid NOT NULL REFERENCES merchants,
        provider_account_id uuid NOT NULL REFERENCES provider_accounts,
        -- the operation in whose request the address was put; T1 writes both
        operation_id uuid NOT NULL,
        -- push, notification, authorization, status_update; validation, address_update, country_change, shipping_option_update
        entry text NOT NULL,
        -- SHA-256 of the secret in the address: it is random and long, so nothing slower is needed
        secret_hash bytea NOT NULL,
        -- sealed: the caller's own URL with its placeholders; null: the caller sent none
        template bytea,
        data_subject uuid NOT NULL,
        -- the provider's id of what it is about, as far as the request named it (session, checkout, order)
        resource_id text,
        -- what comes later is answered and not looked at
        expires_at timestamptz NOT NULL,
        created_at timestamptz NOT NULL
      )`);
    await runner.query('CREATE INDEX hooks_by_operation ON hooks (operation_id)');
    await runner.query('CREATE INDEX hooks_by_expiry ON hooks (expires_at)');
    await runner.query(`
      CREATE TABLE callbacks (
        id uuid PRIMARY KEY,
        hook_id uuid NOT NULL REFERENCES hooks,
        merchant_id uuid NOT NULL REFERENCES merchants,
        provider_account_id uuid NOT NULL REFERENCES provider_accounts,
        entry text NOT NULL,
        -- what was filled into the address or stands in the body; words of the provider's, not believed
        provider_order_id text,
        provider_session_id text,
        event_type text,
        -- sealed, as it came
        body bytea,
        -- HMAC of hook, ids and body: the same again is counted, not kept
        fingerprint bytea NOT NULL,
        repeats integer NOT NULL,
        received_at timestamptz NOT NULL,
        last_received_at timestamptz NOT NULL,
        -- received | done | given-up
        state text NOT NULL,
        result text,
        attempts integer NOT NULL,
        next_at timestamptz,
        -- on Postgres' clock
        fence integer NOT NULL,
        lease_until timestamptz,
        finished_at timestamptz,
        UNIQUE (hook_id, fingerprint)
      )`);
    await runner.query('CREATE INDEX callbacks_due ON callbacks (next_at) WHERE next_at IS NOT NULL');
    await runner.query('CREATE INDEX callbacks_by_merchant ON callbacks (merchant_id, id)');
    await runner.query('CREATE INDEX callbacks_by_order ON callbacks (provider_account_id, provider_order_id)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE callbacks');
    await runner.query('DROP TABLE hooks');
  }
}
