import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { MerchantEntity } from './merchant.entity.js';
import { ProviderAccountEntity } from './provider-account.entity.js';

/** An address of ours that stands in the provider's callbacks in place of the caller's. */
@Entity('hooks')
@Index('hooks_by_operation', ['operationId'])
@Index('hooks_by_subject', ['dataSubject'])
@Index('hooks_by_expiry', ['expiresAt'])
export class HookEntity {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'hooks_pkey' })
  id!: string;

  @ForeignKey(() => MerchantEntity, { name: 'hooks_merchant_id_fkey' })
  @Column('uuid', { name: 'merchant_id' })
  merchantId!: string;

  @ForeignKey(() => ProviderAccountEntity, { name: 'hooks_provider_account_id_fkey' })
  @Column('uuid', { name: 'provider_account_id' })
  providerAccountId!: string;

  /** The operation in whose request the address was put; T1 writes both. */
  @Column('uuid', { name: 'operation_id' })
  operationId!: string;

  /** Push, notification, authorization, status_update; validation, address_update, country_change, shipping_option_update. */
  @Column('text')
  entry!: string;

  /** SHA-256 of the secret in the address: it is random and long, so nothing slower is needed. */
  @Column('bytea', { name: 'secret_hash' })
  secretHash!: Buffer;

  /** Sealed: the caller's own URL with its placeholders; null: the caller sent none. */
  @Column('bytea', { nullable: true })
  template!: Buffer | null;

  @Column('uuid', { name: 'data_subject' })
  dataSubject!: string;

  /** The provider's id of what it is about, as far as the request named it (session, checkout, order). */
  @Column('text', { name: 'resource_id', nullable: true })
  resourceId!: string | null;

  /** What comes later is answered and not looked at. */
  @Column('timestamptz', { name: 'expires_at' })
  expiresAt!: Date;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;
}
