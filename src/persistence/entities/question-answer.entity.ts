import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { MerchantEntity } from './merchant.entity.js';
import { ProviderAccountEntity } from './provider-account.entity.js';

/** How one question of the provider's was answered. */
@Entity('question_answers')
@Index('question_answers_untold', ['nextAt'], { where: 'next_at IS NOT NULL' })
@Index('question_answers_by_time', ['askedAt'])
export class QuestionAnswerEntity {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'question_answers_pkey' })
  id!: string;

  @ForeignKey(() => MerchantEntity, { name: 'question_answers_merchant_id_fkey' })
  @Column('uuid', { name: 'merchant_id' })
  merchantId!: string;

  @ForeignKey(() => ProviderAccountEntity, { name: 'question_answers_provider_account_id_fkey' })
  @Column('uuid', { name: 'provider_account_id' })
  providerAccountId!: string;

  @Column('uuid', { name: 'hook_id' })
  hookId!: string;

  @Column('text')
  entry!: string;

  /** The checkout's, which the order keeps; null: the question did not say. */
  @Column('text', { name: 'provider_order_id', nullable: true })
  providerOrderId!: string | null;

  /** `shop` or `fallback`. */
  @Column('text', { name: 'answered_by' })
  answeredBy!: string;

  @Column('integer')
  status!: number;

  /** Why the fallback answered. */
  @Column('text', { nullable: true })
  reason!: string | null;

  @Column('integer', { name: 'duration_ms' })
  durationMs!: number;

  @Column('timestamptz', { name: 'asked_at' })
  askedAt!: Date;

  /** When it went into the order's timeline; null: there is no order yet. */
  @Column('timestamptz', { name: 'told_at', nullable: true })
  toldAt!: Date | null;

  /** When an order is looked for again; null: it is told, or there will be none. */
  @Column('timestamptz', { name: 'next_at', nullable: true })
  nextAt!: Date | null;
}
