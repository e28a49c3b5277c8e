import type { Clock } from '../clock/clock.js';
import type { Asked, Clearance, OperationContext, Success } from '../operations/handler.js';
import { MONEY_KINDS } from '../operations/kinds.js';
import type { Transaction } from '../persistence/database.js';
import type { ExpiryRepository } from '../persistence/repositories/expiry.repository.js';
import { OrderChangeHandler, type OrderChangeParts } from './order-change.handler.js';

/** By which Klarna says that an authorization can't be extended: by how it was paid, its age, or because it is over. */
const CANNOT_BE = 'NOT_ALLOWED';

/**
 * Extends an authorization. What the service asks for by itself gives way to the merchant: it waits while money of the order moves, and is
 * left alone when there is nothing to save any more. What came of it is kept with the order, whoever asked.
 * @see Order Management API v1, `POST /ordermanagement/v1/orders/{order_id}/extend-authorization-time`
 */
export class ExtensionHandler extends OrderChangeHandler {
  constructor(
    parts: OrderChangeParts,
    private readonly expiry: ExpiryRepository,
    private readonly clock: Clock,
  ) {
    super('order-management.extend-authorization', parts);
  }

  async clearance(tx: Transaction, { purpose, providerAccountId, lane }: Asked): Promise<Clearance> {
    if (purpose === null || lane === null) return 'go';
    const { wanted, moneyMoves } = await this.expiry.extensionWanted(tx, providerAccountId, lane, this.clock.now(), MONEY_KINDS);
    if (wanted) return moneyMoves ? { wait: 'money-moves' } : 'go';
    await this.expiry.extensionDropped(tx, providerAccountId, lane);
    return { withdraw: 'nothing-at-risk' };
  }

  override async succeeded(tx: Transaction, operation: OperationContext, success: Success): Promise<void> {
    await super.succeeded(tx, operation, success);
    if (operation.lane !== null) await this.expiry.extensionEnded(tx, operation.providerAccountId, operation.lane, null);
  }

  override async refused(tx: Transaction, operation: OperationContext, code: string | null): Promise<void> {
    await super.refused(tx, operation, code);
    if (code !== CANNOT_BE || operation.lane === null) return;
    await this.expiry.extensionEnded(tx, operation.providerAccountId, operation.lane, code);
  }
}
