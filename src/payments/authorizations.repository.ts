import { Injectable } from '@nestjs/common';
import { Database } from '../persistence/database.js';

/** What our own operations tell about an authorization. */
@Injectable()
export class AuthorizationsRepository {
  constructor(private readonly database: Database) {}

  /** Whether an order was placed with this token. */
  async placedAnOrder(providerAccountId: string, tokenHash: Buffer): Promise<boolean> {
    const rows = await this.database.query(
      `SELECT 1 FROM operations
        WHERE provider_account_id = $1 AND kind = 'payments.create-order' AND token_hash = $2 AND state = 'succeeded' LIMIT 1`,
      [providerAccountId, tokenHash],
    );
    return rows.length > 0;
  }

  /** Whether the provider answered an attempt of this operation that there is no such authorization. */
  async answeredGone(operationId: string): Promise<boolean> {
    const rows = await this.database.query('SELECT 1 FROM attempts WHERE operation_id = $1 AND status = 404 LIMIT 1', [operationId]);
    return rows.length > 0;
  }
}
