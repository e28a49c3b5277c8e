import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Whose a customer token is. Its status and its method are Klarna's to tell; the token itself is kept nowhere in the open. */
export class CreateCustomerTokens1795000000006 implements MigrationInterface {
  name = 'CreateCustomerTokens1795000000006';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE customer_tokens (
        id uuid PRIMARY KEY,
        merchant_id uuid NOT NULL REFERENCES merchants,
        -- with which it was made, or first used
        provider_account_id uuid NOT NULL REFERENCES provider_accounts,
        -- HMAC of the token
        token_hash bytea NOT NULL,
        -- whose data this is: handed on to the orders that are made with it
        data_subject uuid NOT NULL,
        created_at timestamptz NOT NULL,
        UNIQUE (provider_account_id, token_hash)
      )`);
    await runner.query('CREATE INDEX customer_tokens_by_hash ON customer_tokens (token_hash)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE customer_tokens');
  }
}
