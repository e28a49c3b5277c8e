import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import { OperationEntity } from './operation.entity.js';
import { ProviderAccountEntity } from './provider-account.entity.js';

const PRIMARY_KEY = 'provider_keys_pkey';

/** A caller's UUID that went to the provider as it was: no two operations of one account share one. */
@Entity('provider_keys')
export class ProviderKeyEntity {
  @ForeignKey(() => ProviderAccountEntity, { name: 'provider_keys_provider_account_id_fkey' })
  @PrimaryColumn('uuid', { name: 'provider_account_id', primaryKeyConstraintName: PRIMARY_KEY })
  providerAccountId!: string;

  @PrimaryColumn('text', { name: 'provider_key', primaryKeyConstraintName: PRIMARY_KEY })
  providerKey!: string;

  @ForeignKey(() => OperationEntity, { name: 'provider_keys_operation_id_fkey' })
  @Column('uuid', { name: 'operation_id' })
  operationId!: string;
}
