import { Column, Entity, PrimaryColumn, Unique } from 'typeorm';

/** A shop owner: everything here belongs to exactly one. */
@Entity('merchants')
@Unique('merchants_name_key', ['name'])
export class MerchantEntity {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'merchants_pkey' })
  id!: string;

  @Column('text')
  name!: string;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;
}
