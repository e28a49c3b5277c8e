import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiExtraModels, ApiOkResponse, ApiOperation, ApiParam, ApiQuery, ApiTags } from '@nestjs/swagger';
import { CallerOf } from '../../http/caller.decorator.js';
import { OwnRefusals } from '../../http/documented.js';
import { CURSOR_QUERY, LIMIT_QUERY } from '../../http/list-parameters.js';
import type { Caller } from '../../merchants/caller.js';
import {
  CALLBACK_STATES,
  DELIVERY_STATES,
  DIRECTIONS,
  eventsQueryIn,
  NOTIFICATION_TYPES,
  notificationsQueryIn,
} from './notifications-query.js';
import {
  IncomingNotification,
  NOTIFICATION_SCHEMA,
  NotificationEventList,
  NotificationPage,
  OutgoingNotificationWithAttempts,
} from './notifications.dto.js';
import { NotificationsService } from './notifications.service.js';

const TIME_SCHEMA = { type: 'string', format: 'date-time' } as const;
const ORDER_WORDS = "This service's id of the order, or the provider's";

@ApiTags('Notifications')
@Controller('notifications')
export class NotificationsController {
  constructor(private readonly notifications: NotificationsService) {}

  @ApiOperation({
    summary: 'Search what was told to the shop and what the provider told, newest first',
    description: 'Dead letters: `state=dead`. Each is shown with its attempts by `GET /notifications/{notification_id}`.',
  })
  @ApiQuery(CURSOR_QUERY)
  @ApiQuery(LIMIT_QUERY)
  @ApiQuery({ name: 'created_to', required: false, schema: TIME_SCHEMA, description: 'Exclusive.' })
  @ApiQuery({ name: 'created_from', required: false, schema: TIME_SCHEMA, description: 'Inclusive.' })
  @ApiQuery({
    name: 'endpoint_id',
    required: false,
    schema: { type: 'string', format: 'uuid' },
    description: 'Only messages to this endpoint.',
  })
  @ApiQuery({
    name: 'state',
    required: false,
    isArray: true,
    schema: { type: 'array', items: { type: 'string', enum: [...DELIVERY_STATES, ...CALLBACK_STATES] } },
    description: `Repeated, or separated by commas. Of messages: ${DELIVERY_STATES.join(', ')}; of callbacks: ${CALLBACK_STATES.join(', ')}.`,
  })
  @ApiQuery({
    name: 'type',
    required: false,
    enum: NOTIFICATION_TYPES,
    description: "A type of event; or an entry of `merchant_urls`: the provider's callbacks to it, and what was passed on of them.",
  })
  @ApiQuery({ name: 'order_id', required: false, type: String, description: `${ORDER_WORDS}.` })
  @ApiQuery({ name: 'direction', required: false, enum: DIRECTIONS, description: 'out: to the shop; in: from the provider.' })
  @ApiOkResponse({ type: NotificationPage })
  @OwnRefusals('BAD_VALUE')
  @Get()
  list(@CallerOf() caller: Caller, @Query() query: Record<string, unknown>): Promise<NotificationPage> {
    return this.notifications.list(caller, notificationsQueryIn(query));
  }

  @ApiOperation({
    summary: 'Read the events of an order, by sequence',
    description:
      'For a shop that missed some: the sequence has no gaps, so everything after the last one that it knows is what it missed. An event appears only after all with smaller sequences.',
  })
  @ApiQuery(LIMIT_QUERY)
  @ApiQuery({ name: 'after_sequence', required: false, schema: { type: 'integer', minimum: 0, default: 0 }, description: 'Exclusive.' })
  @ApiQuery({
    name: 'order_id',
    required: true,
    type: String,
    description: `${ORDER_WORDS}; or this service's id of what else the events are about (a session, a checkout, a customer token, an operation).`,
  })
  @ApiOkResponse({ type: NotificationEventList })
  @OwnRefusals('BAD_VALUE', 'NO_SUCH_ORDER')
  @Get('events')
  events(@CallerOf() caller: Caller, @Query() query: Record<string, unknown>): Promise<NotificationEventList> {
    return this.notifications.events(caller, eventsQueryIn(query));
  }

  @ApiOperation({ summary: 'Read a message with its attempts, or a callback' })
  @ApiParam({ name: 'notification_id', schema: { type: 'string', format: 'uuid' }, description: 'Of the message or callback.' })
  @ApiExtraModels(OutgoingNotificationWithAttempts, IncomingNotification)
  @ApiOkResponse({ schema: NOTIFICATION_SCHEMA })
  @OwnRefusals('NOT_FOUND')
  @Get(':notification_id')
  read(@CallerOf() caller: Caller, @Param('notification_id') id: string): Promise<OutgoingNotificationWithAttempts | IncomingNotification> {
    return this.notifications.read(caller, id);
  }
}
