import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Clock } from '../../clock/clock.js';
import { type Backlog, BacklogRepository } from '../../persistence/repositories/backlog.repository.js';
import { Metrics } from '../../telemetry/metrics.js';
import { DeliveryCounts } from '../deliveries/delivery-counts.js';

const OUTCOMES = ['delivered', 'failed', 'cancelled', 'dead', 'overtaken'] as const;

/** What waits, for Prometheus: read from Postgres when somebody looks, so every process shows the same. */
@Injectable()
export class BacklogGauges implements OnModuleInit {
  #reading: Promise<Backlog> | undefined;

  constructor(
    private readonly backlog: BacklogRepository,
    private readonly counts: DeliveryCounts,
    private readonly metrics: Metrics,
    private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    const { metrics } = this;
    metrics.gauge('deliveries_due', 'Messages to shops that are to be sent, now or later; counted up to 10,000', [], () =>
      this.#read('due'),
    );
    metrics.gauge('deliveries_overdue', 'Messages to shops whose time has come', [], () => this.#read('overdue'));
    metrics.gauge('deliveries_oldest_seconds', 'How long the longest overdue message waits', [], () => this.#read('oldestS'));
    metrics.gauge('receivers_resting', 'Receivers that failed and are left alone for now', [], () => this.#read('resting'));
    metrics.gauge('callbacks_waiting', "Klarna's callbacks that are still to be looked at", [], () => this.#read('callbacks'));
    metrics.gauge('callbacks_oldest_seconds', 'How long the longest overdue callback waits', [], () => this.#read('callbacksOldestS'));
    metrics.gauge('delivery_outcomes', 'What became of attempts of this process since its start', ['outcome'], () =>
      Promise.resolve(OUTCOMES.map((outcome) => ({ labels: { outcome }, value: this.counts[outcome] }))),
    );
  }

  /** One reading for all gauges of one look. */
  async #read(figure: keyof Backlog): Promise<number> {
    this.#reading ??= this.backlog.read(this.clock.now()).finally(() => (this.#reading = undefined));
    return (await this.#reading)[figure];
  }
}
