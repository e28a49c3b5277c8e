import { Injectable } from '@nestjs/common';
import type { Caller } from '../merchants/caller.js';
import { ownPlace } from '../merchants/own-place.js';
import type { OrderLook } from '../orders/order-look.js';
import { CheckoutOrdersRepository, type StoredCheckout } from '../persistence/repositories/checkout-orders.repository.js';
import { type OrderPlace, OrdersRepository } from '../persistence/repositories/orders.repository.js';
import { noSuchOrder, orderIdIn } from './order-id.js';
import { UnknownOrders } from './unknown-orders.js';

/** Where requests for an order go. */
export interface OrderTarget {
  providerOrderId: string;
  providerAccountId: string;
  /** Null: we don't know the order; Klarna decides, and when it does know it, the order is adopted. */
  known: { dataSubject: string; createdAt: Date; expiresAt: Date | null } | null;
  /** What the order's account has just shown, where it had to be asked to find the order. */
  look: OrderLook | null;
  /** Of the checkout that it was, for an order that we don't know yet. */
  dataSubject?: string;
}

/** Finds out whose an order is, and where it was made, before anything is sent. */
@Injectable()
export class OrderTargets {
  constructor(
    private readonly orders: OrdersRepository,
    private readonly checkouts: CheckoutOrdersRepository,
    private readonly unknown: UnknownOrders,
  ) {}

  /**
   * An order of the caller's goes to the account that it was made with, one that its checkout alone is known of to the checkout's, an
   * unknown one to the caller's own; where the caller has several, to the one that shows it.
   * @param orderId the provider's, as it stands in the path
   * @param headers the caller's that are passed on
   * @throws Refusal NO_SUCH_ORDER when it is another merchant's, as for an id that nobody knows; what `UnknownOrders.locate` throws
   */
  async resolve(caller: Caller, orderId: string, headers: Readonly<Record<string, string>>): Promise<OrderTarget> {
    const providerOrderId = orderIdIn(orderId);
    const places = await this.orders.findByProviderId(providerOrderId);
    const place = ownPlace(places, caller, 'order-management');
    if (place === 'foreign') throw noSuchOrder(providerOrderId);
    if (place !== undefined) return knownAt(place, null);

    const checkout = await this.#checkoutOf(caller, providerOrderId);
    if (checkout !== undefined) {
      const { providerAccountId, dataSubject } = checkout;
      return { providerOrderId, providerAccountId, dataSubject, known: null, look: null };
    }
    const { providerAccountId, look } = await this.unknown.locate(caller, providerOrderId, headers);
    // Another merchant of the same account has adopted it meanwhile.
    if (look?.kind === 'other-order') throw noSuchOrder(providerOrderId);
    const adopted = look?.kind === 'order' ? await this.#placeAt(providerAccountId, providerOrderId) : undefined;
    return adopted === undefined ? { providerOrderId, providerAccountId, known: null, look } : knownAt(adopted, look);
  }

  /** The checkout that was completed and not read since. @throws Refusal NO_SUCH_ORDER when it is another merchant's */
  async #checkoutOf(caller: Caller, providerOrderId: string): Promise<StoredCheckout | undefined> {
    const checkout = ownPlace(await this.checkouts.byProviderId(providerOrderId), caller, 'checkout');
    if (checkout === 'foreign') throw noSuchOrder(providerOrderId);
    return checkout;
  }

  async #placeAt(providerAccountId: string, providerOrderId: string): Promise<OrderPlace | undefined> {
    return (await this.orders.findByProviderId(providerOrderId)).find((place) => place.providerAccountId === providerAccountId);
  }
}

function knownAt({ providerOrderId, providerAccountId, ...known }: OrderPlace, look: OrderLook | null): OrderTarget {
  return { providerOrderId, providerAccountId, known, look };
}
