import type { MigrationInterface, QueryRunner } from 'typeorm';

/** When authorizations end with money at risk: who was told, what was done about it, and when to look. Expands only: older processes run on it. */
export class WatchExpiry1795000000035 implements MigrationInterface {
  name = 'WatchExpiry1795000000035';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE orders
        -- the end of the authorization by which radar_at was set; another end is planned anew
        ADD COLUMN radar_for timestamptz,
        -- when something is to be told of that end, or done about it; null: nothing more
        ADD COLUMN radar_at timestamptz,
        -- the end that shops were last told of, and how many milliseconds before it; those for longer before count as told
        ADD COLUMN expiring_told_for timestamptz,
        ADD COLUMN expiring_told_ms bigint,
        -- the end that the service last asked to be moved
        ADD COLUMN extension_for timestamptz,
        -- asked, extended or refused; refused is never asked again by the service itself
        ADD COLUMN extension_state text,
        ADD COLUMN extension_code text`);
    const atRisk = `remaining_authorized_amount > 0 AND status IN ('AUTHORIZED', 'PART_CAPTURED')`;
    await runner.query(`
      CREATE INDEX orders_expiring ON orders (merchant_id, expires_at, id) INCLUDE (currency, remaining_authorized_amount) WHERE ${atRisk}`);
    await runner.query(`CREATE INDEX orders_unplanned ON orders (expires_at) WHERE ${atRisk} AND radar_for IS DISTINCT FROM expires_at`);
    await runner.query(`CREATE INDEX orders_on_radar ON orders (radar_at) WHERE ${atRisk} AND radar_at IS NOT NULL`);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const index of ['orders_on_radar', 'orders_unplanned', 'orders_expiring']) await runner.query(`DROP INDEX ${index}`);
    await runner.query(`
      ALTER TABLE orders DROP COLUMN radar_for, DROP COLUMN radar_at, DROP COLUMN expiring_told_for, DROP COLUMN expiring_told_ms,
        DROP COLUMN extension_for, DROP COLUMN extension_state, DROP COLUMN extension_code`);
  }
}
