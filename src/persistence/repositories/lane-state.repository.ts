import { Injectable } from '@nestjs/common';
import { Database, type Queryable, type Transaction } from '../database.js';

/** What a lane says about the order behind it. */
export interface LaneState {
  /** Grows with each send and each settlement; 0 while no money operation was ever asked for. */
  revision: string;
  /** Kinds of operations that may have happened at the provider and are not settled. */
  unsettledKinds: string[];
}

/** The lane of an order, seen from the order: whether something was sent or settled since, and whether something is under way. */
@Injectable()
export class LaneStateRepository {
  constructor(private readonly database: Database) {}

  async revisionOf(providerAccountId: string, providerOrderId: string, db: Queryable = this.database): Promise<string> {
    const rows = await db.query<{ revision: string }>('SELECT revision FROM lanes WHERE provider_account_id = $1 AND lane = $2', [
      providerAccountId,
      providerOrderId,
    ]);
    return rows[0]?.revision ?? '0';
  }

  /** Keeps operations of this lane from being accepted, sent or settled until the transaction ends. A lane that isn't there can't be locked. */
  async lock(tx: Transaction, providerAccountId: string, providerOrderId: string): Promise<void> {
    await tx.query('SELECT FROM lanes WHERE provider_account_id = $1 AND lane = $2 FOR NO KEY UPDATE', [
      providerAccountId,
      providerOrderId,
    ]);
  }

  /**
   * Whether another operation of the same kind may have been carried out at this order since the given one was accepted: where both set the
   * same, an order that shows other values says nothing of the given one.
   * @param skewMs so much the clocks of processes may differ
   */
  async isOvertaken(
    operation: { id: string; kind: string; providerAccountId: string; createdAt: Date },
    providerOrderId: string,
    skewMs: number,
  ): Promise<boolean> {
    const rows = await this.database.query<{ overtaken: boolean }>(
      `SELECT EXISTS (
         SELECT FROM operations o
          WHERE o.provider_account_id = $1 AND o.lane = $2 AND o.kind = $3 AND o.id <> $4
            AND o.state NOT IN ('rejected', 'withdrawn', 'abandoned') AND (o.finished_at IS NULL OR o.finished_at > $5)
            AND EXISTS (SELECT FROM attempts a WHERE a.operation_id = o.id AND a.outcome IS DISTINCT FROM 'retry')) AS overtaken`,
      [operation.providerAccountId, providerOrderId, operation.kind, operation.id, new Date(operation.createdAt.getTime() - skewMs)],
    );
    return rows[0]?.overtaken ?? false;
  }

  async stateOf(db: Queryable, providerAccountId: string, providerOrderId: string): Promise<LaneState> {
    const rows = await db.query<LaneState>(
      `SELECT COALESCE((SELECT revision FROM lanes WHERE provider_account_id = $1 AND lane = $2), 0)::text AS revision,
              ARRAY(
                SELECT DISTINCT o.kind FROM operations o
                WHERE o.provider_account_id = $1 AND o.lane = $2 AND o.finished_at IS NULL
                  AND EXISTS (SELECT FROM attempts a WHERE a.operation_id = o.id AND a.outcome IS DISTINCT FROM 'retry')
              ) AS "unsettledKinds"`,
      [providerAccountId, providerOrderId],
    );
    return rows[0] ?? { revision: '0', unsettledKinds: [] };
  }
}
