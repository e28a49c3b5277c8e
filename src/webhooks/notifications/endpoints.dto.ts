import { ApiProperty } from '@nestjs/swagger';
import { Explained, Flag, Text, WordList } from '../../http/fields.js';
import { EVENT_TYPES } from '../../persistence/repositories/events.repository.js';

const LONGEST_URL = 2_000;
const URL_WORDS =
  'Where events are sent to: https (http only to this machine, and only while the service has started its own Postgres). Private, loopback and link-local addresses are refused, unless in `NOTIFY_ALLOW_CIDRS`.';
const EVENTS_WORDS = 'Which types of events it gets. Null: all, also those that are yet to come.';
const STRICT_WORDS =
  "Whether the events of one order come strictly one after the other: the next one only when the one before was taken. Without it the newest state is told as soon as possible, and `data.sequence` tells the order. Waiting behind an event that is not taken costs that order's news, nobody else's.";
const EVENTS = { min: 1, max: EVENT_TYPES.length } as const;
const TIME = { type: String, format: 'date-time' } as const;

/** A new place where the merchant wants to be told of events. */
@Explained()
export class NewEndpointRequest {
  @Text({ required: true, min: 1, max: LONGEST_URL, format: 'uri', description: URL_WORDS, example: 'https://shop.example/klarna-events' })
  url: string;

  @WordList(EVENT_TYPES, { ...EVENTS, description: EVENTS_WORDS, example: ['order.created', 'order.captured'] })
  events?: string[] | null;

  @Flag({ description: STRICT_WORDS, example: false })
  strict_order?: boolean | null;
}

/** What is to become of an endpoint. What is not named stays. */
@Explained()
export class EndpointChangeRequest {
  @Text({ min: 1, max: LONGEST_URL, format: 'uri', description: URL_WORDS, example: 'https://shop.example/klarna-events' })
  url?: string | null;

  @WordList(EVENT_TYPES, { ...EVENTS, description: EVENTS_WORDS, example: ['order.captured'] })
  events?: string[] | null;

  @Flag({ description: STRICT_WORDS, example: true })
  strict_order?: boolean | null;

  @Flag({
    description:
      'true: nothing is sent to it, and what is due or comes meanwhile is cancelled; it can be replayed later. false: it is enabled again, and what is due is sent now.',
    example: false,
  })
  disabled?: boolean | null;
}

/** A place where the merchant is told of events. */
export class NotificationEndpoint {
  @ApiProperty({ format: 'uuid', description: "This service's id of the endpoint." })
  id: string;

  @ApiProperty({ description: URL_WORDS, example: 'https://shop.example/klarna-events' })
  url: string;

  @ApiProperty({ enum: EVENT_TYPES, isArray: true, nullable: true, description: EVENTS_WORDS })
  events: string[] | null;

  @ApiProperty({ description: STRICT_WORDS })
  strict_order: boolean;

  @ApiProperty({ description: 'Whether nothing is sent to it, and what is due for it is cancelled.' })
  disabled: boolean;

  @ApiProperty({
    type: String,
    enum: ['merchant', 'gone'],
    nullable: true,
    description: 'Why it is disabled. merchant: by request; gone: it answered 410. Null while it is enabled.',
  })
  disabled_reason: string | null;

  @ApiProperty({ ...TIME, nullable: true, description: 'Since when it is disabled; null while it is enabled.' })
  disabled_at: string | null;

  @ApiProperty({ ...TIME, nullable: true, description: 'Since when nothing that was sent to it was taken; null: the last one was.' })
  failing_since: string | null;

  @ApiProperty({ ...TIME, nullable: true, description: 'It fails, and nothing is sent to it until then; null: it is not left alone.' })
  rests_until: string | null;

  @ApiProperty({
    ...TIME,
    nullable: true,
    description: 'Until when messages are signed with the secret before this one, too; null when it was not exchanged lately.',
  })
  previous_secret_until: string | null;

  @ApiProperty({ ...TIME, description: 'When it was registered.' })
  created_at: string;

  @ApiProperty({ ...TIME, description: 'When it was last changed.' })
  updated_at: string;
}

/** The same with its secret, which is shown at its creation and at each exchange, and never again. */
export class NotificationEndpointWithSecret extends NotificationEndpoint {
  @ApiProperty({
    example: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=',
    description: 'Key of the signatures (Standard Webhooks): `whsec_` and 32 random bytes in base64. Shown now and never again.',
  })
  secret: string;
}

export class NotificationEndpointList {
  @ApiProperty({ type: [NotificationEndpoint], description: 'All of the merchant, newest first: at most 50.' })
  items: NotificationEndpoint[];
}
