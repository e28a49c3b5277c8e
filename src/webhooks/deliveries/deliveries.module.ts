import { Module } from '@nestjs/common';
import { DeliveriesRepository } from '../../persistence/repositories/deliveries.repository.js';
import { DeliveryOutcomesRepository } from '../../persistence/repositories/delivery-outcomes.repository.js';
import { DueDeliveriesRepository } from '../../persistence/repositories/due-deliveries.repository.js';
import { SigningSecretsRepository } from '../../persistence/repositories/signing-secrets.repository.js';
import { AddressRules } from './address-rules.js';
import { DeliveryCounts } from './delivery-counts.js';
import { DeliveryEngine } from './delivery-engine.js';
import { DeliverySender } from './delivery-sender.js';
import { DeliveryUpkeep } from './delivery-upkeep.js';
import { NameResolver } from './resolver.js';
import { ShopHttp } from './shop-http.js';

/** Tells shops: takes what is due, signs it, sends it where it may go. */
@Module({
  providers: [
    ...[DeliveriesRepository, DueDeliveriesRepository, DeliveryOutcomesRepository, SigningSecretsRepository],
    ...[AddressRules, NameResolver, ShopHttp, DeliverySender, DeliveryCounts, DeliveryEngine, DeliveryUpkeep],
  ],
  exports: [DeliveriesRepository, SigningSecretsRepository, AddressRules, ShopHttp, DeliveryCounts],
})
export class DeliveriesModule {}
