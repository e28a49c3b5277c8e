import { Injectable } from '@nestjs/common';
import type { OperationReply } from '../operations/request.js';
import { OrderReads, type ReadCall } from './order-reads.js';
import { change, OrderWrites, type WriteCall } from './order-writes.js';

/** Orders as a whole: read, acknowledge, describe, cancel. */
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
    return this.writes.execute(call, change('order-management.cancel'));
  }

  /**
   * Says that the order has arrived. Twice is as good as once.
   * @returns Klarna's 204, or 202 while the outcome is open
   * @throws Refusal as `CapturesService.request`
   * @see Order Management API v1, `POST /ordermanagement/v1/orders/{order_id}/acknowledge`
   */
  acknowledge(call: WriteCall): Promise<OperationReply> {
    return this.writes.execute(call, change('order-management.acknowledge'));
  }

  /**
   * Sets the merchant's references that the body names; an empty text clears one.
   * @param bytes the caller's, forwarded unchanged
   * @returns Klarna's 204, or 202 while the outcome is open
   * @throws Refusal as `CapturesService.request`
   * @see Order Management API v1, `PATCH /ordermanagement/v1/orders/{order_id}/merchant-references`
   */
  updateReferences(call: WriteCall, bytes: Buffer | null): Promise<OperationReply> {
    return this.writes.execute(call, change('order-management.merchant-references', bytes));
  }

  /**
   * Changes where the goods go. Klarna assesses it anew, and may refuse.
   * @param bytes the caller's, forwarded unchanged
   * @returns Klarna's 204, or 202 while the outcome is open
   * @throws Refusal as `CapturesService.request`
   * @see Order Management API v1, `PATCH /ordermanagement/v1/orders/{order_id}/customer-details`
   */
  updateCustomerDetails(call: WriteCall, bytes: Buffer | null): Promise<OperationReply> {
    return this.writes.execute(call, change('order-management.customer-details', bytes));
  }

  /**
   * Adds parcels to an order, captured or not.
   * @param bytes the caller's, forwarded unchanged
   * @returns Klarna's 204, or 202 while the outcome is open
   * @throws Refusal as `CapturesService.request`
   * @see Order Management API v1, `POST /ordermanagement/v1/orders/{order_id}/shipping-info`
   */
  addShippingInfo(call: WriteCall, bytes: Buffer | null): Promise<OperationReply> {
    return this.writes.execute(call, change('order-management.shipping-info', bytes));
  }
}
