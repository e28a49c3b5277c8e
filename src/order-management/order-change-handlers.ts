import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import { OrderManagementClient } from '../klarna/order-management.client.js';
import type { OperationHandler } from '../operations/handler.js';
import { HandlerRegistry } from '../operations/handler-registry.js';
import { OrderLifecycle } from '../orders/order-lifecycle.js';
import { ExpiryRepository } from '../persistence/repositories/expiry.repository.js';
import { Effects } from './effects.js';
import { ExtensionHandler } from './extension.handler.js';
import { OrderChangeHandler } from './order-change.handler.js';
import { type ChangeKind, ORDER_CHANGES } from './order-changes.js';
import { OrderSending } from './order-sending.js';

/** Registers a handler for each change of an order that Klarna answers with a bare 204. */
@Injectable()
export class OrderChangeHandlers implements OnModuleInit {
  constructor(
    private readonly handlers: HandlerRegistry,
    private readonly klarna: OrderManagementClient,
    private readonly sending: OrderSending,
    private readonly effects: Effects,
    private readonly lifecycle: OrderLifecycle,
    private readonly expiry: ExpiryRepository,
    private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    for (const kind of Object.keys(ORDER_CHANGES) as ChangeKind[]) this.handlers.register(this.handlerOf(kind));
  }

  handlerOf(kind: ChangeKind): OperationHandler {
    const { klarna, sending, effects, lifecycle } = this;
    const parts = { klarna, sending, effects, lifecycle };
    if (kind === 'order-management.extend-authorization') return new ExtensionHandler(parts, this.expiry, this.clock);
    return new OrderChangeHandler(kind, parts);
  }
}
