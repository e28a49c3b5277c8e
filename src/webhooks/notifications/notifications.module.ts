import { Module } from '@nestjs/common';
import { Cursors } from '../../http/cursors.js';
import { NotificationEndpointsRepository } from '../../persistence/repositories/notification-endpoints.repository.js';
import { NotificationListRepository } from '../../persistence/repositories/notification-list.repository.js';
import { NotificationReplaysRepository } from '../../persistence/repositories/notification-replays.repository.js';
import { OrdersRepository } from '../../persistence/repositories/orders.repository.js';
import { DeliveriesModule } from '../deliveries/deliveries.module.js';
import { EndpointsController } from './endpoints.controller.js';
import { EndpointsService } from './endpoints.service.js';
import { NotificationResources } from './notification-resources.js';
import { NotificationScopes } from './notification-scope.js';
import { NotificationsController } from './notifications.controller.js';
import { NotificationsService } from './notifications.service.js';
import { ReplaysController } from './replays.controller.js';
import { ReplaysService } from './replays.service.js';
import { SigningSecretController } from './signing-secret.controller.js';
import { SigningSecretService } from './signing-secret.service.js';

/** Where shops want to be told, what they were told, and how to be told again. */
@Module({
  imports: [DeliveriesModule],
  // Before the list: its `:notification_id` would take their names for ids.
  controllers: [EndpointsController, SigningSecretController, ReplaysController, NotificationsController],
  providers: [
    ...[NotificationEndpointsRepository, NotificationListRepository, NotificationReplaysRepository, OrdersRepository],
    ...[Cursors, NotificationScopes, NotificationResources],
    ...[EndpointsService, SigningSecretService, NotificationsService, ReplaysService],
  ],
})
export class NotificationsModule {}
