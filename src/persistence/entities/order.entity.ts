import { Column, Entity, ForeignKey, Index, PrimaryColumn, Unique } from 'typeorm';
import { minorUnits } from '../../money.js';
import { MerchantEntity } from './merchant.entity.js';
import { ProviderAccountEntity } from './provider-account.entity.js';

/**
 * An order as the provider tells it, pinned to the account it was made with. Takes whatever the provider says; what does not add up is
 * flagged in `anomaly`, never refused. Amounts are minor units of `currency`.
 */
@Entity('orders')
@Unique('orders_provider_account_id_provider_order_id_key', ['providerAccountId', 'providerOrderId'])
@Index('orders_by_provider_id', ['providerOrderId'])
// Sorted indexes, which TypeORM can't describe: the migration is their only source.
@Index('orders_by_time', { synchronize: false })
@Index('orders_by_status', { synchronize: false })
@Index('orders_by_reference1', { synchronize: false })
@Index('orders_by_reference2', { synchronize: false })
@Index('orders_learned_later', { synchronize: false })
@Index('orders_to_compare', ['providerAccountId', 'compareAt'], { where: 'compare_at IS NOT NULL' })
@Index('orders_by_subject', ['dataSubject'])
@Index('orders_expiring', { synchronize: false })
@Index('orders_unplanned', { synchronize: false })
@Index('orders_on_radar', { synchronize: false })
@Index('orders_to_refresh', ['refreshAt'], { where: 'refresh_at IS NOT NULL' })
export class OrderEntity {
  /** Ours. */
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'orders_pkey' })
  id!: string;

  @ForeignKey(() => MerchantEntity, { name: 'orders_merchant_id_fkey' })
  @Column('uuid', { name: 'merchant_id' })
  merchantId!: string;

  @ForeignKey(() => ProviderAccountEntity, { name: 'orders_provider_account_id_fkey' })
  @Column('uuid', { name: 'provider_account_id' })
  providerAccountId!: string;

  @Column('text')
  provider!: string;

  @Column('text', { name: 'provider_order_id' })
  providerOrderId!: string;

  @Column('uuid', { name: 'data_subject' })
  dataSubject!: string;

  /** The provider's word, for display and as a guard; null until first read at the provider. */
  @Column('text', { nullable: true })
  status!: string | null;

  @Column('text', { name: 'fraud_status', nullable: true })
  fraudStatus!: string | null;

  @Column('text', { nullable: true })
  currency!: string | null;

  @Column('bigint', { name: 'order_amount', nullable: true, transformer: minorUnits })
  orderAmount!: number | null;

  @Column('bigint', { name: 'original_order_amount', nullable: true, transformer: minorUnits })
  originalOrderAmount!: number | null;

  /** Sum of the captures known here, or what the provider said in a newer snapshot. */
  @Column('bigint', { name: 'captured_amount', default: 0, transformer: minorUnits })
  capturedAmount!: number;

  @Column('bigint', { name: 'refunded_amount', default: 0, transformer: minorUnits })
  refundedAmount!: number;

  /** What can still be captured; a refund gives nothing back to it. Null until known. */
  @Column('bigint', { name: 'remaining_authorized_amount', nullable: true, transformer: minorUnits })
  remainingAuthorizedAmount!: number | null;

  @Column('text', { name: 'merchant_reference1', nullable: true })
  merchantReference1!: string | null;

  @Column('text', { name: 'merchant_reference2', nullable: true })
  merchantReference2!: string | null;

  @Column('text', { name: 'klarna_reference', nullable: true })
  klarnaReference!: string | null;

  /** The last moment to capture, as last read. */
  @Column('timestamptz', { name: 'expires_at', nullable: true })
  expiresAt!: Date | null;

  /** When the provider made the order, else when it was first seen here. */
  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;

  @Column('timestamptz', { name: 'updated_at' })
  updatedAt!: Date;

  /** Start of the newest snapshot applied in full. */
  @Column('timestamptz', { name: 'read_at', nullable: true })
  readAt!: Date | null;

  /** When the order is to be read at the provider again; null: no need. */
  @Column('timestamptz', { name: 'refresh_at', nullable: true })
  refreshAt!: Date | null;

  /** Last number given out in the timeline; raised only under this row's lock. */
  @Column('bigint', { name: 'timeline_sequence', default: 0 })
  timelineSequence!: string;

  /** What the provider says that does not add up, for people. */
  @Column('text', { nullable: true })
  anomaly!: string | null;

  /** When the order is to be compared with the provider's at the latest; null: it is over. */
  @Column('timestamptz', { name: 'compare_at', nullable: true, default: () => "'1970-01-01 00:00:00+00'" })
  compareAt!: Date | null;

  /** Differences from the provider's order that were kept as ours and flagged, as long as they stand. */
  @Column('jsonb', { name: 'flagged_differences', nullable: true })
  flaggedDifferences!: unknown;

  /** created, late or adopted. */
  @Column('text', { default: 'created' })
  origin!: string;

  /** When it became known here. */
  @Column('timestamptz', { name: 'learned_at', nullable: true })
  learnedAt!: Date | null;

  /** When a capture or refund that was made elsewhere was last learned of. */
  @Column('timestamptz', { name: 'moved_elsewhere_at', nullable: true })
  movedElsewhereAt!: Date | null;

  /** When its order.created was told; null: it was not. Written by whoever tells of it. */
  @Column('timestamptz', { name: 'announced_at', nullable: true })
  announcedAt!: Date | null;

  /** The end of the authorization by which `radarAt` was set. */
  @Column('timestamptz', { name: 'radar_for', nullable: true })
  radarFor!: Date | null;

  /** When something is to be told of that end, or done about it; null: nothing more. */
  @Column('timestamptz', { name: 'radar_at', nullable: true })
  radarAt!: Date | null;

  /** The end that shops were last told of. */
  @Column('timestamptz', { name: 'expiring_told_for', nullable: true })
  expiringToldFor!: Date | null;

  /** How long before it; those for longer before count as told. */
  @Column('bigint', { name: 'expiring_told_ms', nullable: true, transformer: minorUnits })
  expiringToldMs!: number | null;

  /** The end that the service last asked to be moved. */
  @Column('timestamptz', { name: 'extension_for', nullable: true })
  extensionFor!: Date | null;

  /** asked, extended or refused. */
  @Column('text', { name: 'extension_state', nullable: true })
  extensionState!: string | null;

  /** Why it can't be extended. */
  @Column('text', { name: 'extension_code', nullable: true })
  extensionCode!: string | null;
}
