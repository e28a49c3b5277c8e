import { Module } from '@nestjs/common';
import { KlarnaModule } from '../klarna/klarna.module.js';
import { MerchantsModule } from '../merchants/merchants.module.js';
import { OperationsModule } from '../operations/operations.module.js';
import { OrdersModule } from '../orders/orders.module.js';
import { CancelHandler } from './cancel.handler.js';
import { CaptureHandler } from './capture.handler.js';
import { CapturesController } from './captures.controller.js';
import { CapturesService } from './captures.service.js';
import { Effects } from './effects.js';
import { OrderReads } from './order-reads.js';
import { OrderTargets } from './order-targets.js';
import { OrderWrites } from './order-writes.js';
import { ManagedOrdersController } from './orders.controller.js';
import { ManagedOrdersService } from './orders.service.js';
import { RefundHandler } from './refund.handler.js';
import { RefundsController } from './refunds.controller.js';
import { RefundsService } from './refunds.service.js';
import { ReleaseHandler } from './release.handler.js';
import { OrderSending } from './order-sending.js';
import { UnknownOrders } from './unknown-orders.js';

/** Klarna's Order Management API, in its own wire format. */
@Module({
  imports: [KlarnaModule, MerchantsModule, OperationsModule, OrdersModule],
  controllers: [ManagedOrdersController, CapturesController, RefundsController],
  providers: [
    UnknownOrders,
    OrderTargets,
    OrderWrites,
    OrderReads,
    CapturesService,
    RefundsService,
    ManagedOrdersService,
    OrderSending,
    Effects,
    CaptureHandler,
    RefundHandler,
    CancelHandler,
    ReleaseHandler,
  ],
})
export class OrderManagementModule {}
