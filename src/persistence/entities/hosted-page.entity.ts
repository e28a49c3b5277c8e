import { Column, Entity, ForeignKey, Index, PrimaryColumn, Unique } from 'typeorm';
import { MerchantEntity } from './merchant.entity.js';
import { ProviderAccountEntity } from './provider-account.entity.js';

/** A hosted payment page as the provider last showed it. */
@Entity('hosted_pages')
@Unique('hosted_pages_provider_account_id_provider_session_id_key', ['providerAccountId', 'providerSessionId'])
@Index('hosted_pages_by_provider_id', ['providerSessionId'])
@Index('hosted_pages_to_look', ['providerAccountId', 'lookAt'], { where: 'look_at IS NOT NULL' })
@Index('hosted_pages_by_subject', ['dataSubject'])
export class HostedPageEntity {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'hosted_pages_pkey' })
  id!: string;

  @ForeignKey(() => MerchantEntity, { name: 'hosted_pages_merchant_id_fkey' })
  @Column('uuid', { name: 'merchant_id' })
  merchantId!: string;

  @ForeignKey(() => ProviderAccountEntity, { name: 'hosted_pages_provider_account_id_fkey' })
  @Column('uuid', { name: 'provider_account_id' })
  providerAccountId!: string;

  @Column('text', { name: 'provider_session_id' })
  providerSessionId!: string;

  /** Whose data this is: the later unit of erasure, that of the purchase. */
  @Column('uuid', { name: 'data_subject' })
  dataSubject!: string;

  /** `payments` or `checkout`: where what the page was made for is; null: made elsewhere. */
  @Column('text', { name: 'purchase_api', nullable: true })
  purchaseApi!: string | null;

  /** The payment session's or checkout order's id at the provider. */
  @Column('text', { name: 'purchase_id', nullable: true })
  purchaseId!: string | null;

  /** As last read; null: known by its id alone. */
  @Column('text', { nullable: true })
  status!: string | null;

  /** The order that was placed on it. */
  @Column('text', { name: 'provider_order_id', nullable: true })
  providerOrderId!: string | null;

  @Column('timestamptz', { name: 'expires_at', nullable: true })
  expiresAt!: Date | null;

  /** When it is read next because a callback may have got lost; null: never. */
  @Column('timestamptz', { name: 'look_at', nullable: true })
  lookAt!: Date | null;

  /** The provider's own word on when the status was last changed. */
  @Column('timestamptz', { name: 'status_at', nullable: true })
  statusAt!: Date | null;

  /** When the shop's own address was told how it ended; null: it was not. */
  @Column('timestamptz', { name: 'passed_at', nullable: true })
  passedAt!: Date | null;

  /** When its checkout.completed was told; null: it was not. */
  @Column('timestamptz', { name: 'announced_at', nullable: true })
  announcedAt!: Date | null;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;

  @Column('timestamptz', { name: 'updated_at' })
  updatedAt!: Date;
}
