import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import { MerchantEntity } from './merchant.entity.js';

/** How a receiver of deliveries is doing. */
@Entity('receivers')
export class ReceiverEntity {
  /** An endpoint's id; or the merchant's id and the origin of a URL of its own. */
  @PrimaryColumn('text', { primaryKeyConstraintName: 'receivers_pkey' })
  key!: string;

  @ForeignKey(() => MerchantEntity, { name: 'receivers_merchant_id_fkey' })
  @Column('uuid', { name: 'merchant_id' })
  merchantId!: string;

  /** In a row, since the last success. */
  @Column('integer')
  failures!: number;

  @Column('timestamptz', { name: 'failing_since', nullable: true })
  failingSince!: Date | null;

  /** Left alone until then, whatever is due; null: not resting. */
  @Column('timestamptz', { name: 'rests_until', nullable: true })
  restsUntil!: Date | null;
}
