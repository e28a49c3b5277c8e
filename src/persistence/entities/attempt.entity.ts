import { Check, Column, Entity, ForeignKey, PrimaryColumn, Unique } from 'typeorm';
import { OperationEntity } from './operation.entity.js';

/** One try of an operation, with its answer. Evidence: appended, and completed once; never fenced, never rewritten. */
@Entity('attempts')
@Unique('attempts_operation_id_number_key', ['operationId', 'number'])
@Check('attempts_outcome_check', `outcome IN ('succeeded', 'rejected', 'configuration', 'retry', 'unknown')`)
export class AttemptEntity {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'attempts_pkey' })
  id!: string;

  @ForeignKey(() => OperationEntity, { name: 'attempts_operation_id_fkey' })
  @Column('uuid', { name: 'operation_id' })
  operationId!: string;

  /** From 1, without gaps. */
  @Column('integer')
  number!: number;

  /** Generation of the provider key it was sent with. */
  @Column('integer')
  generation!: number;

  @Column('integer')
  fence!: number;

  @Column('timestamptz', { name: 'started_at' })
  startedAt!: Date;

  /** Null while the call is under way, or for ever when its process died. */
  @Column('timestamptz', { name: 'ended_at', nullable: true })
  endedAt!: Date | null;

  @Column('text', { nullable: true })
  outcome!: string | null;

  /** A success that names no id, or is not what the provider sends. */
  @Column('boolean', { default: false })
  garbled!: boolean;

  @Column('integer', { nullable: true })
  status!: number | null;

  @Column('jsonb', { nullable: true })
  headers!: Record<string, string> | null;

  /** Sealed. */
  @Column('bytea', { nullable: true })
  answer!: Buffer | null;

  /** The provider's id of what was made. */
  @Column('text', { name: 'provider_id', nullable: true })
  providerId!: string | null;

  @Column('text', { nullable: true })
  code!: string | null;

  @Column('text', { nullable: true })
  reason!: string | null;

  @Column('text', { name: 'correlation_id', nullable: true })
  correlationId!: string | null;
}
