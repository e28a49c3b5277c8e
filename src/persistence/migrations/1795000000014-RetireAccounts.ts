import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Credentials that were rotated and are no longer configured. Expands only: older processes run on it. */
export class RetireAccounts1795000000014 implements MigrationInterface {
  name = 'RetireAccounts1795000000014';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE provider_accounts
        -- since when the configuration names it no more; its secret is gone
        ADD COLUMN retired_at timestamptz,
        -- the account at the same host whose credentials serve what is pinned to it from then on; null: none is left there
        ADD COLUMN successor_id uuid REFERENCES provider_accounts`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE provider_accounts DROP COLUMN retired_at, DROP COLUMN successor_id');
  }
}
