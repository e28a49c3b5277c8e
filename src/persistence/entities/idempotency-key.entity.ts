import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import { MerchantEntity } from './merchant.entity.js';
import { OperationEntity } from './operation.entity.js';

const PRIMARY_KEY = 'idempotency_keys_pkey';

/** A merchant's key and the one operation it stands for. */
@Entity('idempotency_keys')
export class IdempotencyKeyEntity {
  @ForeignKey(() => MerchantEntity, { name: 'idempotency_keys_merchant_id_fkey' })
  @PrimaryColumn('uuid', { name: 'merchant_id', primaryKeyConstraintName: PRIMARY_KEY })
  merchantId!: string;

  @PrimaryColumn('text', { primaryKeyConstraintName: PRIMARY_KEY })
  key!: string;

  @ForeignKey(() => OperationEntity, { name: 'idempotency_keys_operation_id_fkey' })
  @Column('uuid', { name: 'operation_id' })
  operationId!: string;

  /** HMAC of the request: another one under the same key is refused. */
  @Column('bytea')
  fingerprint!: Buffer;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;
}
