import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import { MerchantEntity } from './merchant.entity.js';

/** What messages to a merchant's own URLs are signed with. */
@Entity('merchant_signing_secrets')
export class MerchantSigningSecretEntity {
  @ForeignKey(() => MerchantEntity, { name: 'merchant_signing_secrets_merchant_id_fkey' })
  @PrimaryColumn('uuid', { name: 'merchant_id', primaryKeyConstraintName: 'merchant_signing_secrets_pkey' })
  merchantId!: string;

  /** Sealed. */
  @Column('bytea')
  secret!: Buffer;

  /** Sealed. */
  @Column('bytea', { name: 'previous_secret', nullable: true })
  previousSecret!: Buffer | null;

  /** Until then it signs as well: receivers may not have the new one yet. */
  @Column('timestamptz', { name: 'previous_secret_until', nullable: true })
  previousSecretUntil!: Date | null;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;
}
