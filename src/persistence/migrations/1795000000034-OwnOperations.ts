import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Operations that the service asks for by itself. */
export class OwnOperations1795000000034 implements MigrationInterface {
  name = 'OwnOperations1795000000034';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE operations
        -- why the service asks for it by itself; null: a caller does
        ADD COLUMN purpose text`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE operations DROP COLUMN purpose');
  }
}
