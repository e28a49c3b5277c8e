import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Orders are found by the first 255 characters of their references: an index row has 2,704 bytes at most, and an order whose reference is
 * longer (Klarna accepted it, limits are reported only) could not be written after it was placed. Older processes run on it.
 */
export class FindLongReferences1795000000010 implements MigrationInterface {
  name = 'FindLongReferences1795000000010';

  up(runner: QueryRunner): Promise<void> {
    return this.#index(runner, (column) => `left(${column}, 255)`);
  }

  down(runner: QueryRunner): Promise<void> {
    return this.#index(runner, (column) => column);
  }

  async #index(runner: QueryRunner, expression: (column: string) => string): Promise<void> {
    for (const number of [1, 2]) {
      const column = `merchant_reference${number}`;
      await runner.query(`DROP INDEX orders_by_reference${number}`);
      await runner.query(`
        CREATE INDEX orders_by_reference${number} ON orders (merchant_id, ${expression(column)}, created_at DESC, id DESC)
        WHERE ${column} IS NOT NULL`);
    }
  }
}
