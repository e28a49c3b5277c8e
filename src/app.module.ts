import { Module, type DynamicModule } from '@nestjs/common';
import { CheckoutModule } from './checkout/checkout.module.js';
import { ClockModule } from './clock/clock.module.js';
import { ConfigModule } from './config/config.module.js';
import type { Settings } from './config/settings.js';
import { CustomerTokenModule } from './customer-token/customer-token.module.js';
import { HealthModule } from './health/health.module.js';
import { HostedPaymentPageModule } from './hosted-payment-page/hosted-payment-page.module.js';
import { HttpLayerModule } from './http/http.module.js';
import { RetryPermitsModule } from './merchants/shared-retry-permits.js';
import { OrderLinesModule } from './order-lines/order-lines.module.js';
import { OrderManagementModule } from './order-management/order-management.module.js';
import { OrdersModule } from './orders/orders.module.js';
import { PaymentsModule } from './payments/payments.module.js';
import { PersistenceModule } from './persistence/persistence.module.js';
import { QueueModule } from './queue/queue.module.js';
import { TelemetryModule } from './telemetry/telemetry.module.js';
import { BacklogModule } from './webhooks/backlog/backlog.module.js';
import { DeliveriesModule } from './webhooks/deliveries/deliveries.module.js';
import { EventsModule } from './webhooks/events/events.module.js';
import { HooksModule } from './webhooks/hooks/hooks.module.js';
import { InboxModule } from './webhooks/inbox/inbox.module.js';
import { NotificationsModule } from './webhooks/notifications/notifications.module.js';

/**
 * One program for every role: a worker has the same handlers as the api, because it finishes what the api began. What a role does not
 * do is decided where it would be done: the sweep (src/operations) and the routes that are served (src/boot).
 */
@Module({})
export class AppModule {
  static forRoot(settings: Settings): DynamicModule {
    const foundation = [ConfigModule.forRoot(settings), TelemetryModule, ClockModule, PersistenceModule, QueueModule, RetryPermitsModule];
    const klarna = [PaymentsModule, CustomerTokenModule, CheckoutModule, OrderManagementModule, HostedPaymentPageModule];
    const webhooks = [BacklogModule, DeliveriesModule, EventsModule, HooksModule, InboxModule, NotificationsModule];
    const features = [HttpLayerModule, HealthModule, OrderLinesModule, OrdersModule, ...webhooks, ...klarna];
    return { module: AppModule, imports: [...foundation, ...features] };
  }
}
