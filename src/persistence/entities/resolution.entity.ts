import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { OperationEntity } from './operation.entity.js';

/** A person's word on an operation that the rules could not settle. Appended, never changed. */
@Entity('resolutions')
@Index('resolutions_of_operation', ['operationId', 'at'])
@Check('resolutions_outcome_check', `outcome IN ('succeeded', 'rejected', 'new_key')`)
export class ResolutionEntity {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'resolutions_pkey' })
  id!: string;

  @ForeignKey(() => OperationEntity, { name: 'resolutions_operation_id_fkey' })
  @Column('uuid', { name: 'operation_id' })
  operationId!: string;

  @Column('timestamptz')
  at!: Date;

  @Column('text')
  outcome!: string;

  /** The capture, refund or order that was found at the provider. */
  @Column('text', { name: 'provider_id', nullable: true })
  providerId!: string | null;

  @Column('text')
  reason!: string;
}
