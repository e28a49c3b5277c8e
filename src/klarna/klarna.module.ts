import { HttpModule } from '@nestjs/axios';
import { Module } from '@nestjs/common';
import { Settings } from '../config/settings.js';
import { OrderManagementClient } from './order-management.client.js';
import { PaymentsClient } from './payments.client.js';
import { KlarnaTransport, TRANSPORT_LIMITS, type TransportLimits } from './transport.js';

/** Klarna's APIs, one client each, over one transport. */
@Module({
  imports: [HttpModule],
  providers: [
    {
      provide: TRANSPORT_LIMITS,
      inject: [Settings],
      useFactory: (settings: Settings): TransportLimits => ({ totalMs: settings.klarnaTimeoutMs }),
    },
    KlarnaTransport,
    PaymentsClient,
    OrderManagementClient,
  ],
  exports: [PaymentsClient, OrderManagementClient],
})
export class KlarnaModule {}
