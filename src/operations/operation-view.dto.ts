import { ApiProperty } from '@nestjs/swagger';
import { OrderLinesCheck } from '../order-lines/check.dto.js';
import { FINAL_STATES, OPERATION_STATES } from './operation.js';

/** The answer that the caller got, or would have got. */
export class AnswerView {
  @ApiProperty({ type: 'integer', example: 201, description: 'HTTP status of the answer.' })
  status: number;

  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'string' },
    description: 'The headers that belong to the answer, such as the id of what was made.',
    example: { 'Capture-Id': '4ba29b50-be7b-44f5-a492-113e6a865e22' },
  })
  headers: Record<string, string>;

  @ApiProperty({
    nullable: true,
    type: 'object',
    additionalProperties: true,
    description: "The provider's JSON, or its text when it is none.",
  })
  body: unknown;
}

/** One try, one look at the provider, or a person's word. */
export class EvidenceView {
  @ApiProperty({
    enum: ['attempt', 'reading', 'resolution'],
    description: "attempt: it was sent. reading: the provider was looked at. resolution: a person's word.",
  })
  type: 'attempt' | 'reading' | 'resolution';

  @ApiProperty({ format: 'date-time', description: 'When it began.' })
  started_at: string;

  @ApiProperty({
    format: 'date-time',
    nullable: true,
    type: String,
    description: 'When it ended; null while it is under way, or for ever when its process died.',
  })
  ended_at: string | null;

  @ApiProperty({
    nullable: true,
    type: String,
    description:
      'Of an attempt: succeeded, rejected, configuration (credentials), retry (certainly did not happen) or unknown (may have happened); null while it is under way, or for ever when its process died. Of a reading: present, placed, absent, ambiguous or unreadable. Of a resolution: succeeded, rejected or new_key.',
  })
  outcome: string | null;

  @ApiProperty({ nullable: true, type: 'integer', description: "The status of the provider's answer; null without one." })
  status: number | null;

  @ApiProperty({ nullable: true, type: String, description: "The provider's error code, or ours, such as TIMEOUT." })
  code: string | null;

  @ApiProperty({ nullable: true, type: String, description: "Of an attempt: the provider's words or ours; of a resolution: the person's." })
  reason: string | null;

  @ApiProperty({ nullable: true, type: String, description: 'The id of the capture, refund or order that was made, found or named.' })
  provider_id: string | null;

  @ApiProperty({
    nullable: true,
    type: 'object',
    additionalProperties: true,
    description:
      'Of a reading: what was seen, as codes, ids, states and amounts (minor units); `candidates` are the ids that could be the effect.',
  })
  data: Record<string, unknown> | null;

  @ApiProperty({ nullable: true, type: String, description: "What Klarna's support asks for." })
  correlation_id: string | null;

  @ApiProperty({ nullable: true, type: 'integer', description: 'Generation of the idempotency key; null for a resolution.' })
  generation: number | null;
}

export class OutcomeView {
  @ApiProperty({ example: 'It did not happen, and is not to be tried again.', description: 'What has to be true for this choice.' })
  when: string;

  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'string' },
    description: 'The body for `POST /operations/{id}/resolve`.',
    example: { outcome: 'rejected', reason: 'Not in the merchant portal.' },
  })
  request: Record<string, string>;

  @ApiProperty({ description: 'What becomes of the operation then.' })
  consequence: string;
}

/** What a person who has to decide needs to read. `GET /operations/{id}/explanation` has the same as a page of text. */
export class ExplanationView {
  @ApiProperty({ description: 'What it is about, in one line.' })
  title: string;

  @ApiProperty({ type: [String], description: 'What is known of it, one sentence each.' })
  known: string[];

  @ApiProperty({ type: [String], description: 'What could not be found out.' })
  not_known: string[];

  @ApiProperty({ type: [String], description: 'What to look at, and where, before deciding.' })
  to_do: string[];

  @ApiProperty({ type: [OutcomeView], description: 'What can be decided, each with what to send and what comes of it.' })
  outcomes: OutcomeView[];
}

/** A durable intent and what became of it. */
export class OperationView {
  @ApiProperty({ format: 'uuid', description: "This service's id of the operation." })
  id: string;

  @ApiProperty({ example: 'order-management.capture', description: 'What Klarna is asked to do: the API and the operation there.' })
  kind: string;

  @ApiProperty({
    nullable: true,
    type: String,
    example: 'expiry',
    description: 'Why this service asks for it by itself; null: a caller did.',
  })
  purpose: string | null;

  @ApiProperty({
    enum: ['durable', 'bounded', 'interactive'],
    description:
      'How far it is followed. durable: to its end. bounded: sent while a caller waits, then only found out. interactive: while its caller waits.',
  })
  class: string;

  @ApiProperty({ enum: OPERATION_STATES, description: `Final: ${FINAL_STATES.join(', ')}.` })
  state: string;

  @ApiProperty({ nullable: true, type: String, description: "The provider's order id." })
  order_id: string | null;

  @ApiProperty({ nullable: true, type: String, description: 'The operation of the same order that has to be settled first.' })
  blocked_by: string | null;

  @ApiProperty({ type: 'integer', description: 'How often it was tried.' })
  attempts: number;

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

  @ApiProperty({ nullable: true, type: AnswerView, description: 'The answer of record; null while there is none.' })
  answer: AnswerView | null;

  @ApiProperty({
    nullable: true,
    type: String,
    description:
      'Why it ended without an answer, why a person has to look at it, or why it waits although nothing blocks it (order-pending: the provider has not decided on the order).',
  })
  reason: string | null;

  @ApiProperty({
    nullable: true,
    type: OrderLinesCheck,
    description:
      'What is wrong with the order lines, when Klarna refused them with BAD_VALUE; null otherwise, and once the bodies are erased.',
  })
  order_lines_check: OrderLinesCheck | null;

  @ApiProperty({
    nullable: true,
    type: String,
    format: 'date-time',
    description: 'Since when the bodies of its request and answers are erased; status and headers stay.',
  })
  bodies_erased_at: string | null;

  @ApiProperty({ nullable: true, type: ExplanationView, description: 'In the state `manual`: what is known and what a person can do.' })
  explanation: ExplanationView | null;

  @ApiProperty({ type: [EvidenceView], description: "Every try, every look and every person's word, oldest first." })
  history: EvidenceView[];
}
