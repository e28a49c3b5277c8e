import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import { OrderEntity } from './order.entity.js';

const PRIMARY_KEY = 'timeline_pkey';

/** One thing that happened to an order. Numbers have no gaps per order; entries are never changed. */
@Entity('timeline')
export class TimelineEntity {
  @ForeignKey(() => OrderEntity, { name: 'timeline_order_id_fkey' })
  @PrimaryColumn('uuid', { name: 'order_id', primaryKeyConstraintName: PRIMARY_KEY })
  orderId!: string;

  @PrimaryColumn('bigint', { primaryKeyConstraintName: PRIMARY_KEY })
  sequence!: string;

  /** Business time at which it was learned. */
  @Column('timestamptz')
  at!: Date;

  @Column('text')
  type!: string;

  @Column('uuid', { name: 'operation_id', nullable: true })
  operationId!: string | null;

  /** Codes, ids and amounts; never names, addresses or tokens. */
  @Column('jsonb')
  data!: Record<string, unknown>;
}
