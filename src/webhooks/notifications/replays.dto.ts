import { ApiProperty } from '@nestjs/swagger';
import { Explained, Flag, OneOf, Text, TextList, WordList } from '../../http/fields.js';
import { NOTIFICATION_TYPES } from './notifications-query.js';

export const REPLAYED_STATES = ['dead', 'cancelled'] as const;
export const MOST_IDS = 1_000;

/** Which messages are to be sent again: those with the ids, or those that fit all the rest. At least one of these has to be named. */
@Explained()
export class ReplayRequest {
  @TextList({ min: 1, max: MOST_IDS, description: 'Ids of messages; without any of the other filters.' })
  ids?: string[] | null;

  @Text({ format: 'uuid', description: 'Messages to this endpoint.' })
  endpoint_id?: string | null;

  @Text({ min: 1, description: "Messages about this order: this service's id, or the provider's." })
  order_id?: string | null;

  @OneOf(NOTIFICATION_TYPES, { description: "Messages about events of this type; or the provider's callbacks to this entry, passed on." })
  type?: string | null;

  @Text({
    format: 'date-time',
    description:
      'Events from this time on, inclusive. Choose it some minutes before what is missing: an event bears the time of what happened, and may have been written a little later.',
    example: '2026-11-20T10:00:00Z',
  })
  from?: string | null;

  @Text({ format: 'date-time', description: 'Events before this time, exclusive.', example: '2026-11-20T11:00:00Z' })
  to?: string | null;

  @WordList(REPLAYED_STATES, { min: 1, max: REPLAYED_STATES.length, description: 'Messages in these states. Unless told: both.' })
  states?: string[] | null;

  @Flag({ description: 'Whether messages that were taken are sent again as well. Unless told: no.' })
  include_delivered?: boolean | null;
}

/** What was sent again. */
export class ReplayResult {
  @ApiProperty({ type: 'integer', description: 'How many messages are due now.' })
  replayed: number;

  @ApiProperty({
    type: 'integer',
    description:
      'How many are left as they are: their endpoint is removed or disabled, a newer authorization took their place, or what they said is erased. Of `ids` also those that are not there or in another state.',
  })
  skipped: number;
}
