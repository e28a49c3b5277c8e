import { Module } from '@nestjs/common';
import { BacklogRepository } from '../../persistence/repositories/backlog.repository.js';
import { DeliveriesModule } from '../deliveries/deliveries.module.js';
import { BacklogGauges } from './backlog-gauges.js';

/** What waits, in figures. */
@Module({ imports: [DeliveriesModule], providers: [BacklogRepository, BacklogGauges] })
export class BacklogModule {}
