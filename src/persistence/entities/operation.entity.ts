import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { minorUnits } from '../../money.js';
import { MerchantEntity } from './merchant.entity.js';
import { ProviderAccountEntity } from './provider-account.entity.js';

/** One durable intent of a merchant: what was asked for, how far it is, and the answer of record. */
@Entity('operations')
@Check('operations_class_check', `class IN ('durable', 'bounded', 'interactive')`)
@Check(
  'operations_state_check',
  `state IN ('accepted', 'running', 'waiting', 'unknown', 'manual', 'succeeded', 'rejected', 'abandoned', 'withdrawn')`,
)
// Which operations the queue, the lanes and the guards look for belongs to src/operations: the migrations say it once.
@Index('operations_due', { synchronize: false })
@Index('operations_leased', { synchronize: false })
@Index('operations_open_in_lane', { synchronize: false })
@Index('operations_unresolved', { synchronize: false })
@Index('operations_token_and_body', { synchronize: false })
@Index('operations_open_token', { synchronize: false })
@Index('operations_by_state', { synchronize: false })
@Index('operations_finished', { synchronize: false })
@Index('operations_with_bodies', { synchronize: false })
@Index('operations_by_subject', ['dataSubject'])
export class OperationEntity {
  /** UUIDv7: ordered by time of acceptance. */
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'operations_pkey' })
  id!: string;

  @ForeignKey(() => MerchantEntity, { name: 'operations_merchant_id_fkey' })
  @Column('uuid', { name: 'merchant_id' })
  merchantId!: string;

  @ForeignKey(() => ProviderAccountEntity, { name: 'operations_provider_account_id_fkey' })
  @Column('uuid', { name: 'provider_account_id' })
  providerAccountId!: string;

  @Column('text')
  kind!: string;

  @Column('text')
  class!: string;

  @Column('text')
  state!: string;

  /** The provider's order id. No foreign key: operations may come before the order is known. */
  @Column('text', { nullable: true })
  lane!: string | null;

  /** Order of acceptance within the lane. */
  @Column('bigint', { nullable: true })
  position!: string | null;

  @Column('uuid', { name: 'data_subject', nullable: true })
  dataSubject!: string | null;

  /** Sealed: path parameters and passed-on headers. */
  @Column('bytea')
  target!: Buffer;

  /** Sealed: the caller's bytes. */
  @Column('bytea', { nullable: true })
  request!: Buffer | null;

  @Column('text', { name: 'caller_key', nullable: true })
  callerKey!: string | null;

  /** HMAC over method, route, path parameters and canonical JSON. */
  @Column('bytea')
  fingerprint!: Buffer;

  /** HMAC of the authorization token, where it is the idempotency key. */
  @Column('bytea', { name: 'token_hash', nullable: true })
  tokenHash!: Buffer | null;

  /** Minor units asked for, to be matched against what the provider shows. */
  @Column('bigint', { nullable: true, transformer: minorUnits })
  amount!: number | null;

  @Column('text', { nullable: true })
  reference!: string | null;

  @Column('text', { name: 'provider_key', nullable: true })
  providerKey!: string | null;

  /** Of the provider key: a new one only after absence was established. */
  @Column('integer', { default: 1 })
  generation!: number;

  /** Guards decisions (reschedule, new key, manual), never evidence. */
  @Column('integer')
  fence!: number;

  /** Postgres' clock; every other time is business time. */
  @Column('timestamptz', { name: 'lease_until', nullable: true })
  leaseUntil!: Date | null;

  @Column('timestamptz', { name: 'next_at', nullable: true })
  nextAt!: Date | null;

  /** Steps of the schedule taken since the caller's wait. */
  @Column('integer', { default: 0 })
  steps!: number;

  /** Times a recovered provider woke it. */
  @Column('integer', { default: 0 })
  wakes!: number;

  /** When the latest caller's wait began. */
  @Column('timestamptz', { name: 'opened_at' })
  openedAt!: Date;

  /** When that wait is over at the latest, whether or not its process lives to say so. */
  @Column('timestamptz', { name: 'waits_until' })
  waitsUntil!: Date;

  /** When that wait ended without an answer. */
  @Column('timestamptz', { name: 'unresolved_since', nullable: true })
  unresolvedSince!: Date | null;

  /** May be sent without a caller until its token is too old. */
  @Column('boolean', { name: 'sends_alone', default: false })
  sendsAlone!: boolean;

  /** Someone asked that nothing more is sent. */
  @Column('boolean', { default: false })
  stopped!: boolean;

  @Column('integer', { name: 'answer_status', nullable: true })
  answerStatus!: number | null;

  @Column('jsonb', { name: 'answer_headers', nullable: true })
  answerHeaders!: Record<string, string> | null;

  /** Sealed; erased earlier than the row. */
  @Column('bytea', { name: 'answer_body', nullable: true })
  answerBody!: Buffer | null;

  @Column('text', { nullable: true })
  reason!: string | null;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;

  @Column('timestamptz', { name: 'finished_at', nullable: true })
  finishedAt!: Date | null;

  /** Since when the bodies of its request and answers are gone. */
  @Column('timestamptz', { name: 'bodies_erased_at', nullable: true })
  bodiesErasedAt!: Date | null;

  /** Why the service asks for it by itself; null: a caller does. */
  @Column('text', { nullable: true })
  purpose!: string | null;
}
