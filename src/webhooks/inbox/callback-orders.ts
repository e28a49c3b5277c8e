import { Injectable } from '@nestjs/common';
import { Clock } from '../../clock/clock.js';
import { Findings } from '../../operations/findings.js';
import { OrderReader, type OrderAddress } from '../../orders/order-reader.js';
import type { OrderSnapshot } from '../../orders/order-snapshot.js';
import { CallbackPurchases, type HookPurchase } from '../../persistence/repositories/callback-purchases.repository.js';
import type { Hook } from '../../persistence/repositories/hooks.repository.js';
import { OrdersRepository } from '../../persistence/repositories/orders.repository.js';
import { Nudges } from '../../queue/nudges.js';
import { Alerts } from '../../telemetry/alerts.js';
import { belonging, isOfToken, onlyOne, placedBy } from './belonging.js';
import type { CallbackOutcome, StoredCallback } from './callback-handler.js';
import { OrderLooks } from './order-looks.js';

/** An order that a callback named, that Klarna shows and that is the address' merchant's. It is stored as it was shown. */
export interface SeenOrder {
  address: OrderAddress;
  snapshot: OrderSnapshot;
}

/** An operation that is placing the order gets so many looks of a callback to come to an end by itself. */
const LOOKS_FOR_PLACING = 5;
/** And calls that may be placing it, without anything that says so: the longest of them ends within the pauses between so many. */
const LOOKS_FOR_CALLS = 3;

/** The way from a callback's word to an order: looked at, judged, adopted. */
@Injectable()
export class CallbackOrders {
  constructor(
    private readonly purchases: CallbackPurchases,
    private readonly orders: OrdersRepository,
    private readonly looks: OrderLooks,
    private readonly reader: OrderReader,
    private readonly findings: Findings,
    private readonly nudges: Nudges,
    private readonly clock: Clock,
    private readonly alerts: Alerts,
  ) {}

  /**
   * Reads the order that a callback names and stores what Klarna shows; one that we don't know is adopted, if it belongs to what the
   * address was made for. May be repeated.
   * @returns the order, or what the callback has come to without one
   * @throws DatabaseUnavailable
   */
  async seen(callback: StoredCallback, hook: Hook): Promise<SeenOrder | CallbackOutcome> {
    const purchase = await this.purchases.of(hook, callback.providerOrderId, this.clock.now());
    const providerOrderId = callback.providerOrderId ?? orderOf(purchase);
    if (providerOrderId === undefined) {
      const soon = (await this.#wake(purchase)) && callback.attempts < LOOKS_FOR_PLACING;
      return soon ? { then: 'again', result: 'being-placed' } : { then: 'done', result: 'no-order-id' };
    }
    const known = await this.orders.findByProviderId(providerOrderId);
    const own = known.filter(({ merchantId }) => merchantId === hook.merchantId);
    if (known.length > 0 && own.length === 0) return this.#foreign(callback);
    const asked = await this.looks.at(callback, providerOrderId);
    const { look } = asked;
    switch (look.kind) {
      case 'unreadable':
        return { then: 'again', result: 'unreadable' };
      case 'other-order':
        return { then: 'done', result: 'other-spelling' };
      case 'no-such-order':
        // Placed a moment ago, or never: our own call may still wait for Klarna's answer.
        await this.#wake(purchase);
        return { then: 'again', result: 'no-such-order' };
      case 'order': {
        const { snapshot } = look;
        const named = { providerOrderId, providerSessionId: callback.providerSessionId, snapshot, known: own.length > 0 };
        const belongs = belonging(purchase, named);
        if (belongs === 'foreign') return this.#foreign(callback);
        const placer = own.length === 0 ? placedBy(purchase, hook, snapshot) : undefined;
        // Of several merchants who share an account, nothing but what is stored, or what the shop has named it, says whose a new order is.
        const isNobodys = belongs === 'unknown' && purchase.sharedAccount && (placer?.reference ?? null) === null;
        if (own.length > 0) {
          await this.#wake(purchase);
        } else if (placer?.late === true && !isNobodys) {
          // The look took its time.
          if ((await this.orders.findByProviderId(providerOrderId)).length > 0) return { then: 'again', result: 'being-placed' };
          await this.findings.present(placer.id, providerOrderId, asked.startedAt, { callback: callback.id });
        } else {
          if (await this.#isBeingPlaced(callback, purchase)) return { then: 'again', result: 'being-placed' };
          if (isNobodys) return this.#foreign(callback);
        }
        const place = own.find((each) => each.providerAccountId === hook.providerAccountId) ?? own[0];
        const address = {
          providerAccountId: place?.providerAccountId ?? hook.providerAccountId,
          providerOrderId,
          dataSubject: hook.dataSubject,
        };
        const applied =
          address.providerAccountId === hook.providerAccountId
            ? await this.reader.learned(address, asked, hook.merchantId)
            : (await this.reader.refresh(address)).application;
        return applied === 'foreign' ? this.#foreign(callback) : { address, snapshot };
      }
    }
  }

  /**
   * The callback was faster than the answer to our own call, which settles itself. An operation that has left its caller without an answer
   * is not waited for: Klarna has shown its order.
   */
  async #isBeingPlaced({ attempts, lastResult }: StoredCallback, purchase: HookPurchase): Promise<boolean> {
    const looksLeft = (await this.#wake(purchase)) ? LOOKS_FOR_PLACING : purchase.placingSomething ? LOOKS_FOR_CALLS : 0;
    // Looks that saw nothing are none of these.
    return looksLeft > 0 && (attempts < looksLeft || lastResult !== 'being-placed');
  }

  /** @returns whether an operation is placing an order of this purchase */
  async #wake({ placing }: HookPurchase): Promise<boolean> {
    const open = placing.filter(({ manual }) => !manual).map(({ id }) => id);
    if (open.length === 0) return false;
    for (const { id, fence } of await this.purchases.wake(open, this.clock.now())) this.nudges.nudge(id, fence, 0);
    return true;
  }

  #foreign({ id, entry }: StoredCallback): CallbackOutcome {
    this.alerts.raise('callback.foreign', { callback: id, entry });
    return { then: 'done', result: 'foreign' };
  }
}

/** The one order that an address can be about, where its callback names none. */
function orderOf(purchase: HookPurchase): string | undefined {
  const { checkoutIds, orderIds, tokenOrderIds, madeIds } = purchase;
  if (isOfToken(purchase)) return onlyOne(orderIds.filter((id) => madeIds.includes(id)));
  return onlyOne(checkoutIds) ?? onlyOne(orderIds.filter((id) => !tokenOrderIds.includes(id)));
}
