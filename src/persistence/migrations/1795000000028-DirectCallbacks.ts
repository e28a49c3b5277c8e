import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Whether a merchant's callbacks come to this service or go to the shop as they are. Expands only: older processes run on it. */
export class DirectCallbacks1795000000028 implements MigrationInterface {
  name = 'DirectCallbacks1795000000028';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE merchants
        ADD COLUMN callbacks text NOT NULL DEFAULT 'gateway'
        CONSTRAINT merchants_callbacks_check CHECK (callbacks IN ('gateway', 'direct'))`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE merchants DROP COLUMN callbacks');
  }
}
