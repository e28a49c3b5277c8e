import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What merchants are told once for ever, whatever becomes of old events. What is stored before this is not told of: nobody listened. Expands
 * only: older processes run on it.
 */
export class AnnounceOnce1795000000022 implements MigrationInterface {
  name = 'AnnounceOnce1795000000022';

  async up(runner: QueryRunner): Promise<void> {
    // The default is evaluated once and fills the rows without writing them.
    for (const [table, column, meaning] of ANNOUNCED) {
      await runner.query(`ALTER TABLE ${table} ADD COLUMN ${column} timestamptz DEFAULT now() -- ${meaning}`);
      await runner.query(`ALTER TABLE ${table} ALTER COLUMN ${column} DROP DEFAULT`);
    }
    await runner.query(`UPDATE checkout_orders SET announced_at = NULL WHERE status <> 'checkout_complete'`);
    // When its cancelling was told of; null: it was not.
    await runner.query('ALTER TABLE customer_tokens ADD COLUMN cancelled_at timestamptz');
    await runner.query(`CREATE UNIQUE INDEX events_one_created ON events (order_id) WHERE type = 'order.created'`);
    await runner.query('CREATE INDEX events_by_operation ON events (operation_id)');
    await runner.query('CREATE INDEX events_by_time ON events (at)');
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const index of ['events_by_time', 'events_by_operation', 'events_one_created']) await runner.query(`DROP INDEX ${index}`);
    await runner.query('ALTER TABLE customer_tokens DROP COLUMN cancelled_at');
    for (const [table, column] of ANNOUNCED) await runner.query(`ALTER TABLE ${table} DROP COLUMN ${column}`);
  }
}

const ANNOUNCED = [
  ['orders', 'announced_at', 'when its order.created was told; null: it was not'],
  ['checkout_orders', 'announced_at', 'when its checkout.completed was told; null: it was not'],
  ['customer_tokens', 'announced_at', 'when its token.created was told; null: it was not made here'],
] as const;
