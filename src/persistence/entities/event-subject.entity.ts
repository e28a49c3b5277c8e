import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import { MerchantEntity } from './merchant.entity.js';

/** What events are about, and how many there are of it. */
@Entity('event_subjects')
export class EventSubjectEntity {
  /** Our id of the order, session, page, token or operation that the events are about. */
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'event_subjects_pkey' })
  id!: string;

  @ForeignKey(() => MerchantEntity, { name: 'event_subjects_merchant_id_fkey' })
  @Column('uuid', { name: 'merchant_id' })
  merchantId!: string;

  @Column('bigint', { name: 'last_sequence' })
  lastSequence!: string;
}
