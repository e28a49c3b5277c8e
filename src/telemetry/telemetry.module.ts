import { Global, Module } from '@nestjs/common';
import { Alerts } from './alerts.js';
import { Metrics } from './metrics.js';

@Global()
@Module({ providers: [Alerts, Metrics], exports: [Alerts, Metrics] })
export class TelemetryModule {}
