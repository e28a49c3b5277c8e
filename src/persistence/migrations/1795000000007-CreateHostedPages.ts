import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Whose a hosted payment page is, for what it was made, and what became of it. Mirrors the provider: no CHECK on its words. */
export class CreateHostedPages1795000000007 implements MigrationInterface {
  name = 'CreateHostedPages1795000000007';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE hosted_pages (
        id uuid PRIMARY KEY,
        merchant_id uuid NOT NULL REFERENCES merchants,
        provider_account_id uuid NOT NULL REFERENCES provider_accounts,
        provider_session_id text NOT NULL,
        -- the later unit of erasure: that of the purchase that the page is for, if it is known
        data_subject uuid NOT NULL,
        -- what the page was made for: 'payments' and a payment session's id, 'checkout' and a checkout order's; null: made elsewhere
        purchase_api text,
        purchase_id text,
        -- as last read; null: known by its id alone
        status text,
        -- the order that was placed on it
        provider_order_id text,
        expires_at timestamptz,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        UNIQUE (provider_account_id, provider_session_id)
      )`);
    await runner.query('CREATE INDEX hosted_pages_by_provider_id ON hosted_pages (provider_session_id)');
    await runner.query('CREATE INDEX hosted_pages_by_subject ON hosted_pages (data_subject)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE hosted_pages');
  }
}
