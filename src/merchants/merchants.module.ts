import { Module } from '@nestjs/common';
import { Database } from '../persistence/database.js';
import { SealedEnvelope } from '../persistence/sealed-envelope.js';
import { ConfiguredMerchant } from './configured-merchant.js';
import { Merchants } from './merchants.js';
import { ProviderAccounts } from './provider-accounts.js';

const CONFIGURED = Symbol('the configured merchant is in the database');

/**
 * Who may call, and with which of the provider's accounts. Nobody gets a provider account before the database was found to belong to
 * the configuration, because whoever has one can send.
 */
@Module({
  providers: [
    ConfiguredMerchant,
    { provide: CONFIGURED, inject: [ConfiguredMerchant], useFactory: (merchant: ConfiguredMerchant) => merchant.put() },
    Merchants,
    {
      provide: ProviderAccounts,
      inject: [Database, SealedEnvelope, CONFIGURED],
      useFactory: (database: Database, envelope: SealedEnvelope) => new ProviderAccounts(database, envelope),
    },
  ],
  exports: [Merchants, ProviderAccounts],
})
export class MerchantsModule {}
