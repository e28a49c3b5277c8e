import { Injectable } from '@nestjs/common';
import type { OperationReply } from '../operations/request.js';
import { OrderReads, type ReadCall } from './order-reads.js';
import { OrderWrites, type WriteCall } from './order-writes.js';

/** Orders as a whole: read, cancel, release. */
@Injectable()
export class ManagedOrdersService {
  constructor(
    private readonly writes: OrderWrites,
    private readonly reads: OrderReads,
  ) {}

  /**
   * Reads an order as Klarna shows it now, and remembers what it shows.
   * @throws Refusal as `OrderReads.order`
   * @see Order Management API v1, `GET /ordermanagement/v1/orders/{order_id}`
   */
  read(call: ReadCall): Promise<OperationReply> {
    return this.reads.order(call);
  }

  /**
   * Cancels an order that has no captures; final. Overtakes captures that were never sent.
   * @returns Klarna's 204, or 202 while the outcome is open
   * @throws Refusal as `CapturesService.request`
   * @see Order Management API v1, `POST /ordermanagement/v1/orders/{order_id}/cancel`
   */
  cancel(call: WriteCall): Promise<OperationReply> {
    return this.writes.execute(call, { kind: 'order-management.cancel', body: null, amount: null, reference: null });
  }

  /**
   * Lets go of what was authorized and not captured; final.
   * @returns Klarna's 204, or 202 while the outcome is open
   * @throws Refusal as `CapturesService.request`
   * @see Order Management API v1, `POST /ordermanagement/v1/orders/{order_id}/release-remaining-authorization`
   */
  release(call: WriteCall): Promise<OperationReply> {
    return this.writes.execute(call, { kind: 'order-management.release', body: null, amount: null, reference: null });
  }
}
