import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Deliveries that ended are found by their age. */
export class EraseDeliveries1795000000023 implements MigrationInterface {
  name = 'EraseDeliveries1795000000023';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE INDEX deliveries_ended ON deliveries (ended_at) WHERE ended_at IS NOT NULL');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX deliveries_ended');
  }
}
