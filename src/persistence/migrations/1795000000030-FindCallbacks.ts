import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What the inbox asks for at every callback: how many came to one address lately, and what its purchase has become. */
export class FindCallbacks1795000000030 implements MigrationInterface {
  name = 'FindCallbacks1795000000030';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE INDEX callbacks_by_hook ON callbacks (hook_id, received_at)');
    await runner.query('CREATE INDEX callbacks_finished ON callbacks (finished_at) WHERE finished_at IS NOT NULL');
    await runner.query('CREATE INDEX orders_by_subject ON orders (data_subject)');
    await runner.query('CREATE INDEX operations_by_subject ON operations (data_subject)');
    // A callback is passed on once, whoever looks at it how often.
    await runner.query('DROP INDEX deliveries_by_callback');
    await runner.query('CREATE UNIQUE INDEX deliveries_by_callback ON deliveries (callback_id)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX deliveries_by_callback');
    await runner.query('CREATE INDEX deliveries_by_callback ON deliveries (callback_id)');
    await runner.query('DROP INDEX operations_by_subject');
    await runner.query('DROP INDEX orders_by_subject');
    await runner.query('DROP INDEX callbacks_finished');
    await runner.query('DROP INDEX callbacks_by_hook');
  }
}
