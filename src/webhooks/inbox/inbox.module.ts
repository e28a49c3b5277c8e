import { Module, type OnModuleInit } from '@nestjs/common';
import { OperationsModule } from '../../operations/operations.module.js';
import { OrdersModule } from '../../orders/orders.module.js';
import { CallbackPurchases } from '../../persistence/repositories/callback-purchases.repository.js';
import { CallbacksRepository } from '../../persistence/repositories/callbacks.repository.js';
import { DeliveriesRepository } from '../../persistence/repositories/deliveries.repository.js';
import { QueueModule } from '../../queue/queue.module.js';
import { ShopAddresses } from '../looks/shop-addresses.js';
import { HooksModule } from '../hooks/hooks.module.js';
import { CallbackOrders } from './callback-orders.js';
import { CallbackRegistry } from './callback-registry.js';
import { CallbackRetention } from './callback-retention.js';
import { CallbackWork } from './callback-work.js';
import { Inbox } from './inbox.js';
import { InboxRoute } from './inbox.route.js';
import { NotificationHandler } from './notification.handler.js';
import { OrderLooks } from './order-looks.js';
import { PushAcknowledgement } from './push-acknowledgement.js';
import { PushHandler } from './push.handler.js';
import { Questions } from './questions.js';
import { ShopLine } from './shop-line.js';

/** Klarna's callbacks: taken, kept, looked at. Other entries than push and notification are known to the features that register them. */
@Module({
  imports: [HooksModule, OperationsModule, OrdersModule, QueueModule],
  providers: [
    ...[CallbacksRepository, CallbackPurchases, DeliveriesRepository],
    ...[InboxRoute, Inbox, Questions, CallbackWork, CallbackRetention, CallbackRegistry, OrderLooks, CallbackOrders, ShopLine],
    ...[PushHandler, PushAcknowledgement, NotificationHandler, ShopAddresses],
  ],
  exports: [CallbackRegistry, Questions, ShopAddresses, ShopLine, CallbackOrders, OrderLooks, CallbackWork],
})
export class InboxModule implements OnModuleInit {
  constructor(
    private readonly registry: CallbackRegistry,
    private readonly push: PushHandler,
    private readonly notification: NotificationHandler,
  ) {}

  onModuleInit(): void {
    this.registry.register(this.push);
    this.registry.register(this.notification);
  }
}
