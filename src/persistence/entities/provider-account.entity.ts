import { Column, Entity, ForeignKey, PrimaryColumn, Unique } from 'typeorm';

/** Credentials at one host of a provider. Orders stay pinned to the account they were made with. */
@Entity('provider_accounts')
@Unique('provider_accounts_provider_host_username_key', ['provider', 'host', 'username'])
export class ProviderAccountEntity {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'provider_accounts_pkey' })
  id!: string;

  @Column('text')
  provider!: string;

  /** Which provider this really is: a host name, or `simulator` whatever its port. */
  @Column('text')
  host!: string;

  @Column('text', { name: 'base_url' })
  baseUrl!: string;

  @Column('text')
  username!: string;

  /** Sealed. */
  @Column('bytea')
  secret!: Buffer;

  /** Since when calls fail without a success after them; the first success clears it. */
  @Column('timestamptz', { name: 'failing_since', nullable: true })
  failingSince!: Date | null;

  /** Set when the provider refused our credentials: waiting operations stay. */
  @Column('timestamptz', { name: 'paused_at', nullable: true })
  pausedAt!: Date | null;

  @Column('text', { name: 'pause_reason', nullable: true })
  pauseReason!: string | null;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;

  /** Since when the configuration names it no more; its secret is gone. */
  @Column('timestamptz', { name: 'retired_at', nullable: true })
  retiredAt!: Date | null;

  /** The account at the same host whose credentials serve what is pinned to this one; null: none is left there. */
  @ForeignKey(() => ProviderAccountEntity, { name: 'provider_accounts_successor_id_fkey' })
  @Column('uuid', { name: 'successor_id', nullable: true })
  successorId!: string | null;
}
