import { Column, Entity, ForeignKey, Index, PrimaryColumn, Unique } from 'typeorm';
import { PaymentSessionEntity } from './payment-session.entity.js';

/** What a shopper authorized in a session: at most one order can be placed with it, within an hour. */
@Entity('authorizations')
@Unique('authorizations_session_id_token_hash_key', ['sessionId', 'tokenHash'])
@Index('authorizations_passed_callback', ['passedCallbackId'], { where: 'passed_callback_id IS NOT NULL' })
@Index('authorizations_passed_delivery', ['passedDeliveryId'], { where: 'passed_delivery_id IS NOT NULL' })
export class AuthorizationEntity {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'authorizations_pkey' })
  id!: string;

  @ForeignKey(() => PaymentSessionEntity, { name: 'authorizations_session_id_fkey' })
  @Column('uuid', { name: 'session_id' })
  sessionId!: string;

  /** Sealed; null: it is over. */
  @Column('bytea', { nullable: true })
  token!: Buffer | null;

  @Column('bytea', { name: 'token_hash' })
  tokenHash!: Buffer;

  /** Callback | sweep: who told first. */
  @Column('text')
  source!: string;

  @Column('timestamptz', { name: 'learned_at' })
  learnedAt!: Date;

  /** The hour of an authorization, from the earliest time at which it may have been made. */
  @Column('timestamptz', { name: 'expires_at' })
  expiresAt!: Date;

  /** The callback whose words went to the shop's own address. */
  @Column('uuid', { name: 'passed_callback_id', nullable: true })
  passedCallbackId!: string | null;

  /** What went there in their place, none having come. */
  @Column('uuid', { name: 'passed_delivery_id', nullable: true })
  passedDeliveryId!: string | null;

  /** Used | superseded | gone | expired; null: as far as is known, an order can be placed with it. */
  @Column('text', { nullable: true })
  outcome!: string | null;

  @Column('timestamptz', { name: 'ended_at', nullable: true })
  endedAt!: Date | null;
}
