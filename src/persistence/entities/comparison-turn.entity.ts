import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import { ProviderAccountEntity } from './provider-account.entity.js';

/** Whose turn it is to compare an account's orders: shares one quota among all processes. */
@Entity('comparison_turns')
export class ComparisonTurnEntity {
  @ForeignKey(() => ProviderAccountEntity, { name: 'comparison_turns_provider_account_id_fkey' })
  @PrimaryColumn('uuid', { name: 'provider_account_id', primaryKeyConstraintName: 'comparison_turns_pkey' })
  providerAccountId!: string;

  /** On Postgres' clock: until then no process takes further orders of this account. */
  @Column('timestamptz')
  until!: Date;
}
