import { Injectable } from '@nestjs/common';
import type { OperationReply } from '../operations/request.js';
import type { UpdateAuthorizationRequest } from './authorizations.dto.js';
import { change, OrderWrites, type WriteCall } from './order-writes.js';

/** What is authorized and not captured: changed, kept for longer, let go of. */
@Injectable()
export class OrderAuthorizationsService {
  constructor(private readonly writes: OrderWrites) {}

  /**
   * Replaces amount and lines of an authorization; waits for what was asked for of the order's money before.
   * @param authorization `order_amount` in minor units of the order's currency, at least what was captured
   * @param bytes the caller's, forwarded unchanged
   * @returns Klarna's 204, or 202 while the outcome is open
   * @throws Refusal as `CapturesService.request`
   * @see Order Management API v1, `PATCH /ordermanagement/v1/orders/{order_id}/authorization`
   */
  update(call: WriteCall, { order_amount: amount }: UpdateAuthorizationRequest, bytes: Buffer | null): Promise<OperationReply> {
    return this.writes.execute(call, { ...change('order-management.authorization-update', bytes), amount });
  }

  /**
   * Moves the end of an authorization that has not expired. Until when, only a read tells.
   * @returns Klarna's 204, or 202 while the outcome is open
   * @throws Refusal as `CapturesService.request`
   * @see Order Management API v1, `POST /ordermanagement/v1/orders/{order_id}/extend-authorization-time`
   */
  extend(call: WriteCall): Promise<OperationReply> {
    return this.writes.execute(call, change('order-management.extend-authorization'));
  }

  /**
   * Lets go of what was authorized and not captured; final.
   * @returns Klarna's 204, or 202 while the outcome is open
   * @throws Refusal as `CapturesService.request`
   * @see Order Management API v1, `POST /ordermanagement/v1/orders/{order_id}/release-remaining-authorization`
   */
  release(call: WriteCall): Promise<OperationReply> {
    return this.writes.execute(call, change('order-management.release'));
  }
}
