import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What the lists of deliveries and callbacks are read from: each combination of filters from the end of one index. */
export class ListNotifications1795000000024 implements MigrationInterface {
  name = 'ListNotifications1795000000024';

  async up(runner: QueryRunner): Promise<void> {
    // Of its event; else the entry of the callback that is passed on. Neither changes.
    await runner.query('ALTER TABLE deliveries ADD COLUMN type text');
    await runner.query(
      `UPDATE deliveries SET type = COALESCE(
         (SELECT type FROM events WHERE id = event_id), (SELECT entry FROM callbacks WHERE id = callback_id))`,
    );
    await runner.query('DROP INDEX deliveries_by_merchant, deliveries_by_endpoint, callbacks_by_merchant');
    await runner.query('CREATE INDEX deliveries_by_merchant ON deliveries (merchant_id, state, id)');
    await runner.query('CREATE INDEX deliveries_by_type ON deliveries (merchant_id, type, state, id)');
    await runner.query('CREATE INDEX deliveries_by_endpoint ON deliveries (endpoint_id, state, id)');
    await runner.query('CREATE INDEX deliveries_by_endpoint_type ON deliveries (endpoint_id, type, state, id)');
    await runner.query('CREATE INDEX callbacks_by_merchant ON callbacks (merchant_id, state, id)');
    await runner.query('CREATE INDEX callbacks_by_entry ON callbacks (merchant_id, entry, state, id)');
    await runner.query('CREATE INDEX callbacks_by_merchant_order ON callbacks (merchant_id, provider_order_id, id)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(
      `DROP INDEX deliveries_by_merchant, deliveries_by_type, deliveries_by_endpoint, deliveries_by_endpoint_type,
         callbacks_by_merchant, callbacks_by_entry, callbacks_by_merchant_order`,
    );
    await runner.query('CREATE INDEX deliveries_by_merchant ON deliveries (merchant_id, id)');
    await runner.query('CREATE INDEX deliveries_by_endpoint ON deliveries (endpoint_id)');
    await runner.query('CREATE INDEX callbacks_by_merchant ON callbacks (merchant_id, id)');
    await runner.query('ALTER TABLE deliveries DROP COLUMN type');
  }
}
