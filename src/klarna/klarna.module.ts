import { HttpModule } from '@nestjs/axios';
import { Module } from '@nestjs/common';
import { Settings } from '../config/settings.js';
import { Alerts } from '../telemetry/alerts.js';
import { Care } from './care.js';
import { CheckoutClient } from './checkout.client.js';
import { CustomerTokenClient } from './customer-token.client.js';
import { HostedPaymentPageClient } from './hosted-payment-page.client.js';
import { OrderManagementClient } from './order-management.client.js';
import { PaymentsClient } from './payments.client.js';
import { RetryPermits } from './retry-budget.js';
import { KlarnaTransport, TRANSPORT_LIMITS, type TransportLimits } from './transport.js';

/** Klarna's APIs, one client each, over one transport. The permits of the retry budget are the deployment's: whoever has a database gives them. */
@Module({
  imports: [HttpModule],
  providers: [
    {
      provide: TRANSPORT_LIMITS,
      inject: [Settings],
      useFactory: (settings: Settings): TransportLimits => ({ totalMs: settings.klarnaTimeoutMs }),
    },
    {
      provide: Care,
      inject: [Settings, Alerts, RetryPermits],
      useFactory: (settings: Settings, alerts: Alerts, permits: RetryPermits) =>
        new Care(
          {
            windowMs: settings.breakerWindowMs,
            calls: settings.breakerCalls,
            restMs: settings.breakerRestMs,
            floorPerSecond: settings.retryFloorPerSecond,
          },
          alerts,
          permits,
        ),
    },
    KlarnaTransport,
    PaymentsClient,
    CustomerTokenClient,
    CheckoutClient,
    OrderManagementClient,
    HostedPaymentPageClient,
  ],
  exports: [PaymentsClient, CustomerTokenClient, CheckoutClient, OrderManagementClient, HostedPaymentPageClient, Care],
})
export class KlarnaModule {}
