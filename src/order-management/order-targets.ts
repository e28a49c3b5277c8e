import { Injectable } from '@nestjs/common';
import type { Caller } from '../merchants/caller.js';
import { CheckoutOrdersRepository } from '../persistence/repositories/checkout-orders.repository.js';
import { OrdersRepository } from '../persistence/repositories/orders.repository.js';
import { noSuchOrder, orderIdIn } from './order-id.js';

/** Where requests for an order go. */
export interface OrderTarget {
  providerOrderId: string;
  providerAccountId: string;
  /** Null: we don't know the order; Klarna decides, and when it does know it, the order is adopted. */
  known: { dataSubject: string; createdAt: Date } | null;
  /** Of the checkout that it was, for an order that we don't know yet. */
  dataSubject?: string;
}

/** Finds out whose an order is before anything is sent. */
@Injectable()
export class OrderTargets {
  constructor(
    private readonly orders: OrdersRepository,
    private readonly checkouts: CheckoutOrdersRepository,
  ) {}

  /**
   * An order of the caller's goes to the account that it was made with, an unknown one to the caller's own. The order of a checkout that
   * was completed and not read since is known by its checkout.
   * @param orderId the provider's, as it stands in the path
   * @throws Refusal NO_SUCH_ORDER when it is another merchant's, as for an id that nobody knows
   */
  async resolve(caller: Caller, orderId: string): Promise<OrderTarget> {
    const providerOrderId = orderIdIn(orderId);
    const own = caller.accounts['order-management'];
    const places = await this.orders.findByProviderId(providerOrderId);
    const mine = places.filter((place) => place.merchantId === caller.merchantId);
    const place = mine.find((candidate) => candidate.providerAccountId === own) ?? mine[0];
    if (place !== undefined) {
      const { providerAccountId, dataSubject, createdAt } = place;
      return { providerOrderId, providerAccountId, known: { dataSubject, createdAt } };
    }
    if (places.length > 0) throw noSuchOrder(providerOrderId);
    const checkouts = await this.checkouts.byProviderId(providerOrderId);
    const checkout = checkouts.find((each) => each.merchantId === caller.merchantId);
    if (checkout !== undefined) {
      const { providerAccountId, dataSubject } = checkout;
      return { providerOrderId, providerAccountId, dataSubject, known: null };
    }
    if (checkouts.length > 0) throw noSuchOrder(providerOrderId);
    return { providerOrderId, providerAccountId: own, known: null };
  }
}
