import { ApiExtraModels, ApiProperty, getSchemaPath } from '@nestjs/swagger';
import { CALLBACK_STATES, DELIVERY_STATES } from './notifications-query.js';

const ID = { type: String, format: 'uuid' } as const;
const TIME = { type: String, format: 'date-time' } as const;
const ORDER_ID = { ...ID, nullable: true, description: "This service's id of the order; null while there is none, or none is known here." };
const PROVIDER_ORDER_ID = { type: String, nullable: true, description: "The provider's id of the order." } as const;

/** The event that a message tells of. */
export class NotifiedEvent {
  @ApiProperty({ ...ID, description: 'The same in every message about it: `webhook-id`.' })
  id: string;

  @ApiProperty({ example: 'order.captured', description: 'What happened; new words may come.' })
  type: string;

  @ApiProperty({ type: 'integer', example: 2, description: 'From 1, without gaps, of all events about the same order.' })
  sequence: number;

  @ApiProperty({ ...TIME, description: 'When it happened, or became known here.' })
  at: string;
}

/** A message to a receiver of the shop. */
export class OutgoingNotification {
  @ApiProperty({ ...ID, description: "This service's id of the message to this receiver." })
  id: string;

  @ApiProperty({ enum: ['out'], description: 'Always out: to the shop.' })
  direction: 'out';

  @ApiProperty({
    enum: DELIVERY_STATES,
    description:
      'due: still tried. delivered: answered with 2xx. dead: not taken within 7 days. cancelled: the endpoint is gone, disabled or removed, or something newer took its place.',
  })
  state: string;

  @ApiProperty({ type: String, nullable: true, description: 'Why it was given up or cancelled; null else.' })
  reason: string | null;

  @ApiProperty({
    type: NotifiedEvent,
    nullable: true,
    description: 'What it tells of; null: a callback of the provider, passed on or told in its place.',
  })
  event: NotifiedEvent | null;

  @ApiProperty({
    type: String,
    nullable: true,
    example: 'push',
    description:
      "Which of the provider's callbacks is passed on, or did not come and is told in its place: the entry of `merchant_urls`; null: none.",
  })
  entry: string | null;

  @ApiProperty({ ...ID, nullable: true, description: 'The callback that is passed on: `GET /notifications/{id}`; null: none.' })
  callback_id: string | null;

  @ApiProperty(ORDER_ID)
  order_id: string | null;

  @ApiProperty(PROVIDER_ORDER_ID)
  provider_order_id: string | null;

  @ApiProperty({ ...ID, nullable: true, description: "The endpoint that it is for; null: a URL of the shop's own from `merchant_urls`." })
  endpoint_id: string | null;

  @ApiProperty({
    type: String,
    nullable: true,
    example: 'shop.example',
    description: "Host of the shop's own URL; null for an endpoint, and when the URL has been erased.",
  })
  url_host: string | null;

  @ApiProperty({ type: 'integer', description: 'How often it was tried.' })
  attempts: number;

  @ApiProperty({ ...TIME, nullable: true, description: 'When it is tried next; null when nothing is planned.' })
  next_attempt_at: string | null;

  @ApiProperty({ ...TIME, description: 'When it became due first.' })
  created_at: string;

  @ApiProperty({ ...TIME, nullable: true, description: 'When it was taken or given up; null until then.' })
  ended_at: string | null;
}

/** Something that the provider told this service. */
export class IncomingNotification {
  @ApiProperty({ ...ID, description: "This service's id of the callback." })
  id: string;

  @ApiProperty({ enum: ['in'], description: 'Always in: from the provider.' })
  direction: 'in';

  @ApiProperty({
    enum: CALLBACK_STATES,
    description: 'received: still to be looked into. done: looked into. given-up: what it named could not be read at the provider.',
  })
  state: string;

  @ApiProperty({ example: 'push', description: 'The entry of `merchant_urls` that was called.' })
  entry: string;

  @ApiProperty({ type: String, nullable: true, description: 'What came of it, in one word; null until it was looked into.' })
  result: string | null;

  @ApiProperty({ type: String, nullable: true, example: 'FRAUD_RISK_ACCEPTED', description: "The provider's word in its body, if any." })
  event_type: string | null;

  @ApiProperty(ORDER_ID)
  order_id: string | null;

  @ApiProperty(PROVIDER_ORDER_ID)
  provider_order_id: string | null;

  @ApiProperty({ type: String, nullable: true, description: "The provider's id of the session, where the callback is about one." })
  provider_session_id: string | null;

  @ApiProperty({ type: 'integer', description: 'How often it came again, exactly the same.' })
  repeats: number;

  @ApiProperty({ type: 'integer', description: 'How often it was looked into.' })
  attempts: number;

  @ApiProperty({ ...TIME, nullable: true, description: 'When it is looked into next; null when nothing is planned.' })
  next_attempt_at: string | null;

  @ApiProperty({ ...TIME, description: 'When it came first.' })
  received_at: string;

  @ApiProperty({ ...TIME, description: 'When it came last.' })
  last_received_at: string;

  @ApiProperty({ ...TIME, nullable: true, description: 'When it was looked into, or given up; null until then.' })
  ended_at: string | null;
}

/** One try to hand a message over. */
export class NotificationAttempt {
  @ApiProperty({ type: 'integer', description: 'From 1; a replay goes on counting.' })
  number: number;

  @ApiProperty({ ...TIME, description: 'When it began.' })
  at: string;

  @ApiProperty({ type: 'integer', nullable: true, description: 'HTTP status of the answer; null when there was none.' })
  status: number | null;

  @ApiProperty({ type: 'integer', nullable: true, description: 'How long it took, in ms; null while it runs, or when its process died.' })
  duration_ms: number | null;

  @ApiProperty({
    type: String,
    nullable: true,
    example: 'TIMEOUT',
    description: 'Why there was no answer, in one word; null: there was one.',
  })
  code: string | null;

  @ApiProperty({ type: String, nullable: true, description: 'The same, for people; never what was answered.' })
  reason: string | null;
}

export class OutgoingNotificationWithAttempts extends OutgoingNotification {
  @ApiProperty({ type: [NotificationAttempt], description: 'Every try, oldest first.' })
  history: NotificationAttempt[];
}

export type Notification = OutgoingNotification | IncomingNotification;

/** Either direction, in a schema. */
export const NOTIFICATION_SCHEMA = {
  oneOf: [{ $ref: getSchemaPath(OutgoingNotificationWithAttempts) }, { $ref: getSchemaPath(IncomingNotification) }],
};

@ApiExtraModels(OutgoingNotification, IncomingNotification, OutgoingNotificationWithAttempts)
export class NotificationPage {
  @ApiProperty({
    type: 'array',
    items: { oneOf: [{ $ref: getSchemaPath(OutgoingNotification) }, { $ref: getSchemaPath(IncomingNotification) }] },
    description: 'Newest first, both directions in one.',
  })
  items: Notification[];

  @ApiProperty({ type: String, nullable: true, description: 'Gives the next page, with the same parameters; null on the last.' })
  next_cursor: string | null;
}

/** An event, as endpoints get it, with its id. */
export class NotificationEvent {
  @ApiProperty({ ...ID, description: 'The `webhook-id` of the messages about it.' })
  id: string;

  @ApiProperty({ example: 'order.captured', description: 'What happened; new words may come.' })
  type: string;

  @ApiProperty({ ...TIME, description: 'When it happened, or became known here.' })
  timestamp: string;

  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    description: '`order_id`, `provider_order_id`, `sequence`, and codes, ids and amounts in minor units.',
    example: {
      order_id: '0193a0f2-6b0e-7c4d-9a51-2f1f6a3f8d10',
      provider_order_id: 'f3392f8b-6116-4073-ab96-e330819e2c07',
      sequence: 2,
      capture_id: '4ba29b50-be7b-44f5-a492-113e6a865e22',
      amount: 4_000,
    },
  })
  data: Record<string, unknown>;
}

export class NotificationEventList {
  @ApiProperty({ type: [NotificationEvent], description: 'By sequence, without gaps.' })
  items: NotificationEvent[];

  @ApiProperty({ type: 'integer', nullable: true, description: '`after_sequence` of the next page; null when there is no more for now.' })
  next_after_sequence: number | null;
}
