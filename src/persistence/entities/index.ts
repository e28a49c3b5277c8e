import { ApiCredentialEntity } from './api-credential.entity.js';
import { AttemptEntity } from './attempt.entity.js';
import { CaptureEntity } from './capture.entity.js';
import { CheckoutOrderEntity } from './checkout-order.entity.js';
import { ComparisonTurnEntity } from './comparison-turn.entity.js';
import { CustomerTokenEntity } from './customer-token.entity.js';
import { HostedPageEntity } from './hosted-page.entity.js';
import { IdempotencyKeyEntity } from './idempotency-key.entity.js';
import { LaneEntity } from './lane.entity.js';
import { MerchantProviderAccountEntity } from './merchant-provider-account.entity.js';
import { MerchantEntity } from './merchant.entity.js';
import { OperationEntity } from './operation.entity.js';
import { OrderEntity } from './order.entity.js';
import { PaymentSessionEntity } from './payment-session.entity.js';
import { ProviderAccountEntity } from './provider-account.entity.js';
import { ProviderKeyEntity } from './provider-key.entity.js';
import { ReadingEntity } from './reading.entity.js';
import { RefundEntity } from './refund.entity.js';
import { ResolutionEntity } from './resolution.entity.js';
import { RetryBudgetEntity } from './retry-budget.entity.js';
import { TimelineEntity } from './timeline.entity.js';
import { EventSubjectEntity } from './event-subject.entity.js';
import { EventEntity } from './event.entity.js';
import { MerchantSigningSecretEntity } from './merchant-signing-secret.entity.js';
import { NotificationEndpointEntity } from './notification-endpoint.entity.js';
import { ReceiverEntity } from './receiver.entity.js';
import { DeliveryEntity } from './delivery.entity.js';
import { DeliveryAttemptEntity } from './delivery-attempt.entity.js';
import { HookEntity } from './hook.entity.js';
import { CallbackEntity } from './callback.entity.js';
import { AuthorizationEntity } from './authorization.entity.js';
import { LookTurnEntity } from './look-turn.entity.js';
import { QuestionAnswerEntity } from './question-answer.entity.js';

/** Every entity, listed explicitly: TypeORM finds nothing by file name. */
export const entities = [
  MerchantEntity,
  ApiCredentialEntity,
  ProviderAccountEntity,
  MerchantProviderAccountEntity,
  PaymentSessionEntity,
  CustomerTokenEntity,
  CheckoutOrderEntity,
  HostedPageEntity,
  OrderEntity,
  ComparisonTurnEntity,
  CaptureEntity,
  RefundEntity,
  TimelineEntity,
  OperationEntity,
  AttemptEntity,
  ReadingEntity,
  ResolutionEntity,
  IdempotencyKeyEntity,
  ProviderKeyEntity,
  LaneEntity,
  RetryBudgetEntity,
  EventSubjectEntity,
  EventEntity,
  MerchantSigningSecretEntity,
  NotificationEndpointEntity,
  ReceiverEntity,
  DeliveryEntity,
  DeliveryAttemptEntity,
  HookEntity,
  CallbackEntity,
  AuthorizationEntity,
  LookTurnEntity,
  QuestionAnswerEntity,
];
