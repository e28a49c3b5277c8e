import { ApiProperty } from '@nestjs/swagger';
import { OPERATION_STATES } from './operation.js';

const AMOUNT = { type: 'integer', format: 'int64' } as const;
const CURRENCY = {
  type: String,
  nullable: true,
  example: 'SEK',
  description: "The order's currency, ISO 4217; null while the order is not known here.",
} as const;

/** One line of a list: what an operation is, without its history. */
export class ListedOperation {
  @ApiProperty({ format: 'uuid', description: "This service's id of the operation." })
  id: string;

  @ApiProperty({ example: 'order-management.capture', description: 'What Klarna is asked to do: the API and the operation there.' })
  kind: string;

  @ApiProperty({
    enum: ['durable', 'bounded', 'interactive'],
    description:
      'How far it is followed. durable: to its end. bounded: sent while a caller waits, then only found out. interactive: while its caller waits.',
  })
  class: string;

  @ApiProperty({ enum: OPERATION_STATES, description: 'Where it stands; unknown: it may have happened, manual: a person has to decide.' })
  state: string;

  @ApiProperty({ nullable: true, type: String, description: "The provider's order id." })
  order_id: string | null;

  @ApiProperty({ nullable: true, type: String, description: "The merchant's number of it." })
  reference: string | null;

  @ApiProperty({
    ...AMOUNT,
    nullable: true,
    example: 2_500,
    description: 'What was asked for, in minor units; null where the kind names none.',
  })
  amount: number | null;

  @ApiProperty(CURRENCY)
  currency: string | null;

  @ApiProperty({ type: 'integer', description: 'How often it was tried.' })
  attempts: number;

  @ApiProperty({
    nullable: true,
    type: String,
    example: 'TIMEOUT',
    description: 'What the newest try came to: the provider’s code, or ours.',
  })
  last_code: string | null;

  @ApiProperty({
    nullable: true,
    type: String,
    format: 'date-time',
    description: 'When it is tried or looked at next; null when nothing is planned.',
  })
  next_attempt_at: string | null;

  @ApiProperty({ format: 'date-time', description: 'When it was accepted.' })
  created_at: string;

  @ApiProperty({ nullable: true, type: String, format: 'date-time', description: 'When it became final; null until then.' })
  finished_at: string | null;

  @ApiProperty({
    nullable: true,
    type: String,
    description: 'Why it ended without an answer, why it waits, or why a person has to look at it.',
  })
  reason: string | null;
}

export class OperationPage {
  @ApiProperty({ type: [ListedOperation], description: 'Newest first.' })
  items: ListedOperation[];

  @ApiProperty({ nullable: true, type: String, description: '`cursor` of the next page; null on the last one.' })
  next_cursor: string | null;
}

export class MoneyOfKind {
  @ApiProperty(CURRENCY)
  currency: string | null;

  @ApiProperty({ ...AMOUNT, example: 129_900, description: 'Sum of what was asked for, in minor units.' })
  amount: number;

  @ApiProperty({ type: 'integer', description: 'How many operations name an amount.' })
  operations: number;
}

export class CountOfKind {
  @ApiProperty({ example: 'order-management.capture', description: 'What Klarna is asked to do: the API and the operation there.' })
  kind: string;

  @ApiProperty({ type: 'integer', description: 'How many operations of this kind.' })
  count: number;

  @ApiProperty({ format: 'date-time', description: 'When the oldest of them was accepted.' })
  oldest_created_at: string;

  @ApiProperty({ description: 'There may be more: only so many of one state and kind are counted.' })
  capped: boolean;

  @ApiProperty({ type: [MoneyOfKind], description: 'By currency. Empty where the kind names no amount.' })
  amounts: MoneyOfKind[];
}

export class CountOfState {
  @ApiProperty({ enum: OPERATION_STATES, description: 'Which state is counted.' })
  state: string;

  @ApiProperty({ type: 'integer', description: 'How many operations of this state.' })
  count: number;

  @ApiProperty({
    nullable: true,
    type: String,
    format: 'date-time',
    description: 'When the oldest of them was accepted; null when there is none.',
  })
  oldest_created_at: string | null;

  @ApiProperty({ type: [CountOfKind], description: 'Amounts of different kinds do not add up: captures and refunds are apart.' })
  kinds: CountOfKind[];
}

/** Counts and money by state. Every unfinished operation counts; of the finished ones those that were accepted lately. */
export class OperationSummary {
  @ApiProperty({ format: 'date-time', description: 'When it was counted.' })
  as_of: string;

  @ApiProperty({ format: 'date-time', description: 'Finished operations count when they were accepted from this time on (24 hours ago).' })
  finished_since: string;

  @ApiProperty({ type: [CountOfState], description: 'Every state, also one without operations.' })
  states: CountOfState[];
}
