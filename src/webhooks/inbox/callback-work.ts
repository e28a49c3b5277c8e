import { Injectable } from '@nestjs/common';
import { atMost } from '../../clock/at-most.js';
import { Clock } from '../../clock/clock.js';
import { WorkerRounds } from '../../clock/worker-rounds.js';
import { Settings } from '../../config/settings.js';
import { CALLBACK_BODY, CallbacksRepository, type TakenCallback } from '../../persistence/repositories/callbacks.repository.js';
import { type Hook, HooksRepository } from '../../persistence/repositories/hooks.repository.js';
import { SealedEnvelope } from '../../persistence/sealed-envelope.js';
import { Alerts } from '../../telemetry/alerts.js';
import { nextOf } from './again.js';
import type { CallbackOutcome, StoredCallback } from './callback-handler.js';
import { CallbackRegistry } from './callback-registry.js';
import { OrderLooks } from './order-looks.js';

const EVERY_MS = 500;
/** Orders that are looked at at a time. */
const HANDS = 8;
/** When a process dies, others look after this. On Postgres' clock. */
const LEASE_MS = 15_000;
const RENEWED_EVERY_MS = 4_000;
const STOP_WITHIN_MS = 3_000;
/** What nobody here understands is left for a version that does. */
const NOBODY = { then: 'again', afterMs: 15 * 60_000, result: 'no-handler' } as const satisfies CallbackOutcome;

/**
 * Looks at what came. In workers; a callback that was kept in the same process is looked at at once, others within half a second. A look
 * may happen twice (a process dies, a lease runs out), its outcome is written down once.
 */
@Injectable()
export class CallbackWork extends WorkerRounds {
  readonly #underWay = new Set<Promise<void>>();
  /** Entries without a handler, said once. */
  readonly #missing = new Set<string>();
  readonly #held = new Map<string, TakenCallback>();
  #renewedAt = 0;
  #more = false;

  constructor(
    private readonly callbacks: CallbacksRepository,
    private readonly hooks: HooksRepository,
    private readonly registry: CallbackRegistry,
    private readonly looks: OrderLooks,
    private readonly envelope: SealedEnvelope,
    private readonly clock: Clock,
    settings: Settings,
    private readonly alerts: Alerts,
  ) {
    super(settings, { name: 'Callbacks', everyMs: EVERY_MS });
  }

  override async onModuleDestroy(): Promise<void> {
    await super.onModuleDestroy();
    await atMost(STOP_WITHIN_MS, Promise.all(this.#underWay));
  }

  /** Something was kept: look now. Does nothing in a process that does not look. */
  wake(): void {
    if (!this.rounds.stopped) this.rounds.wake();
  }

  /** Takes as many orders as hands are free, and begins with them. A slow one keeps none of the others waiting. */
  async round(): Promise<boolean> {
    await this.#renew();
    const free = HANDS - this.#underWay.size;
    this.#more = free <= 0;
    if (free <= 0) return false;
    const taken = await this.callbacks.take(this.clock.now(), free, LEASE_MS);
    const orders = new Map<string, TakenCallback[]>();
    // As they came: what Klarna said last is looked at last.
    for (const each of taken.sort((a, b) => a.lastReceivedAt.getTime() - b.lastReceivedAt.getTime())) {
      const order = `${each.providerAccountId} ${each.providerOrderId ?? each.id}`;
      orders.set(order, [...(orders.get(order) ?? []), each]);
    }
    for (const callbacks of orders.values()) this.#begin(callbacks);
    this.#more = orders.size === free;
    return false;
  }

  async #renew(): Promise<void> {
    const now = performance.now();
    if (this.#held.size === 0 || now - this.#renewedAt < RENEWED_EVERY_MS) return;
    this.#renewedAt = now;
    await this.callbacks.renew([...this.#held.values()], LEASE_MS);
  }

  #begin(callbacks: readonly TakenCallback[]): void {
    for (const each of callbacks) this.#held.set(each.id, each);
    const looking = this.#lookAt(callbacks)
      .catch((error: unknown) => {
        // Their leases run out, and they are looked at again.
        if (!this.rounds.stopped) this.logger.warn(`A look at callbacks failed: ${(error as Error).message}`);
      })
      .finally(() => {
        this.#underWay.delete(looking);
        for (const { id } of callbacks) this.#held.delete(id);
        if (this.#more) this.wake();
      });
    this.#underWay.add(looking);
  }

  /** One after the other: they are of one order. */
  async #lookAt(taken: readonly TakenCallback[]): Promise<void> {
    const hooks = new Map((await this.hooks.byIds([...new Set(taken.map(({ hookId }) => hookId))])).map((hook) => [hook.id, hook]));
    const opened = taken.map((each) => ({ each, callback: this.#open(each) }));
    this.looks.share(opened.flatMap(({ callback }) => (callback instanceof Error ? [] : [callback])));
    for (const { each, callback } of opened) {
      const hook = hooks.get(each.hookId);
      if (hook === undefined) throw new Error(`The address of callback ${each.id} is gone`);
      await this.#settle(each, callback instanceof Error ? this.#failed(each, callback) : await this.#handle(callback, hook, each));
    }
  }

  #open({ body, lastReceivedAt: _last, fence: _fence, ...rest }: TakenCallback): StoredCallback | Error {
    try {
      return { ...rest, body: body && this.envelope.open(body, CALLBACK_BODY) };
    } catch (error) {
      return error as Error;
    }
  }

  async #handle(callback: StoredCallback, hook: Hook, taken: TakenCallback): Promise<CallbackOutcome> {
    const handler = this.registry.handlerOf(callback.entry);
    if (handler === undefined) {
      if (!this.#missing.has(callback.entry)) this.logger.warn(`Nobody knows what callbacks of ${callback.entry} mean; they are kept`);
      this.#missing.add(callback.entry);
      return NOBODY;
    }
    try {
      return await handler.handle(callback, hook);
    } catch (error) {
      return this.#failed(taken, error as Error);
    }
  }

  #failed({ id, entry }: TakenCallback, error: Error): CallbackOutcome {
    if (!this.rounds.stopped) this.logger.warn(`Callback ${id} (${entry}) could not be looked at: ${error.message}`);
    return { then: 'again', result: 'failed' };
  }

  async #settle({ id, fence, attempts, lastReceivedAt, entry }: TakenCallback, outcome: CallbackOutcome): Promise<void> {
    const now = this.clock.now();
    // What nobody understands is not given up: nobody has tried.
    const tried = outcome !== NOBODY;
    const next = nextOf(outcome, attempts, tried ? lastReceivedAt : now, now);
    const looks = tried ? attempts + 1 : attempts;
    await this.callbacks.lookedAt({ id, fence, ...next, result: outcome.result, attempts: looks, lastReceivedAt, now });
    if (next.state === 'given-up') this.alerts.raise('callback.given-up', { callback: id, entry, result: outcome.result });
  }
}
