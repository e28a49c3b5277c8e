import { Module, type OnModuleInit } from '@nestjs/common';
import { KlarnaModule } from '../klarna/klarna.module.js';
import { MerchantsModule } from '../merchants/merchants.module.js';
import { HandlerRegistry } from '../operations/handler-registry.js';
import { OperationsModule } from '../operations/operations.module.js';
import { OrdersModule } from '../orders/orders.module.js';
import { SessionsRepository } from '../persistence/repositories/sessions.repository.js';
import { HooksModule } from '../webhooks/hooks/hooks.module.js';
import { AuthorizationsController } from './authorizations.controller.js';
import { AuthorizationsRepository } from './authorizations.repository.js';
import { CancelAuthorizationHandler } from './cancel-authorization.handler.js';
import { CreateCustomerTokenHandler } from './create-customer-token.handler.js';
import { CreateOrderHandler } from './create-order.handler.js';
import { CreateSessionHandler } from './create-session.handler.js';
import { PaymentsService } from './payments.service.js';
import { SessionReader } from './session-reader.js';
import { SessionTargets } from './session-targets.js';
import { SessionsController } from './sessions.controller.js';
import { UpdateSessionHandler } from './update-session.handler.js';
import { LooksRepository } from '../persistence/repositories/looks.repository.js';
import { InboxModule } from '../webhooks/inbox/inbox.module.js';
import { CallbackRegistry } from '../webhooks/inbox/callback-registry.js';
import { OperationEnds } from '../webhooks/inbox/operation-ends.js';
import { AuthorizationCallbackHandler } from './authorization-callback.handler.js';
import { AuthorizationNews } from './authorization-news.js';
import { SessionSweeper } from './session-sweeper.js';

/** Klarna Payments: a cart becomes a session, the shopper's authorization becomes an order. */
@Module({
  imports: [KlarnaModule, MerchantsModule, OperationsModule, OrdersModule, HooksModule, InboxModule],
  controllers: [SessionsController, AuthorizationsController],
  providers: [
    ...[LooksRepository, OperationEnds, AuthorizationCallbackHandler, AuthorizationNews, SessionSweeper],
    SessionsRepository,
    AuthorizationsRepository,
    SessionReader,
    SessionTargets,
    PaymentsService,
    CreateSessionHandler,
    UpdateSessionHandler,
    CreateOrderHandler,
    CreateCustomerTokenHandler,
    CancelAuthorizationHandler,
  ],
})
export class PaymentsModule implements OnModuleInit {
  constructor(
    private readonly registry: HandlerRegistry,
    private readonly callbacks: CallbackRegistry,
    private readonly callbackHandler: AuthorizationCallbackHandler,
    private readonly createSession: CreateSessionHandler,
    private readonly updateSession: UpdateSessionHandler,
    private readonly createOrder: CreateOrderHandler,
    private readonly createCustomerToken: CreateCustomerTokenHandler,
    private readonly cancelAuthorization: CancelAuthorizationHandler,
  ) {}

  onModuleInit(): void {
    this.callbacks.register(this.callbackHandler);
    const { createSession, updateSession, createOrder, createCustomerToken, cancelAuthorization } = this;
    for (const handler of [createSession, updateSession, createOrder, createCustomerToken, cancelAuthorization])
      this.registry.register(handler);
  }
}
