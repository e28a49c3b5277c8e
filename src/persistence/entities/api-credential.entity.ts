import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { MerchantEntity } from './merchant.entity.js';

/** One way to call in a merchant's name. The secret itself is never stored. */
@Entity('api_credentials')
@Index('api_credentials_username_key', ['username'], { unique: true, where: 'revoked_at IS NULL' })
@Index('api_credentials_bearer_key', ['secretHash'], { unique: true, where: `scheme = 'bearer' AND revoked_at IS NULL` })
@Check('api_credentials_scheme_check', `scheme IN ('basic', 'bearer')`)
@Check('api_credentials_pending_answer_check', 'pending_answer IN (202, 503)')
@Check('api_credentials_limits_check', `limits IN ('enforce', 'report')`)
@Check('api_credentials_check', `(scheme = 'basic') = (username IS NOT NULL)`)
export class ApiCredentialEntity {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'api_credentials_pkey' })
  id!: string;

  @ForeignKey(() => MerchantEntity, { name: 'api_credentials_merchant_id_fkey' })
  @Column('uuid', { name: 'merchant_id' })
  merchantId!: string;

  @Column('text')
  scheme!: 'basic' | 'bearer';

  /** Present exactly for `basic`; unique among credentials that are not revoked. */
  @Column('text', { nullable: true })
  username!: string | null;

  /** HMAC of the secret under a key derived from DATA_KEY. */
  @Column('bytea', { name: 'secret_hash' })
  secretHash!: Buffer;

  /** What the caller gets while an outcome is open: 202, or 503 for SDKs that accept only Klarna's statuses. */
  @Column('smallint', { name: 'pending_answer', default: 202 })
  pendingAnswer!: 202 | 503;

  /** Writes without an idempotency key are refused. */
  @Column('boolean', { name: 'key_required', default: false })
  keyRequired!: boolean;

  /** Bodies beyond lengths, patterns and lists of words: refused, or forwarded and reported. */
  @Column('text', { default: 'enforce' })
  limits!: 'enforce' | 'report';

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;

  @Column('timestamptz', { name: 'revoked_at', nullable: true })
  revokedAt!: Date | null;
}
