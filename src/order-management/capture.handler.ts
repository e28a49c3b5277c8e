import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Settings } from '../config/settings.js';
import { OrderManagementClient } from '../klarna/order-management.client.js';
import { HandlerRegistry } from '../operations/handler-registry.js';
import type {
  Asked,
  Clearance,
  OperationContext,
  OperationHandler,
  ReadResult,
  SendCall,
  SendResult,
  Success,
} from '../operations/handler.js';
import type { RecordedAnswer } from '../operations/operation.js';
import { OrderLifecycle } from '../orders/order-lifecycle.js';
import type { Transaction } from '../persistence/database.js';
import { OVER } from '../persistence/repositories/stored-order.js';
import { Effects } from './effects.js';
import { createdAnswer } from './recorded-answers.js';
import { orderIdOf, OrderSending } from './order-sending.js';

/**
 * Captures part or all of an authorized order.
 * @see Order Management API v1, `POST /ordermanagement/v1/orders/{order_id}/captures`
 */
@Injectable()
export class CaptureHandler implements OperationHandler, OnModuleInit {
  readonly kind = 'order-management.capture';

  constructor(
    private readonly handlers: HandlerRegistry,
    private readonly klarna: OrderManagementClient,
    private readonly sending: OrderSending,
    private readonly effects: Effects,
    private readonly lifecycle: OrderLifecycle,
    private readonly settings: Settings,
  ) {}

  onModuleInit(): void {
    this.handlers.register(this);
  }

  send(call: SendCall): Promise<SendResult> {
    return this.sending.send(call, (account, orderId, extras) => this.klarna.capture(account, orderId, extras));
  }

  read(operation: OperationContext, firstSentAt: Date): Promise<ReadResult> {
    return this.effects.movement('capture', operation, firstSentAt);
  }

  /** By policy it waits while Klarna assesses the order. One that was asked for after a rejection is sent: its merchant takes the risk. */
  clearance(_: Transaction, { order, heldBack }: Asked): Clearance {
    if (!this.settings.holdCapturesWhilePending || order === null) return 'go';
    const open = order.status === null || !OVER.includes(order.status);
    if (order.fraudStatus === 'PENDING' && open) return { wait: 'order-pending' };
    return order.fraudStatus === 'REJECTED' && heldBack === 'order-pending' ? { withdraw: 'fraud-rejected' } : 'go';
  }

  async succeeded(tx: Transaction, operation: OperationContext, { providerId, at, late }: Success): Promise<void> {
    if (providerId === null) throw new Error(`Operation ${operation.id} succeeded without a capture id`);
    const { amount, reference } = operation;
    await this.lifecycle.captured(tx, operation, { captureId: providerId, amount: amount ?? 0, reference, at, late });
  }

  answerFor(operation: OperationContext, providerId: string | null): RecordedAnswer {
    return createdAnswer('capture', orderIdOf(operation), providerId);
  }

  refused(tx: Transaction, operation: OperationContext, code: string | null): Promise<void> {
    return this.lifecycle.refused(tx, operation, code);
  }
}
