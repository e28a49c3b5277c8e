import { Module } from '@nestjs/common';
import { KlarnaModule } from '../klarna/klarna.module.js';
import { MerchantsModule } from '../merchants/merchants.module.js';
import { OperationsModule } from '../operations/operations.module.js';
import { OrdersModule } from '../orders/orders.module.js';
import { OrderAuthorizationsController } from './authorizations.controller.js';
import { OrderAuthorizationsService } from './authorizations.service.js';
import { CaptureChangesController } from './capture-changes.controller.js';
import { CaptureHandler } from './capture.handler.js';
import { CapturesController } from './captures.controller.js';
import { CapturesService } from './captures.service.js';
import { Effects } from './effects.js';
import { OrderChangeHandlers } from './order-change-handlers.js';
import { OrderReads } from './order-reads.js';
import { OrderTargets } from './order-targets.js';
import { OrderWrites } from './order-writes.js';
import { ManagedOrdersController } from './orders.controller.js';
import { ManagedOrdersService } from './orders.service.js';
import { RefundHandler } from './refund.handler.js';
import { RefundsController } from './refunds.controller.js';
import { RefundsService } from './refunds.service.js';
import { OrderSending } from './order-sending.js';
import { UnknownOrders } from './unknown-orders.js';

/** Klarna's Order Management API, in its own wire format. */
@Module({
  imports: [KlarnaModule, MerchantsModule, OperationsModule, OrdersModule],
  controllers: [ManagedOrdersController, OrderAuthorizationsController, CapturesController, CaptureChangesController, RefundsController],
  providers: [
    UnknownOrders,
    OrderTargets,
    OrderWrites,
    OrderReads,
    CapturesService,
    RefundsService,
    ManagedOrdersService,
    OrderAuthorizationsService,
    OrderSending,
    Effects,
    CaptureHandler,
    RefundHandler,
    OrderChangeHandlers,
  ],
})
export class OrderManagementModule {}
