import { Module } from '@nestjs/common';
import { Cursors } from '../http/cursors.js';
import { KlarnaModule } from '../klarna/klarna.module.js';
import { MerchantsModule } from '../merchants/merchants.module.js';
import { OperationsModule } from '../operations/operations.module.js';
import { CheckoutOrdersRepository } from '../persistence/repositories/checkout-orders.repository.js';
import { CustomerTokensRepository } from '../persistence/repositories/customer-tokens.repository.js';
import { LaneStateRepository } from '../persistence/repositories/lane-state.repository.js';
import { MovementsRepository } from '../persistence/repositories/movements.repository.js';
import { ExpiryRepository } from '../persistence/repositories/expiry.repository.js';
import { OrdersRepository } from '../persistence/repositories/orders.repository.js';
import { ExpiryRadar } from './expiry-radar.js';
import { ExtensionPolicy } from './extension-policy.js';
import { OrderComparisons } from './order-comparisons.js';
import { OrderLifecycle } from './order-lifecycle.js';
import { OrderReader } from './order-reader.js';
import { OrderRefresher } from './order-refresher.js';
import { OrdersController } from './orders.controller.js';
import { OrdersService } from './orders.service.js';

/** The life of orders: what operations and reads make of them, and the API that shows them. */
@Module({
  imports: [KlarnaModule, MerchantsModule, OperationsModule],
  controllers: [OrdersController],
  providers: [
    OrdersRepository,
    CheckoutOrdersRepository,
    MovementsRepository,
    LaneStateRepository,
    CustomerTokensRepository,
    OrderLifecycle,
    OrderReader,
    OrderRefresher,
    OrderComparisons,
    ExpiryRepository,
    ExtensionPolicy,
    ExpiryRadar,
    OrdersService,
    Cursors,
  ],
  exports: [
    ...[OrdersRepository, CheckoutOrdersRepository, MovementsRepository, CustomerTokensRepository, LaneStateRepository],
    ExpiryRepository,
    ...[OrderLifecycle, OrderReader],
  ],
})
export class OrdersModule {}
