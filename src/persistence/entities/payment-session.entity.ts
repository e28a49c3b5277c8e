import { Column, Entity, ForeignKey, Index, PrimaryColumn, Unique } from 'typeorm';
import { minorUnits } from '../../money.js';
import { MerchantEntity } from './merchant.entity.js';
import { ProviderAccountEntity } from './provider-account.entity.js';

/** A payment session as the provider last showed it. */
@Entity('payment_sessions')
@Unique('payment_sessions_provider_account_id_provider_session_id_key', ['providerAccountId', 'providerSessionId'])
@Index('payment_sessions_token', ['providerAccountId', 'authorizationTokenHash'], { where: 'authorization_token_hash IS NOT NULL' })
@Index('payment_sessions_by_subject', ['dataSubject'])
@Index('payment_sessions_by_provider_id', ['providerSessionId'])
@Index('payment_sessions_to_look', ['providerAccountId', 'lookAt'], { where: 'look_at IS NOT NULL' })
@Index('payment_sessions_by_time', ['merchantId', 'providerAccountId', 'createdAt'])
export class PaymentSessionEntity {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'payment_sessions_pkey' })
  id!: string;

  @ForeignKey(() => MerchantEntity, { name: 'payment_sessions_merchant_id_fkey' })
  @Column('uuid', { name: 'merchant_id' })
  merchantId!: string;

  @ForeignKey(() => ProviderAccountEntity, { name: 'payment_sessions_provider_account_id_fkey' })
  @Column('uuid', { name: 'provider_account_id' })
  providerAccountId!: string;

  @Column('text', { name: 'provider_session_id' })
  providerSessionId!: string;

  /** Whose data this is: the later unit of erasure, handed on to the order. */
  @Column('uuid', { name: 'data_subject' })
  dataSubject!: string;

  @Column('text')
  status!: string;

  @Column('text', { name: 'purchase_country', nullable: true })
  purchaseCountry!: string | null;

  @Column('text', { name: 'purchase_currency', nullable: true })
  purchaseCurrency!: string | null;

  /** Minor units of the purchase currency. */
  @Column('bigint', { name: 'order_amount', nullable: true, transformer: minorUnits })
  orderAmount!: number | null;

  @Column('text', { name: 'merchant_reference1', nullable: true })
  merchantReference1!: string | null;

  @Column('text', { name: 'merchant_reference2', nullable: true })
  merchantReference2!: string | null;

  /** HMAC of the authorization token that the session showed when last read. */
  @Column('bytea', { name: 'authorization_token_hash', nullable: true })
  authorizationTokenHash!: Buffer | null;

  @Column('timestamptz', { name: 'expires_at', nullable: true })
  expiresAt!: Date | null;

  /** When it is read next because a callback may have got lost; null: never. */
  @Column('timestamptz', { name: 'look_at', nullable: true })
  lookAt!: Date | null;

  /** When a look last brought an answer. */
  @Column('timestamptz', { name: 'looked_at', nullable: true })
  lookedAt!: Date | null;

  /** When it was last updated; what follows an update is looked for beside what follows the creation. */
  @Column('timestamptz', { name: 'touched_at', nullable: true })
  touchedAt!: Date | null;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;

  @Column('timestamptz', { name: 'updated_at' })
  updatedAt!: Date;
}
