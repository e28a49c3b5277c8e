import { Check, Column, Entity, PrimaryColumn, Unique } from 'typeorm';

/** A shop owner: everything here belongs to exactly one. */
@Entity('merchants')
@Unique('merchants_name_key', ['name'])
@Check('merchants_callbacks_check', `callbacks IN ('gateway', 'direct')`)
export class MerchantEntity {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'merchants_pkey' })
  id!: string;

  @Column('text')
  name!: string;

  /** Gateway: the provider's callbacks come to this service. Direct: they go to the shop as if it were not there. */
  @Column('text', { default: 'gateway' })
  callbacks!: 'gateway' | 'direct';

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;
}
