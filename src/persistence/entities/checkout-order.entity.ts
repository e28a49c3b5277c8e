import { Column, Entity, ForeignKey, Index, PrimaryColumn, Unique } from 'typeorm';
import { minorUnits } from '../../money.js';
import { MerchantEntity } from './merchant.entity.js';
import { OperationEntity } from './operation.entity.js';
import { ProviderAccountEntity } from './provider-account.entity.js';

/** A checkout order as the provider last showed it, pinned to the account it was made with. */
@Entity('checkout_orders')
@Unique('checkout_orders_provider_account_id_provider_order_id_key', ['providerAccountId', 'providerOrderId'])
@Index('checkout_orders_by_provider_id', ['providerOrderId'])
@Index('checkout_orders_to_look', ['providerAccountId', 'lookAt'], { where: 'look_at IS NOT NULL' })
@Index('checkout_orders_by_subject', ['dataSubject'])
@Index('checkout_orders_by_operation', ['operationId'])
export class CheckoutOrderEntity {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'checkout_orders_pkey' })
  id!: string;

  @ForeignKey(() => MerchantEntity, { name: 'checkout_orders_merchant_id_fkey' })
  @Column('uuid', { name: 'merchant_id' })
  merchantId!: string;

  @ForeignKey(() => ProviderAccountEntity, { name: 'checkout_orders_provider_account_id_fkey' })
  @Column('uuid', { name: 'provider_account_id' })
  providerAccountId!: string;

  @Column('text', { name: 'provider_order_id' })
  providerOrderId!: string;

  /** Whose data this is: the later unit of erasure, handed on to the order. */
  @Column('uuid', { name: 'data_subject' })
  dataSubject!: string;

  /** The operation that made it, or a second one when both of its calls did; null: met at the provider. */
  @ForeignKey(() => OperationEntity, { name: 'checkout_orders_operation_id_fkey' })
  @Column('uuid', { name: 'operation_id', nullable: true })
  operationId!: string | null;

  /** In lower case, whatever case the provider writes it in. */
  @Column('text')
  status!: string;

  @Column('text', { name: 'purchase_country', nullable: true })
  purchaseCountry!: string | null;

  @Column('text', { name: 'purchase_currency', nullable: true })
  purchaseCurrency!: string | null;

  /** Minor units of the purchase currency. */
  @Column('bigint', { name: 'order_amount', nullable: true, transformer: minorUnits })
  orderAmount!: number | null;

  /** Minor units of the purchase currency. */
  @Column('bigint', { name: 'order_tax_amount', nullable: true, transformer: minorUnits })
  orderTaxAmount!: number | null;

  @Column('text', { name: 'merchant_reference1', nullable: true })
  merchantReference1!: string | null;

  @Column('text', { name: 'merchant_reference2', nullable: true })
  merchantReference2!: string | null;

  @Column('timestamptz', { name: 'completed_at', nullable: true })
  completedAt!: Date | null;

  /** 48 hours after the last change that we know of. */
  @Column('timestamptz', { name: 'expires_at' })
  expiresAt!: Date;

  /** It was aborted, or the provider answered that there is none (any more). */
  @Column('timestamptz', { name: 'gone_at', nullable: true })
  goneAt!: Date | null;

  /** When it is read next because a callback may have got lost; null: never. */
  @Column('timestamptz', { name: 'look_at', nullable: true })
  lookAt!: Date | null;

  /** When its checkout.completed was told; null: it was not. */
  @Column('timestamptz', { name: 'announced_at', nullable: true })
  announcedAt!: Date | null;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;

  @Column('timestamptz', { name: 'updated_at' })
  updatedAt!: Date;
}
