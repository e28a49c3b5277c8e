import { Injectable } from '@nestjs/common';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { Alerts } from './alerts.js';

/** Seconds. From what a caller does not notice to Klarna's own limit. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30];

/** One figure, or several told apart by a label. */
export type Figures = number | readonly { labels: Readonly<Record<string, string>>; value: number }[];

/**
 * What Prometheus reads of this process. Names begin with `gateway_`; labels are words of the code (kinds, states, codes), never ids, so
 * that their number stays small and nothing of a person's is in them.
 */
@Injectable()
export class Metrics {
  readonly #registry = new Registry();

  constructor(alerts: Alerts) {
    this.gauge('alerts_raised', 'How often each alert was raised since this process started', ['code'], () =>
      Promise.resolve([...alerts.counts()].map(([code, value]) => ({ labels: { code }, value }))),
    );
  }

  /** Something that is counted since the start. */
  counter<Label extends string>(name: string, help: string, labelNames: readonly Label[]): Counter<Label> {
    return new Counter({ name: `gateway_${name}_total`, help, labelNames, registers: [this.#registry] });
  }

  /** How long something takes, observed in seconds. */
  duration<Label extends string>(name: string, help: string, labelNames: readonly Label[]): Histogram<Label> {
    return new Histogram({ name: `gateway_${name}_seconds`, help, labelNames, buckets: BUCKETS, registers: [this.#registry] });
  }

  /** How much there is at the moment somebody looks. One whose look fails is left out; the others are shown. */
  gauge<Label extends string>(name: string, help: string, labelNames: readonly Label[], look: () => Promise<Figures>): void {
    new Gauge({
      ...{ name: `gateway_${name}`, help, labelNames, registers: [this.#registry] },
      async collect() {
        this.reset();
        const seen = await look().catch(() => [] as const);
        if (typeof seen === 'number') this.set(seen);
        else for (const { labels, value } of seen) this.set(labels as Partial<Record<Label, string>>, value);
      },
    });
  }

  /** In Prometheus' text format. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }

  get contentType(): string {
    return this.#registry.contentType;
  }
}
