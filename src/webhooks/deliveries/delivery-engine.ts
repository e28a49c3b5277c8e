import { Injectable } from '@nestjs/common';
import { setMaxListeners } from 'node:events';
import { Clock, SystemClock } from '../../clock/clock.js';
import { WorkerRounds } from '../../clock/worker-rounds.js';
import { Settings } from '../../config/settings.js';
import {
  type AttemptResult,
  type DeliveryEnd,
  DeliveryOutcomesRepository,
} from '../../persistence/repositories/delivery-outcomes.repository.js';
import { DueDeliveriesRepository, type TakenDelivery } from '../../persistence/repositories/due-deliveries.repository.js';
import { Alerts } from '../../telemetry/alerts.js';
import { DeliveryCounts } from './delivery-counts.js';
import { DeliverySender } from './delivery-sender.js';
import { answerWords } from './failure-words.js';
import { Hands, SLOW_AFTER_MS } from './hands.js';
import { pauseMs, restMs, retryAfterMs } from './schedule.js';
import type { ShopExchange } from './shop-http.js';

const LOOK_EVERY_MS = 250;
const LOOK_AGAIN_AFTER_ERROR_MS = 1_000;
/** In the air per receiver, all processes together. */
const PER_RECEIVER = 4;
/** Hands that become free one after the other are given new work together. */
const GATHER_MS = 15;
/** A lease lasts 15 s, and an attempt up to 10 s of it. */
const SENT_WITHIN_MS = 4_000;
/** A stop waits so long for answers; what is not answered then is sent again by whoever is there. */
const STOP_WITHIN_MS = 3_000;

/**
 * Sends what is due, at least once: a delivery is taken with a lease, sent, and its outcome written down; when the process dies in between, it
 * is sent again with the same webhook-id once the lease has run out. Runs in workers; Postgres is the only thing they share, and polling the
 * only thing that is relied on.
 */
@Injectable()
export class DeliveryEngine extends WorkerRounds {
  readonly #hands: Hands;
  readonly #underWay = new Set<Promise<void>>();
  readonly #stop = new AbortController();
  readonly #world = new SystemClock();
  #waking: NodeJS.Timeout | undefined;

  constructor(
    private readonly due: DueDeliveriesRepository,
    private readonly outcomes: DeliveryOutcomesRepository,
    private readonly sender: DeliverySender,
    private readonly counts: DeliveryCounts,
    private readonly alerts: Alerts,
    private readonly clock: Clock,
    settings: Settings,
  ) {
    super(settings, { name: 'Deliveries', everyMs: LOOK_EVERY_MS, afterErrorMs: LOOK_AGAIN_AFTER_ERROR_MS });
    this.#hands = new Hands(settings.deliveryConcurrency);
    // Every attempt listens.
    setMaxListeners(0, this.#stop.signal);
  }

  override async onModuleDestroy(): Promise<void> {
    await super.onModuleDestroy();
    const timer = setTimeout(() => this.#stop.abort(), STOP_WITHIN_MS);
    await this.settled();
    clearTimeout(timer);
    clearTimeout(this.#waking);
  }

  /** Takes what is due, as far as there are hands, and begins to send it. @returns whether there is more to do at once */
  async round(): Promise<boolean> {
    const room = this.#hands.free();
    if (room.deliveries === 0) return false;
    const { taken, more } = await this.due.take(this.clock.now(), { ...room, perReceiver: PER_RECEIVER });
    for (const delivery of taken) {
      const work = this.#deliver(delivery).finally(() => this.#underWay.delete(work));
      this.#underWay.add(work);
    }
    return more;
  }

  /** Resolves when nothing is in the air any more. */
  async settled(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }

  /** Never rejects: what is not written down is sent again when the lease has run out. */
  async #deliver(delivery: TakenDelivery): Promise<void> {
    // The process stood still: somebody else may have it by now. Its lease runs out, and whoever is there sends it.
    if (performance.now() - delivery.takenAt > SENT_WITHIN_MS) return;
    const release = this.#hands.take(delivery.unproven);
    const slow = setTimeout(() => this.#wakeSoon(), SLOW_AFTER_MS);
    this.counts.underWay += 1;
    try {
      await this.#conclude(delivery, await this.sender.send(delivery, this.#stop.signal));
    } catch (error) {
      this.logger.warn(`What came of delivery ${delivery.id} was not written down: ${(error as Error).message}`);
    } finally {
      this.counts.underWay -= 1;
      clearTimeout(slow);
      release();
      this.#wakeSoon();
    }
  }

  #wakeSoon(): void {
    this.#waking ??= setTimeout(() => {
      this.#waking = undefined;
      this.rounds.wake();
    }, GATHER_MS);
  }

  async #conclude(delivery: TakenDelivery, exchange: ShopExchange): Promise<void> {
    const now = this.clock.now();
    const end = this.#endOf(delivery, exchange, now);
    if (end.then === 'cancelled' && delivery.endpoint !== null) {
      const { id: endpoint, version } = delivery.endpoint;
      if (await this.outcomes.disableGone(endpoint, version, now)) this.alerts.raise('endpoint.gone', { endpoint });
    }
    const decided = await this.outcomes.settle(delivery, resultOf(exchange), end, now);
    if (decided && end.then !== 'again' && delivery.strict) await this.outcomes.next([delivery], now);
    if (!decided) this.counts.overtaken += 1;
    else if (end.then === 'again') this.counts.failed += 1;
    else this.counts[end.then] += 1;
  }

  #endOf(delivery: TakenDelivery, exchange: ShopExchange, now: Date): DeliveryEnd {
    if (exchange.kind === 'answer' && isSuccess(exchange.status)) return { then: 'delivered' };
    if (exchange.kind === 'answer' && exchange.status === 410) return { then: 'cancelled', reason: answerWords(410) };
    const after = (ms: number) => new Date(now.getTime() + ms);
    if (exchange.kind === 'none' && exchange.code === 'STOPPED') return { then: 'again', at: now, restsUntil: null, asked: false };
    const asked = exchange.kind === 'answer' ? retryAfterMs(exchange.headers['retry-after'], this.#world.nowMs()) : 0;
    const at = after(Math.max(asked, pauseMs(delivery.attempts, Math.random())));
    const ours = exchange.kind === 'none' && exchange.code === 'UNREADABLE';
    return {
      then: 'again',
      at: at < delivery.giveUpAt ? at : delivery.giveUpAt,
      restsUntil: ours ? null : after(Math.max(asked, restMs(delivery.failures + 1, Math.random()))),
      asked: asked > 0,
    };
  }
}

function resultOf(exchange: ShopExchange): AttemptResult {
  const { durationMs } = exchange;
  if (exchange.kind === 'none') return { durationMs, status: null, code: exchange.code, reason: exchange.reason };
  const { status } = exchange;
  return { durationMs, status, code: null, reason: isSuccess(status) ? null : answerWords(status) };
}

function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}
