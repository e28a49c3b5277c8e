import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Checkout orders as the provider last showed them: whose they are, where they were made, whether they still live. */
export class CreateCheckoutOrders1795000000008 implements MigrationInterface {
  name = 'CreateCheckoutOrders1795000000008';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE checkout_orders (
        id uuid PRIMARY KEY,
        merchant_id uuid NOT NULL REFERENCES merchants,
        -- the order that a completed checkout becomes stays with this account, too
        provider_account_id uuid NOT NULL REFERENCES provider_accounts,
        provider_order_id text NOT NULL,
        -- whose data this is: the later unit of erasure, handed on to the order
        data_subject uuid NOT NULL,
        -- the operation that made it; null: met at the provider
        operation_id uuid REFERENCES operations,
        -- in lower case, whatever case the provider writes it in
        status text NOT NULL,
        purchase_country text,
        purchase_currency text,
        -- minor units of the purchase currency
        order_amount bigint,
        order_tax_amount bigint,
        merchant_reference1 text,
        merchant_reference2 text,
        completed_at timestamptz,
        -- 48 hours after the last change that we know of; a shopper who is at work on it moves the true end
        expires_at timestamptz NOT NULL,
        -- it was aborted, or the provider answered that there is none (any more)
        gone_at timestamptz,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        UNIQUE (provider_account_id, provider_order_id)
      )`);
    await runner.query('CREATE INDEX checkout_orders_by_provider_id ON checkout_orders (provider_order_id)');
    await runner.query('CREATE INDEX checkout_orders_by_subject ON checkout_orders (data_subject)');
    await runner.query('CREATE INDEX checkout_orders_by_operation ON checkout_orders (operation_id)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE checkout_orders');
  }
}
