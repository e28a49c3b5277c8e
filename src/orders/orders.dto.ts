import { ApiProperty } from '@nestjs/swagger';
import { ORDER_STATUSES } from './list-queries.js';

const AMOUNT = { type: 'integer', format: 'int64' } as const;
const TIME = { type: String, format: 'date-time' } as const;
const OPERATION = {
  type: String,
  format: 'uuid',
  nullable: true,
  description: 'The operation that caused it; null when it was made elsewhere (the merchant portal, another system).',
} as const;

/** A capture of an order. */
export class OrderCapture {
  @ApiProperty({ example: '4ba29b50-be7b-44f5-a492-113e6a865e22', description: "The provider's id of the capture." })
  capture_id: string;

  @ApiProperty({
    ...AMOUNT,
    nullable: true,
    example: 4_000,
    description: 'What was captured, in minor units; null for the moment until it is known.',
  })
  captured_amount: number | null;

  @ApiProperty({ type: String, nullable: true, example: 'shipment-1', description: "The merchant's number of it." })
  reference: string | null;

  @ApiProperty({ ...TIME, nullable: true, description: "The provider's time; null for the moment until it was read there." })
  captured_at: string | null;

  @ApiProperty(OPERATION)
  operation_id: string | null;
}

/** A refund of an order. */
export class OrderRefund {
  @ApiProperty({ example: 'b2cb4f2e-2781-4359-80ad-555735ebb8d8', description: "The provider's id of the refund." })
  refund_id: string;

  @ApiProperty({
    ...AMOUNT,
    nullable: true,
    example: 1_500,
    description: 'What was given back, in minor units; null for the moment until it is known.',
  })
  refunded_amount: number | null;

  @ApiProperty({ type: String, nullable: true, example: 'return-1', description: "The merchant's number of it." })
  reference: string | null;

  @ApiProperty({ ...TIME, nullable: true, description: "The provider's time; null for the moment until it was read there." })
  refunded_at: string | null;

  @ApiProperty(OPERATION)
  operation_id: string | null;
}

/** What came of extending the authorization of an order. */
export class OrderExtension {
  @ApiProperty({
    enum: ['asked', 'extended', 'refused'],
    description:
      'asked: this service has asked for it. extended: the provider did. refused: it can not be; this service does not ask again.',
  })
  state: string;

  @ApiProperty({
    type: String,
    nullable: true,
    example: 'NOT_ALLOWED',
    description: "Why it was refused: the provider's code, or TOO_OLD (the order is older than 180 days); null otherwise.",
  })
  code: string | null;
}

/** An order as this service knows it. Amounts in minor units of `currency`. */
export class Order {
  @ApiProperty({ format: 'uuid', description: "This service's id." })
  id: string;

  @ApiProperty({ example: 'klarna', description: 'Where the order was placed.' })
  provider: string;

  @ApiProperty({
    example: 'f3392f8b-6116-4073-ab96-e330819e2c07',
    description: "The provider's id of the order, with which its routes name it.",
  })
  provider_order_id: string;

  @ApiProperty({ enum: ORDER_STATUSES, nullable: true, description: "The provider's word; null until it was first read there." })
  status: string | null;

  @ApiProperty({ type: String, nullable: true, example: 'ACCEPTED', description: 'ACCEPTED, PENDING (hold the goods) or REJECTED.' })
  fraud_status: string | null;

  @ApiProperty({ type: String, nullable: true, example: 'SEK', description: 'ISO 4217; null until the order was first read.' })
  currency: string | null;

  @ApiProperty({
    ...AMOUNT,
    nullable: true,
    example: 10_000,
    description: 'What is authorized, with what was captured of it, in minor units; null until it is known.',
  })
  order_amount: number | null;

  @ApiProperty({ ...AMOUNT, example: 4_000, description: 'Sum of the captures, in minor units.' })
  captured_amount: number;

  @ApiProperty({ ...AMOUNT, example: 1_500, description: 'Sum of the refunds, in minor units.' })
  refunded_amount: number;

  @ApiProperty({ ...AMOUNT, nullable: true, example: 6_000, description: 'What can still be captured, in minor units.' })
  remaining_authorized_amount: number | null;

  @ApiProperty({
    type: String,
    nullable: true,
    example: '10001',
    description: "The merchant's number for the order, shown to the shopper.",
  })
  merchant_reference1: string | null;

  @ApiProperty({ type: String, nullable: true, description: "Another number of the merchant's." })
  merchant_reference2: string | null;

  @ApiProperty({ ...TIME, nullable: true, description: 'The last moment to capture.' })
  expires_at: string | null;

  @ApiProperty({ type: OrderExtension, nullable: true, description: 'Of its authorization; null while none was asked for.' })
  extension: OrderExtension | null;

  @ApiProperty({ ...TIME, description: 'When the order was placed.' })
  created_at: string;

  @ApiProperty({ ...TIME, description: 'When this copy last changed.' })
  updated_at: string;

  @ApiProperty({
    enum: ['created', 'late', 'adopted'],
    description:
      'How it became known here. created: placed through this service; late: so, too, but its caller had got an error before that was known; adopted: it was at the provider, placed by another system.',
  })
  origin: string;

  @ApiProperty({ ...TIME, nullable: true, description: 'When it became known here.' })
  learned_at: string | null;

  @ApiProperty({
    ...TIME,
    nullable: true,
    description: 'When a capture or refund that was made elsewhere was last learned of; they are those without an `operation_id`.',
  })
  moved_elsewhere_at: string | null;

  @ApiProperty({ type: [OrderCapture], description: 'Oldest first.' })
  captures: OrderCapture[];

  @ApiProperty({ type: [OrderRefund], description: 'Oldest first.' })
  refunds: OrderRefund[];
}

/** Money that was authorized, not captured, and is about to be lost. */
export class MoneyAtRisk {
  @ApiProperty({ type: String, nullable: true, example: 'SEK', description: "The orders' currency, ISO 4217." })
  currency: string | null;

  @ApiProperty({ ...AMOUNT, example: 129_900, description: 'Sum of what can still be captured, in minor units.' })
  amount: number;

  @ApiProperty({ type: 'integer', description: 'How many orders that is.' })
  orders: number;
}

export class OrderPage {
  @ApiProperty({ type: [Order], description: 'Newest first; with `expiring_within` the soonest end first.' })
  items: Order[];

  @ApiProperty({ type: String, nullable: true, description: 'Gives the next page, with the same parameters; null on the last.' })
  next_cursor: string | null;

  @ApiProperty({
    type: [MoneyAtRisk],
    required: false,
    description: 'With `expiring_within`: what all matches come to, by currency, not only those of this page.',
  })
  at_risk?: MoneyAtRisk[];
}

/** Something that happened to an order. */
export class OrderEvent {
  @ApiProperty({ type: 'integer', description: 'From 1, without gaps.', example: 2 })
  sequence: number;

  @ApiProperty({ ...TIME, description: 'When it happened, or became known here.' })
  at: string;

  @ApiProperty({ example: 'order.captured', description: 'What happened; new words may come.' })
  type: string;

  @ApiProperty({ ...OPERATION, description: 'The operation that it came from, if any.' })
  operation_id: string | null;

  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    description: 'Codes, ids and amounts in minor units.',
    example: {
      capture_id: '4ba29b50-be7b-44f5-a492-113e6a865e22',
      amount: 4_000,
      captured_amount: 4_000,
      remaining_authorized_amount: 6_000,
    },
  })
  data: Record<string, unknown>;
}

export class OrderTimeline {
  @ApiProperty({ type: [OrderEvent], description: 'Oldest first.' })
  items: OrderEvent[];

  @ApiProperty({ type: String, nullable: true, description: 'Gives the next page; null on the last.' })
  next_cursor: string | null;
}

const VALUE = { oneOf: [{ type: 'string' }, { type: 'integer', format: 'int64' }], nullable: true };

/** A field in which our order and the provider's differed. */
export class OrderDifference {
  @ApiProperty({ example: 'captured_amount', description: 'As in the order; a capture or refund is `captures.{capture_id}`.' })
  field: string;

  @ApiProperty({ ...VALUE, example: 4_000, description: 'Before the comparison; null: it was not known here.' })
  ours: string | number | null;

  @ApiProperty({ ...VALUE, example: 6_000, description: 'Null: the provider does not show it.' })
  klarna: string | number | null;

  @ApiProperty({ enum: ['adopted', 'flagged'], description: "adopted: ours is now the provider's. flagged: ours was kept; look into it." })
  resolution: string;
}

/** What a comparison of an order with the provider's came to. */
export class Reconciliation {
  @ApiProperty({ type: Order, description: 'After the comparison.' })
  order: Order;

  @ApiProperty({ ...TIME, description: 'When the provider was asked.' })
  checked_at: string;

  @ApiProperty({
    enum: ['equal', 'adopted', 'flagged', 'unsettled'],
    description:
      'equal: no difference. adopted: differences, ours is now as the provider shows it. flagged: at least one was kept. unsettled: an operation of this order is open or moved meanwhile, or the provider does not show yet what it has confirmed; what may come of that was not judged.',
  })
  outcome: string;

  @ApiProperty({ type: [OrderDifference], description: 'Every field in which they differed; empty when they were equal.' })
  differences: OrderDifference[];
}
