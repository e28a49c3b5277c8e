import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What a replay asks: of which authorization a shop's own address was told by a message. */
export class FindPassedAuthorizations1795000000037 implements MigrationInterface {
  name = 'FindPassedAuthorizations1795000000037';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      'CREATE INDEX authorizations_passed_callback ON authorizations (passed_callback_id) WHERE passed_callback_id IS NOT NULL',
    );
    await runner.query(
      'CREATE INDEX authorizations_passed_delivery ON authorizations (passed_delivery_id) WHERE passed_delivery_id IS NOT NULL',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX authorizations_passed_delivery');
    await runner.query('DROP INDEX authorizations_passed_callback');
  }
}
