import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import { ProviderAccountEntity } from './provider-account.entity.js';

const PRIMARY_KEY = 'retry_budgets_pkey';

/** Permits for calls that the service makes by itself while an API is sick; touched only then. */
@Entity('retry_budgets')
export class RetryBudgetEntity {
  @ForeignKey(() => ProviderAccountEntity, { name: 'retry_budgets_provider_account_id_fkey' })
  @PrimaryColumn('uuid', { name: 'provider_account_id', primaryKeyConstraintName: PRIMARY_KEY })
  providerAccountId!: string;

  @PrimaryColumn('text', { primaryKeyConstraintName: PRIMARY_KEY })
  api!: string;

  /** Permits from a tenth of callers' first attempts; negative: overdrawn. */
  @Column('double precision')
  share!: number;

  /** Permits from the floor. */
  @Column('double precision')
  base!: number;

  @Column('timestamptz', { name: 'refilled_at' })
  refilledAt!: Date;

  /** When a process last saw for itself that the API is sick. */
  @Column('timestamptz', { name: 'sick_at' })
  sickAt!: Date;
}
