import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Whether a credential's bodies beyond the limits of Klarna's documents are refused or only reported. Expands only: older processes run on it. */
export class ReportLimits1795000000011 implements MigrationInterface {
  name = 'ReportLimits1795000000011';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE api_credentials
        ADD COLUMN limits text NOT NULL DEFAULT 'enforce'
        CONSTRAINT api_credentials_limits_check CHECK (limits IN ('enforce', 'report'))`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE api_credentials DROP COLUMN limits');
  }
}
