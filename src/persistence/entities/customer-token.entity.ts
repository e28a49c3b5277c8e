import { Column, Entity, ForeignKey, Index, PrimaryColumn, Unique } from 'typeorm';
import { MerchantEntity } from './merchant.entity.js';
import { ProviderAccountEntity } from './provider-account.entity.js';

/** Whose a customer token is. Nothing else of it is kept: its status and its method are the provider's to tell. */
@Entity('customer_tokens')
@Unique('customer_tokens_provider_account_id_token_hash_key', ['providerAccountId', 'tokenHash'])
@Index('customer_tokens_by_hash', ['tokenHash'])
export class CustomerTokenEntity {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'customer_tokens_pkey' })
  id!: string;

  @ForeignKey(() => MerchantEntity, { name: 'customer_tokens_merchant_id_fkey' })
  @Column('uuid', { name: 'merchant_id' })
  merchantId!: string;

  /** With which it was made, or first used. */
  @ForeignKey(() => ProviderAccountEntity, { name: 'customer_tokens_provider_account_id_fkey' })
  @Column('uuid', { name: 'provider_account_id' })
  providerAccountId!: string;

  /** HMAC of the token. */
  @Column('bytea', { name: 'token_hash' })
  tokenHash!: Buffer;

  /** Whose data this is: handed on to the orders that are made with it. */
  @Column('uuid', { name: 'data_subject' })
  dataSubject!: string;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;

  /** When its token.created was told; null: it was not made here. */
  @Column('timestamptz', { name: 'announced_at', nullable: true })
  announcedAt!: Date | null;

  /** When its cancelling was told of; null: it was not. */
  @Column('timestamptz', { name: 'cancelled_at', nullable: true })
  cancelledAt!: Date | null;
}
