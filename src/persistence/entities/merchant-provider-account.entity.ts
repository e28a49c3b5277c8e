import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import { MerchantEntity } from './merchant.entity.js';
import { ProviderAccountEntity } from './provider-account.entity.js';

const PRIMARY_KEY = 'merchant_provider_accounts_pkey';

/** Which provider account a merchant uses for which provider API. */
@Entity('merchant_provider_accounts')
export class MerchantProviderAccountEntity {
  @ForeignKey(() => MerchantEntity, { name: 'merchant_provider_accounts_merchant_id_fkey' })
  @PrimaryColumn('uuid', { name: 'merchant_id', primaryKeyConstraintName: PRIMARY_KEY })
  merchantId!: string;

  @PrimaryColumn('text', { primaryKeyConstraintName: PRIMARY_KEY })
  api!: string;

  @ForeignKey(() => ProviderAccountEntity, { name: 'merchant_provider_accounts_provider_account_id_fkey' })
  @Column('uuid', { name: 'provider_account_id' })
  providerAccountId!: string;
}
