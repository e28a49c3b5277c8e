import type { OrderManagementClient } from '../klarna/order-management.client.js';
import type { OperationContext, OperationHandler, ReadResult, SendCall, SendResult, Success } from '../operations/handler.js';
import type { RecordedAnswer } from '../operations/operation.js';
import { bareAnswer } from '../operations/recorded-answers.js';
import type { OrderLifecycle } from '../orders/order-lifecycle.js';
import type { Transaction } from '../persistence/database.js';
import type { Effects } from './effects.js';
import { type ChangeKind, ORDER_CHANGES } from './order-changes.js';
import type { OrderSending } from './order-sending.js';

/** What every change of an order is made with. */
export interface OrderChangeParts {
  klarna: OrderManagementClient;
  sending: OrderSending;
  effects: Effects;
  lifecycle: OrderLifecycle;
}

/** A change of an order that Klarna answers with a bare 204; what makes it different from others is in `order-changes.ts`. */
export class OrderChangeHandler implements OperationHandler {
  constructor(
    readonly kind: ChangeKind,
    private readonly parts: OrderChangeParts,
  ) {}

  send(call: SendCall): Promise<SendResult> {
    const { klarna, sending } = this.parts;
    return sending.send(call, (account, orderId, extras) => ORDER_CHANGES[this.kind].send(klarna, { account, orderId, extras, call }));
  }

  read(operation: OperationContext): Promise<ReadResult> {
    const change = ORDER_CHANGES[this.kind];
    return this.parts.effects.state(operation, (shown) => change.isReached(shown, operation), change.setsAnew === true);
  }

  succeeded(tx: Transaction, operation: OperationContext, { at, late }: Success): Promise<void> {
    return ORDER_CHANGES[this.kind].happened(this.parts.lifecycle, { tx, operation, learned: { at, late } });
  }

  answerFor(): RecordedAnswer {
    return bareAnswer(204);
  }

  refused(tx: Transaction, operation: OperationContext, code: string | null): Promise<void> {
    return this.parts.lifecycle.refused(tx, operation, code);
  }
}
