import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What shoppers authorized, and when sessions, hosted pages and checkouts are looked at because no callback came. */
export class LookForCallbacks1795000000032 implements MigrationInterface {
  name = 'LookForCallbacks1795000000032';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE authorizations (
        id uuid PRIMARY KEY,
        session_id uuid NOT NULL REFERENCES payment_sessions,
        -- sealed; null: it is over
        token bytea,
        token_hash bytea NOT NULL,
        -- callback | sweep: who told first
        source text NOT NULL,
        learned_at timestamptz NOT NULL,
        -- the hour of an authorization, from the earliest time at which it may have been made
        expires_at timestamptz NOT NULL,
        -- what went to the shop's own address: a callback's words, or, none having come, ours in their form; null: nothing did
        passed_callback_id uuid,
        passed_delivery_id uuid,
        -- used | superseded | gone | expired; null: as far as is known, an order can be placed with it
        outcome text,
        ended_at timestamptz,
        UNIQUE (session_id, token_hash)
      )`);
    await runner.query('CREATE INDEX hooks_by_subject ON hooks (data_subject)');
    await runner.query(`
      ALTER TABLE payment_sessions
        -- when the session is read next because a callback may have got lost; null: never
        ADD COLUMN look_at timestamptz,
        -- when a look last brought an answer
        ADD COLUMN looked_at timestamptz,
        -- when it was last updated; what follows an update is looked for beside what follows the creation
        ADD COLUMN touched_at timestamptz`);
    await runner.query(
      `CREATE INDEX payment_sessions_to_look ON payment_sessions (provider_account_id, look_at) WHERE look_at IS NOT NULL`,
    );
    await runner.query(`
      ALTER TABLE hosted_pages
        ADD COLUMN look_at timestamptz,
        -- the provider's own word on when the status was last changed
        ADD COLUMN status_at timestamptz,
        -- when the shop's own address was told how it ended; null: it was not
        ADD COLUMN passed_at timestamptz,
        -- when its checkout.completed was told; null: it was not
        ADD COLUMN announced_at timestamptz`);
    // Nobody listened before.
    await runner.query(`UPDATE hosted_pages SET announced_at = now() WHERE status = 'COMPLETED'`);
    await runner.query(`CREATE INDEX hosted_pages_to_look ON hosted_pages (provider_account_id, look_at) WHERE look_at IS NOT NULL`);
    await runner.query('ALTER TABLE checkout_orders ADD COLUMN look_at timestamptz');
    await runner.query(`CREATE INDEX checkout_orders_to_look ON checkout_orders (provider_account_id, look_at) WHERE look_at IS NOT NULL`);
    await runner.query(`
      CREATE TABLE look_turns (
        provider_account_id uuid NOT NULL REFERENCES provider_accounts,
        -- payment_sessions | hosted_pages | checkout_orders
        kind text NOT NULL,
        -- Postgres' clock: until then no process takes further ones of this account
        until timestamptz NOT NULL,
        CONSTRAINT look_turns_pkey PRIMARY KEY (provider_account_id, kind)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE look_turns');
    await runner.query('ALTER TABLE checkout_orders DROP COLUMN look_at');
    await runner.query(
      'ALTER TABLE hosted_pages DROP COLUMN look_at, DROP COLUMN status_at, DROP COLUMN passed_at, DROP COLUMN announced_at',
    );
    await runner.query('ALTER TABLE payment_sessions DROP COLUMN look_at, DROP COLUMN looked_at, DROP COLUMN touched_at');
    await runner.query('DROP INDEX hooks_by_subject');
    await runner.query('DROP TABLE authorizations');
  }
}
