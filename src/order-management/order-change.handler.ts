import { Injectable, type OnModuleInit } from '@nestjs/common';
import { OrderManagementClient } from '../klarna/order-management.client.js';
import { HandlerRegistry } from '../operations/handler-registry.js';
import type { OperationContext, OperationHandler, ReadResult, SendCall, SendResult, Success } from '../operations/handler.js';
import type { RecordedAnswer } from '../operations/operation.js';
import { bareAnswer } from '../operations/recorded-answers.js';
import { OrderLifecycle } from '../orders/order-lifecycle.js';
import type { Transaction } from '../persistence/database.js';
import { Effects } from './effects.js';
import { type ChangeKind, ORDER_CHANGES } from './order-changes.js';
import { OrderSending } from './order-sending.js';

/** Registers a handler for each change of an order that Klarna answers with a bare 204; they differ in what `order-changes.ts` says. */
@Injectable()
export class OrderChangeHandlers implements OnModuleInit {
  constructor(
    private readonly handlers: HandlerRegistry,
    private readonly klarna: OrderManagementClient,
    private readonly sending: OrderSending,
    private readonly effects: Effects,
    private readonly lifecycle: OrderLifecycle,
  ) {}

  onModuleInit(): void {
    for (const kind of Object.keys(ORDER_CHANGES) as ChangeKind[]) this.handlers.register(this.handlerOf(kind));
  }

  handlerOf(kind: ChangeKind): OperationHandler {
    return new OrderChangeHandler(kind, this.klarna, this.sending, this.effects, this.lifecycle);
  }
}

class OrderChangeHandler implements OperationHandler {
  constructor(
    readonly kind: ChangeKind,
    private readonly klarna: OrderManagementClient,
    private readonly sending: OrderSending,
    private readonly effects: Effects,
    private readonly lifecycle: OrderLifecycle,
  ) {}

  send(call: SendCall): Promise<SendResult> {
    return this.sending.send(call, (account, orderId, extras) =>
      ORDER_CHANGES[this.kind].send(this.klarna, { account, orderId, extras, call }),
    );
  }

  read(operation: OperationContext): Promise<ReadResult> {
    const change = ORDER_CHANGES[this.kind];
    return this.effects.state(operation, (shown) => change.isReached(shown, operation), change.setsAnew === true);
  }

  succeeded(tx: Transaction, operation: OperationContext, { at, late }: Success): Promise<void> {
    return ORDER_CHANGES[this.kind].happened(this.lifecycle, { tx, operation, learned: { at, late } });
  }

  answerFor(): RecordedAnswer {
    return bareAnswer(204);
  }

  refused(tx: Transaction, operation: OperationContext, code: string | null): Promise<void> {
    return this.lifecycle.refused(tx, operation, code);
  }
}
