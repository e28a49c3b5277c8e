import { Injectable } from '@nestjs/common';
import { CLOCK_SKEW_MS, OWN_SKEW_MS } from '../clock/skew.js';
import type { OperationContext } from '../operations/handler.js';
import { Database } from '../persistence/database.js';

/** More than one can't be told apart anyway. */
const MOST = 10;

/** Orders that were placed where we did not see it, and that somebody read here since. */
@Injectable()
export class AdoptedOrdersRepository {
  constructor(private readonly database: Database) {}

  /**
   * The orders that an operation may have placed: adopted since its first send, with its amount, currency and reference, and linked to no
   * operation. Klarna can't be searched, but a shop that got a push about an order reads it here.
   * @param currency ISO 4217, in whatever case
   * @returns their ids at the provider; none for an operation without a reference, which nothing would tell apart from others
   */
  async candidates(operation: OperationContext, currency: string, firstSentAt: Date): Promise<string[]> {
    const { merchantId, providerAccountId, reference, amount } = operation;
    if (reference === null || reference === '' || amount === null) return [];
    const before = (ms: number): Date => new Date(firstSentAt.getTime() - ms);
    const rows = await this.database.query<{ id: string }>(
      `SELECT provider_order_id AS id FROM orders
        WHERE merchant_id = $1 AND provider_account_id = $2 AND left(merchant_reference1, 255) = left($3, 255) AND merchant_reference1 = $3
          AND order_amount = $4 AND upper(currency) = upper($5)
          AND origin = 'adopted' AND created_at >= $6 AND learned_at >= $7
        ORDER BY created_at LIMIT ${MOST}`,
      [merchantId, providerAccountId, reference, amount, currency, before(CLOCK_SKEW_MS), before(OWN_SKEW_MS)],
    );
    return rows.map(({ id }) => id);
  }

  /** Whether another operation is open that would have made an equal order. */
  async hasTwin({ id, merchantId, kind, reference, amount }: OperationContext): Promise<boolean> {
    const rows = await this.database.query(
      `SELECT 1 FROM operations
        WHERE merchant_id = $1 AND kind = $2 AND reference = $3 AND amount = $4 AND finished_at IS NULL AND id <> $5 LIMIT 1`,
      [merchantId, kind, reference, amount, id],
    );
    return rows.length > 0;
  }
}
