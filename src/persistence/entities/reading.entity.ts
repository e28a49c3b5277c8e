import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { OperationEntity } from './operation.entity.js';

/** One look at the provider for the effect of an operation. Appended, never changed. */
@Entity('readings')
@Index('readings_of_operation', ['operationId', 'startedAt'])
@Check('readings_finding_check', `finding IN ('present', 'placed', 'absent', 'ambiguous', 'unreadable')`)
export class ReadingEntity {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'readings_pkey' })
  id!: string;

  @ForeignKey(() => OperationEntity, { name: 'readings_operation_id_fkey' })
  @Column('uuid', { name: 'operation_id' })
  operationId!: string;

  @Column('integer')
  generation!: number;

  @Column('timestamptz', { name: 'started_at' })
  startedAt!: Date;

  @Column('timestamptz', { name: 'ended_at' })
  endedAt!: Date;

  @Column('text')
  finding!: string;

  @Column('text', { name: 'provider_id', nullable: true })
  providerId!: string | null;

  /** Codes, ids and amounts. */
  @Column('jsonb')
  data!: Record<string, unknown>;
}
