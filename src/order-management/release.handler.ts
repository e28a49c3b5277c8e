import { Injectable, type OnModuleInit } from '@nestjs/common';
import { OrderManagementClient } from '../klarna/order-management.client.js';
import { HandlerRegistry } from '../operations/handler-registry.js';
import type { OperationContext, OperationHandler, ReadResult, SendCall, SendResult, Success } from '../operations/handler.js';
import type { RecordedAnswer } from '../operations/operation.js';
import { OrderLifecycle } from '../orders/order-lifecycle.js';
import type { Transaction } from '../persistence/database.js';
import { Effects } from './effects.js';
import { isReleased } from './reached-states.js';
import { doneAnswer } from './recorded-answers.js';
import { OrderSending } from './order-sending.js';

/**
 * Lets go of what was authorized and not captured.
 * @see Order Management API v1, `POST /ordermanagement/v1/orders/{order_id}/release-remaining-authorization`
 */
@Injectable()
export class ReleaseHandler implements OperationHandler, OnModuleInit {
  readonly kind = 'order-management.release';

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
    return this.sending.send(call, (account, orderId, extras) => this.klarna.release(account, orderId, extras));
  }

  read(operation: OperationContext): Promise<ReadResult> {
    return this.effects.state(operation, isReleased);
  }

  succeeded(tx: Transaction, operation: OperationContext, { at, late }: Success): Promise<void> {
    return this.lifecycle.released(tx, operation, { at, late });
  }

  answerFor(): RecordedAnswer {
    return doneAnswer();
  }

  refused(tx: Transaction, operation: OperationContext, code: string | null): Promise<void> {
    return this.lifecycle.refused(tx, operation, code);
  }
}
