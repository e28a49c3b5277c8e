import { Injectable } from '@nestjs/common';
import { OrderManagementClient } from '../klarna/order-management.client.js';
import type { OperationReply } from '../operations/request.js';
import { movementIdIn } from './order-id.js';
import { type ReadCall, OrderReads } from './order-reads.js';
import { OrderWrites, type WriteCall } from './order-writes.js';
import type { RefundRequest } from './refunds.dto.js';

/** Refunds: captured money goes back to the shopper. */
@Injectable()
export class RefundsService {
  constructor(
    private readonly writes: OrderWrites,
    private readonly reads: OrderReads,
    private readonly klarna: OrderManagementClient,
  ) {}

  /**
   * Gives back part or all of what was captured, once for its key.
   * @param refund `refunded_amount` in minor units of the order's currency
   * @param bytes the caller's, forwarded unchanged
   * @returns Klarna's 201 with `Refund-Id` and `Location`, or 202 while the outcome is open
   * @throws Refusal as `CapturesService.request`
   * @see Order Management API v1, `POST /ordermanagement/v1/orders/{order_id}/refunds`
   */
  request(call: WriteCall, refund: RefundRequest, bytes: Buffer | null): Promise<OperationReply> {
    const { refunded_amount: amount, reference } = refund;
    return this.writes.execute(call, { kind: 'order-management.refund', body: bytes, amount, reference: reference ?? null });
  }

  /**
   * Reads one refund as Klarna shows it.
   * @throws Refusal NOT_FOUND for what can't be an id, else as `OrderReads.order`
   * @see Order Management API v1, `GET /ordermanagement/v1/orders/{order_id}/refunds/{refund_id}`
   */
  async read(call: ReadCall, refundId: string): Promise<OperationReply> {
    const id = movementIdIn(refundId, 'NOT_FOUND');
    const extras = { by: 'caller', headers: call.headers } as const;
    return this.reads.part(call, (account, orderId) => this.klarna.readRefund(account, orderId, id, extras), 'refund');
  }
}
