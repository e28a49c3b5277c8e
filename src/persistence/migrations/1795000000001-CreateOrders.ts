import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The lifecycle as the provider tells it. These rows mirror Klarna: they are upserted by the provider's ids and take whatever it
 * says (no CHECK on amounts or states: a row that can't be written after the money moved would be worse than a strange row).
 */
export class CreateOrders1795000000001 implements MigrationInterface {
  name = 'CreateOrders1795000000001';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE payment_sessions (
        id uuid PRIMARY KEY,
        merchant_id uuid NOT NULL REFERENCES merchants,
        provider_account_id uuid NOT NULL REFERENCES provider_accounts,
        provider_session_id text NOT NULL,
        -- whose data this is: the later unit of erasure, handed on to the order
        data_subject uuid NOT NULL,
        status text NOT NULL,
        purchase_country text,
        purchase_currency text,
        order_amount bigint,
        merchant_reference1 text,
        merchant_reference2 text,
        -- HMAC of the authorization token that the session showed when last read
        authorization_token_hash bytea,
        expires_at timestamptz,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        UNIQUE (provider_account_id, provider_session_id)
      )`);
    await runner.query(`
      CREATE INDEX payment_sessions_token ON payment_sessions (provider_account_id, authorization_token_hash)
      WHERE authorization_token_hash IS NOT NULL`);
    await runner.query(`CREATE INDEX payment_sessions_by_subject ON payment_sessions (data_subject)`);
    await runner.query(`CREATE INDEX payment_sessions_by_provider_id ON payment_sessions (provider_session_id)`);
    await runner.query(`CREATE INDEX payment_sessions_by_time ON payment_sessions (merchant_id, provider_account_id, created_at)`);
    await runner.query(`
      CREATE TABLE orders (
        id uuid PRIMARY KEY,
        merchant_id uuid NOT NULL REFERENCES merchants,
        provider_account_id uuid NOT NULL REFERENCES provider_accounts,
        provider text NOT NULL,
        provider_order_id text NOT NULL,
        data_subject uuid NOT NULL,
        -- null until first read at the provider (an order adopted by a capture is known by its id alone)
        status text,
        fraud_status text,
        currency text,
        -- minor units of the order's currency, all of them
        order_amount bigint,
        original_order_amount bigint,
        captured_amount bigint NOT NULL DEFAULT 0,
        refunded_amount bigint NOT NULL DEFAULT 0,
        remaining_authorized_amount bigint,
        merchant_reference1 text,
        merchant_reference2 text,
        klarna_reference text,
        expires_at timestamptz,
        -- when the provider made the order, else when we first saw it
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        -- start of the newest snapshot applied in full
        read_at timestamptz,
        -- when the order is to be read at the provider again; null: no need
        refresh_at timestamptz,
        timeline_sequence bigint NOT NULL DEFAULT 0,
        -- what the provider says that does not add up, for people
        anomaly text,
        UNIQUE (provider_account_id, provider_order_id)
      )`);
    await runner.query(`CREATE INDEX orders_by_provider_id ON orders (provider_order_id)`);
    await runner.query(`CREATE INDEX orders_by_time ON orders (merchant_id, created_at DESC, id DESC)`);
    await runner.query(`CREATE INDEX orders_by_status ON orders (merchant_id, status, created_at DESC, id DESC)`);
    await runner.query(
      `CREATE INDEX orders_by_reference1 ON orders (merchant_id, merchant_reference1, created_at DESC, id DESC) WHERE merchant_reference1 IS NOT NULL`,
    );
    await runner.query(
      `CREATE INDEX orders_by_reference2 ON orders (merchant_id, merchant_reference2, created_at DESC, id DESC) WHERE merchant_reference2 IS NOT NULL`,
    );
    await runner.query(`CREATE INDEX orders_to_refresh ON orders (refresh_at) WHERE refresh_at IS NOT NULL`);
    for (const { table, id, at } of [
      { table: 'captures', id: 'provider_capture_id', at: 'captured_at' },
      { table: 'refunds', id: 'provider_refund_id', at: 'refunded_at' },
    ]) {
      await runner.query(`
        CREATE TABLE ${table} (
          id uuid PRIMARY KEY,
          order_id uuid NOT NULL REFERENCES orders,
          merchant_id uuid NOT NULL REFERENCES merchants,
          provider_account_id uuid NOT NULL REFERENCES provider_accounts,
          ${id} text NOT NULL,
          -- minor units of the order's currency
          amount bigint,
          reference text,
          description text,
          klarna_reference text,
          -- the provider's time
          ${at} timestamptz,
          -- the operation that caused it; null: made elsewhere, or not yet known to be ours
          operation_id uuid UNIQUE,
          created_at timestamptz NOT NULL,
          anomaly text,
          UNIQUE (order_id, ${id})
        )`);
    }
    await runner.query(`
      CREATE TABLE timeline (
        order_id uuid NOT NULL REFERENCES orders,
        sequence bigint NOT NULL,
        at timestamptz NOT NULL,
        type text NOT NULL,
        operation_id uuid,
        -- codes, ids and amounts; never names, addresses or tokens
        data jsonb NOT NULL,
        PRIMARY KEY (order_id, sequence)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE timeline, refunds, captures, orders, payment_sessions');
  }
}
