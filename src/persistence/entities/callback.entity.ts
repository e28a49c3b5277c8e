import { Column, Entity, ForeignKey, Index, PrimaryColumn, Unique } from 'typeorm';
import { HookEntity } from './hook.entity.js';
import { MerchantEntity } from './merchant.entity.js';
import { ProviderAccountEntity } from './provider-account.entity.js';

/** What the provider told an address of ours. A hint, never a fact. */
@Entity('callbacks')
@Unique('callbacks_hook_id_fingerprint_key', ['hookId', 'fingerprint'])
@Index('callbacks_due', ['nextAt'], { where: `next_at IS NOT NULL` })
@Index('callbacks_by_hook', ['hookId', 'receivedAt'])
@Index('callbacks_finished', ['finishedAt'], { where: 'finished_at IS NOT NULL' })
@Index('callbacks_by_merchant', ['merchantId', 'state', 'id'])
@Index('callbacks_by_entry', ['merchantId', 'entry', 'state', 'id'])
@Index('callbacks_by_merchant_order', ['merchantId', 'providerOrderId', 'id'])
@Index('callbacks_by_order', ['providerAccountId', 'providerOrderId'])
export class CallbackEntity {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'callbacks_pkey' })
  id!: string;

  @ForeignKey(() => HookEntity, { name: 'callbacks_hook_id_fkey' })
  @Column('uuid', { name: 'hook_id' })
  hookId!: string;

  @ForeignKey(() => MerchantEntity, { name: 'callbacks_merchant_id_fkey' })
  @Column('uuid', { name: 'merchant_id' })
  merchantId!: string;

  @ForeignKey(() => ProviderAccountEntity, { name: 'callbacks_provider_account_id_fkey' })
  @Column('uuid', { name: 'provider_account_id' })
  providerAccountId!: string;

  @Column('text')
  entry!: string;

  /** What was filled into the address or stands in the body; words of the provider's, not believed. */
  @Column('text', { name: 'provider_order_id', nullable: true })
  providerOrderId!: string | null;

  @Column('text', { name: 'provider_session_id', nullable: true })
  providerSessionId!: string | null;

  @Column('text', { name: 'event_type', nullable: true })
  eventType!: string | null;

  /** Sealed, as it came. */
  @Column('bytea', { nullable: true })
  body!: Buffer | null;

  /** HMAC of hook, ids and body: the same again is counted, not kept. */
  @Column('bytea')
  fingerprint!: Buffer;

  @Column('integer')
  repeats!: number;

  @Column('timestamptz', { name: 'received_at' })
  receivedAt!: Date;

  @Column('timestamptz', { name: 'last_received_at' })
  lastReceivedAt!: Date;

  /** Received | done | given-up. */
  @Column('text')
  state!: string;

  @Column('text', { nullable: true })
  result!: string | null;

  @Column('integer')
  attempts!: number;

  @Column('timestamptz', { name: 'next_at', nullable: true })
  nextAt!: Date | null;

  /** On Postgres' clock. */
  @Column('integer')
  fence!: number;

  @Column('timestamptz', { name: 'lease_until', nullable: true })
  leaseUntil!: Date | null;

  @Column('timestamptz', { name: 'finished_at', nullable: true })
  finishedAt!: Date | null;
}
