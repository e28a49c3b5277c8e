import { Injectable, Logger } from '@nestjs/common';
import { Clock } from '../../clock/clock.js';
import { Database, type Transaction } from '../../persistence/database.js';
import { CallbackPurchases } from '../../persistence/repositories/callback-purchases.repository.js';
import { EventsRepository } from '../../persistence/repositories/events.repository.js';
import type { Hook } from '../../persistence/repositories/hooks.repository.js';
import { OrdersRepository } from '../../persistence/repositories/orders.repository.js';
import type { StoredOrder } from '../../persistence/repositories/stored-order.js';
import { Alerts } from '../../telemetry/alerts.js';
import type { CallbackHandler, CallbackOutcome, StoredCallback } from './callback-handler.js';
import { belonging } from './belonging.js';
import { CallbackOrders, type SeenOrder } from './callback-orders.js';
import { bodyOf } from './callback-words.js';
import { idsOf } from './push.handler.js';
import { ShopLine } from './shop-line.js';

/** What the order must show for a decision to be one. */
const SHOWN: Readonly<Record<string, string>> = { FRAUD_RISK_ACCEPTED: 'ACCEPTED', FRAUD_RISK_REJECTED: 'REJECTED' };
/** Some eight minutes: a read may lag behind the decision, not for longer. */
const LOOKS_FOR_AGREEMENT = 5;

/**
 * `notification`: Klarna's risk team has decided. The decision is what the order shows; the callback is passed on when it says the same.
 */
@Injectable()
export class NotificationHandler implements CallbackHandler {
  readonly entry = 'notification';
  readonly #logger = new Logger('Callbacks');

  constructor(
    private readonly callbackOrders: CallbackOrders,
    private readonly orders: OrdersRepository,
    private readonly purchases: CallbackPurchases,
    private readonly events: EventsRepository,
    private readonly database: Database,
    private readonly line: ShopLine,
    private readonly clock: Clock,
    private readonly alerts: Alerts,
  ) {}

  async handle(callback: StoredCallback, hook: Hook): Promise<CallbackOutcome> {
    const seen = await this.callbackOrders.seen(callback, hook);
    if ('then' in seen) {
      if (seen.then === 'again' && callback.eventType === 'FRAUD_RISK_STOPPED') await this.#toldUnread(callback, hook);
      return seen;
    }
    const named = bodyOf(callback.body)['order_id'];
    // The address says one order and the body another: whoever reads the body would be told of one that was not looked at.
    if (named !== undefined && named !== seen.address.providerOrderId) return { then: 'done', result: 'contradictory' };
    const { eventType } = callback;
    if (eventType === 'FRAUD_RISK_STOPPED') return this.#stopped(callback, hook, seen);
    const wanted = eventType === null ? undefined : SHOWN[eventType];
    if (wanted === undefined) {
      this.#logger.warn(`Callback ${callback.id} says nothing that is known: its order was read, nothing was passed on`);
      return { then: 'done', result: 'unknown-event' };
    }
    if (seen.snapshot.fraudStatus !== wanted) return notConfirmed(callback);
    await this.database.transaction((tx) => this.#pass(tx, callback, hook, seen));
    return { then: 'done', result: 'confirmed' };
  }

  /** Klarna asks to stop an order that it accepted before. The order need not show it: a person decides, and is told whether it does. */
  async #stopped(callback: StoredCallback, hook: Hook, seen: SeenOrder): Promise<CallbackOutcome> {
    const { providerAccountId, providerOrderId } = seen.address;
    const confirmed = seen.snapshot.fraudStatus === 'REJECTED';
    const told = await this.database.transaction(async (tx) => {
      const order = await this.orders.lock(tx, providerAccountId, providerOrderId);
      if (order === undefined) return false;
      // Unconfirmed words are told as such, and not passed on as if they were Klarna's.
      if (confirmed) await this.#pass(tx, callback, hook, seen);
      return this.#tellStop(tx, order, callback, confirmed);
    });
    if (told) this.alerts.raise('fraud.stopped', { order: providerOrderId, confirmed });
    return confirmed ? { then: 'done', result: 'confirmed' } : notConfirmed(callback);
  }

  /** Klarna asks to stop an order that can't be read now. One that is stored, and that may be of this address' purchase, is told of at once. */
  async #toldUnread(callback: StoredCallback, hook: Hook): Promise<void> {
    const { providerOrderId, providerSessionId } = callback;
    if (providerOrderId === null) return;
    const purchase = await this.purchases.of(hook, providerOrderId, this.clock.now());
    const told = await this.database.transaction(async (tx) => {
      const order = await this.orders.lock(tx, hook.providerAccountId, providerOrderId);
      if (order?.merchantId !== hook.merchantId) return false;
      const named = { providerOrderId, providerSessionId, snapshot: order, known: true };
      return belonging(purchase, named) !== 'foreign' && (await this.#tellStop(tx, order, callback, false));
    });
    if (told) this.alerts.raise('fraud.stopped', { order: providerOrderId, confirmed: false });
  }

  /** @returns whether it was told now; false: it was before */
  async #tellStop(tx: Transaction, order: StoredOrder, callback: StoredCallback, confirmed: boolean): Promise<boolean> {
    if (await this.purchases.stopTold(tx, order.id, callback.id)) return false;
    await this.events.publish(tx, [
      {
        ...{ merchantId: order.merchantId, subject: order.id, type: 'order.fraud.stopped', at: this.clock.now(), orderId: order.id },
        ...{ providerOrderId: order.providerOrderId, operationId: null, data: { confirmed, callback_id: callback.id } },
      },
    ]);
    return true;
  }

  #pass(tx: Transaction, callback: StoredCallback, hook: Hook, { address }: SeenOrder): Promise<boolean> {
    return this.line.pass(tx, callback, hook, { ...idsOf(callback, address.providerOrderId), body: callback.body });
  }
}

/** A read may lag behind: it is given up when two reads with a pause between them have shown something else, and not while nothing can be read. */
function notConfirmed({ attempts, lastResult }: StoredCallback): CallbackOutcome {
  const last = attempts >= LOOKS_FOR_AGREEMENT && lastResult === 'not-confirmed-yet';
  return last ? { then: 'done', result: 'not-confirmed' } : { then: 'again', result: 'not-confirmed-yet' };
}
