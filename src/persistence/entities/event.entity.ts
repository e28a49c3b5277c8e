import { Column, Entity, ForeignKey, Index, PrimaryColumn, Unique } from 'typeorm';
import { EventSubjectEntity } from './event-subject.entity.js';
import { MerchantEntity } from './merchant.entity.js';

/** Something that a merchant is told. Written in the transaction of what happened; never changed. */
@Entity('events')
@Unique('events_subject_sequence_key', ['subject', 'sequence'])
@Index('events_by_merchant', ['merchantId', 'id'])
@Index('events_by_order', ['orderId'])
@Index('events_by_operation', ['operationId'])
@Index('events_by_time', ['at'])
@Index('events_one_created', ['orderId'], { unique: true, where: `type = 'order.created'` })
export class EventEntity {
  /** Goes to receivers as webhook-id. */
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'events_pkey' })
  id!: string;

  @ForeignKey(() => MerchantEntity, { name: 'events_merchant_id_fkey' })
  @Column('uuid', { name: 'merchant_id' })
  merchantId!: string;

  @ForeignKey(() => EventSubjectEntity, { name: 'events_subject_fkey' })
  @Column('uuid')
  subject!: string;

  /** Without gaps per subject, in the order of the commits. */
  @Column('bigint')
  sequence!: string;

  @Column('text')
  type!: string;

  /** Our id; null while there is no order. */
  @Column('uuid', { name: 'order_id', nullable: true })
  orderId!: string | null;

  @Column('text', { name: 'provider_order_id', nullable: true })
  providerOrderId!: string | null;

  @Column('uuid', { name: 'operation_id', nullable: true })
  operationId!: string | null;

  @Column('timestamptz')
  at!: Date;

  /** Codes, ids and amounts in minor units; no names, no tokens. */
  @Column('jsonb')
  data!: Record<string, unknown>;

  /** Sealed members that join data when it is delivered (an authorization token). */
  @Column('bytea', { nullable: true })
  secret!: Buffer | null;
}
