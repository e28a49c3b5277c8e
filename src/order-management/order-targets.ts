import { Injectable } from '@nestjs/common';
import type { Caller } from '../merchants/caller.js';
import { OrdersRepository } from '../persistence/repositories/orders.repository.js';
import { noSuchOrder, orderIdIn } from './order-id.js';

/** Where requests for an order go. */
export interface OrderTarget {
  providerOrderId: string;
  providerAccountId: string;
  /** Null: we don't know the order; Klarna decides, and when it does know it, the order is adopted. */
  known: { dataSubject: string; createdAt: Date; expiresAt: Date | null } | null;
}

/** Finds out whose an order is before anything is sent. */
@Injectable()
export class OrderTargets {
  constructor(private readonly orders: OrdersRepository) {}

  /**
   * An order of the caller's goes to the account that it was made with, an unknown one to the caller's own.
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
      const { providerAccountId, dataSubject, createdAt, expiresAt } = place;
      return { providerOrderId, providerAccountId, known: { dataSubject, createdAt, expiresAt } };
    }
    if (places.length > 0) throw noSuchOrder(providerOrderId);
    return { providerOrderId, providerAccountId: own, known: null };
  }
}
