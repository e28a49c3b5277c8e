import { Global, Module } from '@nestjs/common';
import { Alerts } from './alerts.js';

@Global()
@Module({ providers: [Alerts], exports: [Alerts] })
export class TelemetryModule {}
