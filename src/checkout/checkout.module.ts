import { Module, type OnModuleInit } from '@nestjs/common';
import { KlarnaModule } from '../klarna/klarna.module.js';
import { MerchantsModule } from '../merchants/merchants.module.js';
import { HandlerRegistry } from '../operations/handler-registry.js';
import { OperationsModule } from '../operations/operations.module.js';
import { OrdersModule } from '../orders/orders.module.js';
import { CustomerTokensRepository } from '../persistence/repositories/customer-tokens.repository.js';
import { HooksModule } from '../webhooks/hooks/hooks.module.js';
import { AbortCheckoutHandler } from './abort-checkout.handler.js';
import { CheckoutChange } from './checkout-change.js';
import { CheckoutKeeper } from './checkout-keeper.js';
import { CheckoutTargets } from './checkout-targets.js';
import { CheckoutController } from './checkout.controller.js';
import { CheckoutService } from './checkout.service.js';
import { CreateCheckoutHandler } from './create-checkout.handler.js';
import { QuestionsModule } from './questions/questions.module.js';
import { UpdateCheckoutHandler } from './update-checkout.handler.js';
import { LooksRepository } from '../persistence/repositories/looks.repository.js';
import { CheckoutSweeper } from './checkout-sweeper.js';

/** Klarna Checkout (Kustom's today): a cart becomes a snippet in the shop's page, and the shopper makes it an order there. */
@Module({
  imports: [QuestionsModule, KlarnaModule, MerchantsModule, OperationsModule, OrdersModule, HooksModule],
  controllers: [CheckoutController],
  providers: [
    ...[LooksRepository, CheckoutSweeper],
    CheckoutTargets,
    CheckoutKeeper,
    CustomerTokensRepository,
    CheckoutChange,
    CheckoutService,
    CreateCheckoutHandler,
    UpdateCheckoutHandler,
    AbortCheckoutHandler,
  ],
})
export class CheckoutModule implements OnModuleInit {
  constructor(
    private readonly registry: HandlerRegistry,
    private readonly create: CreateCheckoutHandler,
    private readonly update: UpdateCheckoutHandler,
    private readonly abort: AbortCheckoutHandler,
  ) {}

  onModuleInit(): void {
    for (const handler of [this.create, this.update, this.abort]) this.registry.register(handler);
  }
}
