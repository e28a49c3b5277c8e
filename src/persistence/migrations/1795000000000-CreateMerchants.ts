import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Who may call, in whose name, and with which of the provider's accounts. */
export class CreateMerchants1795000000000 implements MigrationInterface {
  name = 'CreateMerchants1795000000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE merchants (
        id uuid PRIMARY KEY,
        name text NOT NULL UNIQUE,
        created_at timestamptz NOT NULL
      )`);
    await runner.query(`
      CREATE TABLE api_credentials (
        id uuid PRIMARY KEY,
        merchant_id uuid NOT NULL REFERENCES merchants,
        scheme text NOT NULL CHECK (scheme IN ('basic', 'bearer')),
        username text,
        -- HMAC of the secret under a key derived from DATA_KEY: a copy of the table opens nothing
        secret_hash bytea NOT NULL,
        pending_answer smallint NOT NULL DEFAULT 202 CHECK (pending_answer IN (202, 503)),
        key_required boolean NOT NULL DEFAULT false,
        created_at timestamptz NOT NULL,
        revoked_at timestamptz,
        CHECK ((scheme = 'basic') = (username IS NOT NULL))
      )`);
    await runner.query(`CREATE UNIQUE INDEX api_credentials_username_key ON api_credentials (username) WHERE revoked_at IS NULL`);
    await runner.query(
      `CREATE UNIQUE INDEX api_credentials_bearer_key ON api_credentials (secret_hash) WHERE scheme = 'bearer' AND revoked_at IS NULL`,
    );
    await runner.query(`
      CREATE TABLE provider_accounts (
        id uuid PRIMARY KEY,
        provider text NOT NULL,
        -- which provider this really is: a host name, or 'simulator' whatever its port
        host text NOT NULL,
        base_url text NOT NULL,
        username text NOT NULL,
        -- sealed
        secret bytea NOT NULL,
        -- since when calls have failed without a success after them; the first success clears it and wakes what waits
        failing_since timestamptz,
        -- set when the provider refused our credentials: waiting operations stay, nothing is burnt
        paused_at timestamptz,
        pause_reason text,
        created_at timestamptz NOT NULL,
        UNIQUE (provider, host, username)
      )`);
    await runner.query(`
      CREATE TABLE merchant_provider_accounts (
        merchant_id uuid NOT NULL REFERENCES merchants,
        api text NOT NULL,
        provider_account_id uuid NOT NULL REFERENCES provider_accounts,
        PRIMARY KEY (merchant_id, api)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE merchant_provider_accounts, provider_accounts, api_credentials, merchants');
  }
}
