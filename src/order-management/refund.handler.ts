import { Injectable, type OnModuleInit } from '@nestjs/common';
import { OrderManagementClient } from '../klarna/order-management.client.js';
import { HandlerRegistry } from '../operations/handler-registry.js';
import type { OperationContext, OperationHandler, ReadResult, SendCall, SendResult, Success } from '../operations/handler.js';
import type { RecordedAnswer } from '../operations/operation.js';
import { OrderLifecycle } from '../orders/order-lifecycle.js';
import type { Transaction } from '../persistence/database.js';
import { Effects } from './effects.js';
import { createdAnswer } from './recorded-answers.js';
import { orderIdOf, OrderSending } from './order-sending.js';

/**
 * Gives back part or all of what was captured.
 * @see Order Management API v1, `POST /ordermanagement/v1/orders/{order_id}/refunds`
 */
@Injectable()
export class RefundHandler implements OperationHandler, OnModuleInit {
  readonly kind = 'order-management.refund';

  constructor(
    private readonly handlers: HandlerRegistry,
    private readonly klarna: OrderManagementClient,
    private readonly sending: OrderSending,
    private readonly effects: Effects,
    private readonly lifecycle: OrderLifecycle,
  ) {}

  onModuleInit(): void {
    this.handlers.register(this);
  }

  send(call: SendCall): Promise<SendResult> {
    return this.sending.send(call, (account, orderId, extras) => this.klarna.refund(account, orderId, extras));
  }

  read(operation: OperationContext, firstSentAt: Date): Promise<ReadResult> {
    return this.effects.movement('refund', operation, firstSentAt);
  }

  async succeeded(tx: Transaction, operation: OperationContext, { providerId, at, late }: Success): Promise<void> {
    if (providerId === null) throw new Error(`Operation ${operation.id} succeeded without a refund id`);
    const { amount, reference } = operation;
    await this.lifecycle.refunded(tx, operation, { refundId: providerId, amount: amount ?? 0, reference, at, late });
  }

  answerFor(operation: OperationContext, providerId: string | null): RecordedAnswer {
    return createdAnswer('refund', orderIdOf(operation), providerId);
  }

  refused(tx: Transaction, operation: OperationContext, code: string | null): Promise<void> {
    return this.lifecycle.refused(tx, operation, code);
  }
}
