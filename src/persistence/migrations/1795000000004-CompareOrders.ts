import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Comparing stored orders with Klarna's, and how each order became known. */
export class CompareOrders1795000000004 implements MigrationInterface {
  name = 'CompareOrders1795000000004';

  async up(runner: QueryRunner): Promise<void> {
    // The default is for rows that the previous version inserts while both run: compared at once.
    await runner.query(`
      ALTER TABLE orders
        -- when the order is to be compared with the provider's at the latest, whatever happens; null: over
        ADD COLUMN compare_at timestamptz DEFAULT '1970-01-01 00:00:00+00',
        -- differences that were kept as ours and flagged, as long as they stand
        ADD COLUMN flagged_differences jsonb,
        -- created here; created here and found late; adopted: it was at the provider and we did not know it
        ADD COLUMN origin text NOT NULL DEFAULT 'created',
        -- when it became known here
        ADD COLUMN learned_at timestamptz,
        -- when a capture or refund that was made elsewhere was last learned of
        ADD COLUMN moved_elsewhere_at timestamptz`);
    // Spread over a day, so that the first scan is not a wave.
    await runner.query(`
      UPDATE orders o
      SET compare_at = COALESCE(o.read_at, o.updated_at) + random() * interval '1 day',
          learned_at = (SELECT t.at FROM timeline t WHERE t.order_id = o.id AND t.sequence = 1),
          origin = CASE
            WHEN EXISTS (SELECT FROM timeline t WHERE t.order_id = o.id AND t.type = 'order.created' AND t.data @> '{"late": true}') THEN 'late'
            WHEN EXISTS (SELECT FROM timeline t WHERE t.order_id = o.id AND t.type = 'order.created') THEN 'created'
            WHEN EXISTS (SELECT FROM timeline t WHERE t.order_id = o.id AND t.type = 'order.adopted') THEN 'adopted'
            ELSE 'created' END,
          moved_elsewhere_at = (SELECT max(t.at) FROM timeline t WHERE t.order_id = o.id AND t.data @> '{"elsewhere": true}')`);
    await runner.query(`CREATE INDEX orders_to_compare ON orders (provider_account_id, compare_at) WHERE compare_at IS NOT NULL`);
    await runner.query(
      `CREATE INDEX orders_learned_later ON orders (merchant_id, created_at DESC, id DESC)
       WHERE origin <> 'created' OR moved_elsewhere_at IS NOT NULL`,
    );
    await runner.query(`
      CREATE TABLE comparison_turns (
        provider_account_id uuid PRIMARY KEY REFERENCES provider_accounts,
        -- Postgres' clock: until then no process takes further orders of this account to compare
        until timestamptz NOT NULL
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE comparison_turns');
    await runner.query(`
      ALTER TABLE orders DROP COLUMN compare_at, DROP COLUMN flagged_differences, DROP COLUMN origin, DROP COLUMN learned_at,
        DROP COLUMN moved_elsewhere_at`);
  }
}
