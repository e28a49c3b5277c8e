import { Column, Entity, ForeignKey, PrimaryColumn, Unique } from 'typeorm';
import { minorUnits } from '../../money.js';
import { MerchantEntity } from './merchant.entity.js';
import { OrderEntity } from './order.entity.js';
import { ProviderAccountEntity } from './provider-account.entity.js';

/** A refund that the provider has made. A row exists exactly when its amount is counted in the order's `refunded_amount`. */
@Entity('refunds')
@Unique('refunds_order_id_provider_refund_id_key', ['orderId', 'providerRefundId'])
@Unique('refunds_operation_id_key', ['operationId'])
export class RefundEntity {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'refunds_pkey' })
  id!: string;

  @ForeignKey(() => OrderEntity, { name: 'refunds_order_id_fkey' })
  @Column('uuid', { name: 'order_id' })
  orderId!: string;

  @ForeignKey(() => MerchantEntity, { name: 'refunds_merchant_id_fkey' })
  @Column('uuid', { name: 'merchant_id' })
  merchantId!: string;

  @ForeignKey(() => ProviderAccountEntity, { name: 'refunds_provider_account_id_fkey' })
  @Column('uuid', { name: 'provider_account_id' })
  providerAccountId!: string;

  @Column('text', { name: 'provider_refund_id' })
  providerRefundId!: string;

  /** Minor units of the order's currency. */
  @Column('bigint', { nullable: true, transformer: minorUnits })
  amount!: number | null;

  @Column('text', { nullable: true })
  reference!: string | null;

  @Column('text', { nullable: true })
  description!: string | null;

  @Column('text', { name: 'klarna_reference', nullable: true })
  klarnaReference!: string | null;

  /** The provider's time; null until read there. */
  @Column('timestamptz', { name: 'refunded_at', nullable: true })
  refundedAt!: Date | null;

  /** The operation that caused it; null: made elsewhere, or not yet known to be ours. */
  @Column('uuid', { name: 'operation_id', nullable: true })
  operationId!: string | null;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;

  @Column('text', { nullable: true })
  anomaly!: string | null;
}
