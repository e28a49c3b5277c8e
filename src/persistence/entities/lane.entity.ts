import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import { ProviderAccountEntity } from './provider-account.entity.js';

const PRIMARY_KEY = 'lanes_pkey';

/** The lock that orders the money operations of one order. Needs no order row: operations may come before we know it. */
@Entity('lanes')
export class LaneEntity {
  @ForeignKey(() => ProviderAccountEntity, { name: 'lanes_provider_account_id_fkey' })
  @PrimaryColumn('uuid', { name: 'provider_account_id', primaryKeyConstraintName: PRIMARY_KEY })
  providerAccountId!: string;

  /** The provider's order id. */
  @PrimaryColumn('text', { primaryKeyConstraintName: PRIMARY_KEY })
  lane!: string;

  /** How many of its operations are unfinished. */
  @Column('integer')
  open!: number;

  /** Last position given out. */
  @Column('bigint')
  position!: string;

  /** Grows with each send and each settlement. */
  @Column('bigint')
  revision!: string;
}
