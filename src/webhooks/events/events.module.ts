import { Module } from '@nestjs/common';
import { EventRetentionRepository } from '../../persistence/repositories/event-retention.repository.js';
import { EventRetention } from './event-retention.js';

/** The end of what merchants were told; its beginning is in src/persistence, in the transaction of each fact. */
@Module({ providers: [EventRetentionRepository, EventRetention] })
export class EventsModule {}
