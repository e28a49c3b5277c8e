import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What a list of operations, the erasure of old bodies and a person's word on an operation need. Expands only: older processes run on it. */
export class KeepOperations1795000000005 implements MigrationInterface {
  name = 'KeepOperations1795000000005';

  async up(runner: QueryRunner): Promise<void> {
    // Since when request and answers are gone; status, headers of record, ids and amounts stay.
    await runner.query('ALTER TABLE operations ADD COLUMN bodies_erased_at timestamptz');
    // Unfinished ones are found by operations_by_state, which stays as small as they are few; each finished one is written here once.
    await runner.query(`CREATE INDEX operations_finished ON operations (merchant_id, state, kind, id) WHERE finished_at IS NOT NULL`);
    await runner.query(`
      CREATE INDEX operations_with_bodies ON operations (finished_at)
      WHERE finished_at IS NOT NULL AND bodies_erased_at IS NULL`);
    await runner.query(`
      CREATE TABLE resolutions (
        id uuid PRIMARY KEY,
        operation_id uuid NOT NULL REFERENCES operations,
        at timestamptz NOT NULL,
        outcome text NOT NULL CHECK (outcome IN ('succeeded', 'rejected', 'new_key')),
        provider_id text,
        reason text NOT NULL
      )`);
    await runner.query(`CREATE INDEX resolutions_of_operation ON resolutions (operation_id, at)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE resolutions');
    await runner.query('DROP INDEX operations_with_bodies, operations_finished');
    await runner.query('ALTER TABLE operations DROP COLUMN bodies_erased_at');
  }
}
