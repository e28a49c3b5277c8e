import type { Database, Queryable } from '../../src/persistence/database.js';

interface PlanNode {
  'Actual Rows': number;
  'Actual Loops': number;
  'Rows Removed by Filter'?: number;
  'Rows Removed by Index Recheck'?: number;
  Plans?: PlanNode[];
}

/** Counts what the leaves of every plan have read, thrown away or not. */
export class CountingRows {
  rows = 0;
  readonly database: Database;

  constructor(on: Queryable) {
    const query = async (sql: string, params?: readonly unknown[]) => {
      const [explained] = await on.query<{ 'QUERY PLAN': [{ Plan: PlanNode }] }>(`EXPLAIN (ANALYZE, FORMAT JSON) ${sql}`, params);
      if (explained !== undefined) this.#count(explained['QUERY PLAN'][0].Plan);
      return on.query(sql, params);
    };
    this.database = { query } as unknown as Database;
  }

  #count(node: PlanNode): void {
    for (const child of node.Plans ?? []) this.#count(child);
    const thrownAway = (node['Rows Removed by Filter'] ?? 0) + (node['Rows Removed by Index Recheck'] ?? 0);
    this.rows += ((node.Plans === undefined ? node['Actual Rows'] : 0) + thrownAway) * node['Actual Loops'];
  }
}
