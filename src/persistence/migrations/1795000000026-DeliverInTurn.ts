import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What the look for due deliveries needs, and the secret that callers' own URLs are signed with. */
export class DeliverInTurn1795000000026 implements MigrationInterface {
  name = 'DeliverInTurn1795000000026';

  async up(runner: QueryRunner): Promise<void> {
    // How many are in the air per receiver; small, because a lease is taken off when its attempt ends.
    await runner.query('CREATE INDEX deliveries_held ON deliveries (receiver) WHERE lease_until IS NOT NULL');
    await runner.query(`CREATE INDEX deliveries_expiring ON deliveries (give_up_at) WHERE state = 'due'`);
    await runner.query(`
      CREATE TABLE merchant_signing_secrets (
        merchant_id uuid PRIMARY KEY REFERENCES merchants,
        -- sealed
        secret bytea NOT NULL,
        -- signs as well until then: receivers may not have the new one yet
        previous_secret bytea,
        previous_secret_until timestamptz,
        created_at timestamptz NOT NULL
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE merchant_signing_secrets');
    await runner.query('DROP INDEX deliveries_expiring');
    await runner.query('DROP INDEX deliveries_held');
  }
}
