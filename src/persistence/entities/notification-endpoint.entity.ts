import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { MerchantEntity } from './merchant.entity.js';

/** Where a merchant wants to be told. */
@Entity('notification_endpoints')
@Index('notification_endpoints_by_merchant', ['merchantId'])
export class NotificationEndpointEntity {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'notification_endpoints_pkey' })
  id!: string;

  @ForeignKey(() => MerchantEntity, { name: 'notification_endpoints_merchant_id_fkey' })
  @Column('uuid', { name: 'merchant_id' })
  merchantId!: string;

  @Column('text')
  url!: string;

  /** Null: all. */
  @Column('text', { array: true, nullable: true })
  events!: string[] | null;

  @Column('boolean', { name: 'strict_order' })
  strictOrder!: boolean;

  /** Sealed. */
  @Column('bytea')
  secret!: Buffer;

  @Column('bytea', { name: 'previous_secret', nullable: true })
  previousSecret!: Buffer | null;

  @Column('timestamptz', { name: 'previous_secret_until', nullable: true })
  previousSecretUntil!: Date | null;

  /** Counts addresses and enablings: what was attempted before decides nothing afterwards. */
  @Column('integer')
  version!: number;

  @Column('timestamptz', { name: 'disabled_at', nullable: true })
  disabledAt!: Date | null;

  /** Gone: it answered 410; merchant: disabled by request. */
  @Column('text', { name: 'disabled_reason', nullable: true })
  disabledReason!: string | null;

  @Column('timestamptz', { name: 'deleted_at', nullable: true })
  deletedAt!: Date | null;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;

  @Column('timestamptz', { name: 'updated_at' })
  updatedAt!: Date;
}
