import { Global, Injectable, Module, type OnApplicationShutdown, type OnModuleDestroy } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Settings } from '../config/settings.js';
import { Alerts } from '../telemetry/alerts.js';
import { NudgeWorker } from './nudge-worker.js';
import { Nudges } from './nudges.js';
import { openQueueBackend } from './queue-backend.js';
import type { QueueBackend } from './queue-ports.js';

const QUEUE_BACKEND = Symbol('QueueBackend');

/** Taking work ends first, while everything that runs may still write and nudge; the connections go when the last request is answered. */
@Injectable()
class QueueShutdown implements OnModuleDestroy, OnApplicationShutdown {
  readonly #close: () => Promise<void>;

  constructor(
    private readonly worker: NudgeWorker,
    nudges: Nudges,
    backend: QueueBackend,
  ) {
    this.#close = async () => {
      await nudges.close();
      await backend.close();
    };
  }

  async onModuleDestroy(): Promise<void> {
    await this.worker.close();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.#close();
  }
}

@Global()
@Module({
  providers: [
    // Asking for the DataSource makes this wait until Postgres is up and its own schema is there.
    { provide: QUEUE_BACKEND, inject: [Settings, DataSource], useFactory: (settings: Settings) => openQueueBackend(settings) },
    {
      provide: Nudges,
      inject: [QUEUE_BACKEND, Alerts],
      useFactory: (backend: QueueBackend, alerts: Alerts) => new Nudges(backend, alerts),
    },
    { provide: NudgeWorker, inject: [QUEUE_BACKEND], useFactory: (backend: QueueBackend) => new NudgeWorker(backend) },
    {
      provide: QueueShutdown,
      inject: [NudgeWorker, Nudges, QUEUE_BACKEND],
      useFactory: (worker: NudgeWorker, nudges: Nudges, backend: QueueBackend) => new QueueShutdown(worker, nudges, backend),
    },
  ],
  exports: [Nudges, NudgeWorker],
})
export class QueueModule {}
