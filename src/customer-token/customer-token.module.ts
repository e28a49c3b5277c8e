import { Module, type OnModuleInit } from '@nestjs/common';
import { KlarnaModule } from '../klarna/klarna.module.js';
import { MerchantsModule } from '../merchants/merchants.module.js';
import { HandlerRegistry } from '../operations/handler-registry.js';
import { OperationsModule } from '../operations/operations.module.js';
import { OrdersModule } from '../orders/orders.module.js';
import { HooksModule } from '../webhooks/hooks/hooks.module.js';
import { AdoptedOrdersRepository } from './adopted-orders.repository.js';
import { CreateTokenOrderHandler } from './create-order.handler.js';
import { CustomerTokensController } from './customer-tokens.controller.js';
import { CustomerTokensService } from './customer-tokens.service.js';
import { TokenReader } from './token-reader.js';
import { TokenTargets } from './token-targets.js';
import { UpdateTokenStatusHandler } from './update-status.handler.js';

/** Klarna's Customer Token API, in its own wire format: charges without the shopper. */
@Module({
  imports: [KlarnaModule, MerchantsModule, OperationsModule, OrdersModule, HooksModule],
  controllers: [CustomerTokensController],
  providers: [AdoptedOrdersRepository, TokenReader, TokenTargets, CustomerTokensService, CreateTokenOrderHandler, UpdateTokenStatusHandler],
})
export class CustomerTokenModule implements OnModuleInit {
  constructor(
    private readonly registry: HandlerRegistry,
    private readonly createOrder: CreateTokenOrderHandler,
    private readonly updateStatus: UpdateTokenStatusHandler,
  ) {}

  onModuleInit(): void {
    for (const handler of [this.createOrder, this.updateStatus]) this.registry.register(handler);
  }
}
