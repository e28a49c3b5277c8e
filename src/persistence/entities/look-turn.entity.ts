import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import { ProviderAccountEntity } from './provider-account.entity.js';

/** Whose turn it is to look at an account's sessions, pages or checkouts: shares one quota of each among all processes. */
@Entity('look_turns')
export class LookTurnEntity {
  @ForeignKey(() => ProviderAccountEntity, { name: 'look_turns_provider_account_id_fkey' })
  @PrimaryColumn('uuid', { name: 'provider_account_id', primaryKeyConstraintName: 'look_turns_pkey' })
  providerAccountId!: string;

  /** The table: `payment_sessions`, `hosted_pages`, `checkout_orders`. */
  @PrimaryColumn('text', { primaryKeyConstraintName: 'look_turns_pkey' })
  kind!: string;

  /** On Postgres' clock: until then no process takes further ones of this account. */
  @Column('timestamptz')
  until!: Date;
}
