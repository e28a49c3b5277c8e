import { Module, type OnModuleInit } from '@nestjs/common';
import { KlarnaModule } from '../klarna/klarna.module.js';
import { MerchantsModule } from '../merchants/merchants.module.js';
import { HandlerRegistry } from '../operations/handler-registry.js';
import { OperationsModule } from '../operations/operations.module.js';
import { OrdersModule } from '../orders/orders.module.js';
import { SessionsRepository } from '../persistence/repositories/sessions.repository.js';
import { HooksModule } from '../webhooks/hooks/hooks.module.js';
import { CreatePageHandler } from './create-page.handler.js';
import { DisablePageHandler } from './disable-page.handler.js';
import { DistributePageHandler } from './distribute-page.handler.js';
import { HostedPagesRepository } from './hosted-pages.repository.js';
import { HostedPaymentPageService } from './hosted-payment-page.service.js';
import { PageReader } from './page-reader.js';
import { PageTargets } from './page-targets.js';
import { PagesController } from './pages.controller.js';
import { Purchases } from './purchases.js';
import { LooksRepository } from '../persistence/repositories/looks.repository.js';
import { InboxModule } from '../webhooks/inbox/inbox.module.js';
import { CallbackRegistry } from '../webhooks/inbox/callback-registry.js';
import { OperationEnds } from '../webhooks/inbox/operation-ends.js';
import { PageLooks } from './page-looks.js';
import { PageSweeper } from './page-sweeper.js';
import { StatusUpdateHandler } from './status-update.handler.js';

/** Klarna's own page, on which a shopper pays for a payment session or a checkout order. */
@Module({
  imports: [KlarnaModule, MerchantsModule, OperationsModule, OrdersModule, HooksModule, InboxModule],
  controllers: [PagesController],
  providers: [
    ...[LooksRepository, OperationEnds, PageLooks, PageSweeper, StatusUpdateHandler],
    SessionsRepository,
    HostedPagesRepository,
    Purchases,
    PageReader,
    PageTargets,
    HostedPaymentPageService,
    CreatePageHandler,
    DisablePageHandler,
    DistributePageHandler,
  ],
})
export class HostedPaymentPageModule implements OnModuleInit {
  constructor(
    private readonly registry: HandlerRegistry,
    private readonly callbacks: CallbackRegistry,
    private readonly callbackHandler: StatusUpdateHandler,
    private readonly createPage: CreatePageHandler,
    private readonly disablePage: DisablePageHandler,
    private readonly distributePage: DistributePageHandler,
  ) {}

  onModuleInit(): void {
    this.callbacks.register(this.callbackHandler);
    for (const handler of [this.createPage, this.disablePage, this.distributePage]) this.registry.register(handler);
  }
}
