import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import { DeliveryEntity } from './delivery.entity.js';

/** One try of a delivery. */
@Entity('delivery_attempts')
export class DeliveryAttemptEntity {
  @ForeignKey(() => DeliveryEntity, { name: 'delivery_attempts_delivery_id_fkey', onDelete: 'CASCADE' })
  @PrimaryColumn('uuid', { name: 'delivery_id', primaryKeyConstraintName: 'delivery_attempts_pkey' })
  deliveryId!: string;

  @PrimaryColumn('integer', { primaryKeyConstraintName: 'delivery_attempts_pkey' })
  number!: number;

  @Column('timestamptz', { name: 'started_at' })
  startedAt!: Date;

  @Column('integer', { name: 'duration_ms', nullable: true })
  durationMs!: number | null;

  @Column('integer', { nullable: true })
  status!: number | null;

  /** Ours: TIMEOUT, ECONNREFUSED, FORBIDDEN_ADDRESS, ...; null: it was answered. */
  @Column('text', { nullable: true })
  code!: string | null;

  @Column('text', { nullable: true })
  reason!: string | null;
}
