import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What the service may call by itself while a provider's API is sick, for all processes together. */
export class CreateRetryBudgets1795000000003 implements MigrationInterface {
  name = 'CreateRetryBudgets1795000000003';

  async up(runner: QueryRunner): Promise<void> {
    // A token bucket with two inlets; every permit is taken out of both. "share" gets a tenth of callers' first attempts and may be
    // overdrawn; "base" gets the floor, by business time.
    await runner.query(`
      CREATE TABLE retry_budgets (
        provider_account_id uuid NOT NULL REFERENCES provider_accounts,
        api text NOT NULL,
        share double precision NOT NULL,
        base double precision NOT NULL,
        refilled_at timestamptz NOT NULL,
        -- when a process last saw for itself that the API is sick: processes that only make calls which succeed go by it
        sick_at timestamptz NOT NULL,
        PRIMARY KEY (provider_account_id, api)
      ) WITH (fillfactor = 50)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE retry_budgets');
  }
}
