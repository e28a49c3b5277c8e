import { Injectable } from '@nestjs/common';
import { canonicalId, isPossibleId } from '../http/resource-id.js';
import type { Caller } from '../merchants/caller.js';
import { ownPlace } from '../merchants/own-place.js';
import { CheckoutOrdersRepository } from '../persistence/repositories/checkout-orders.repository.js';
import { OrdersRepository } from '../persistence/repositories/orders.repository.js';

/** Where requests for a checkout go. */
export interface CheckoutTarget {
  providerOrderId: string;
  providerAccountId: string;
  /** Undefined: we don't know the checkout; Klarna decides, and when it does know it, it becomes the caller's. */
  dataSubject: string | undefined;
}

/** Finds out whose a checkout is before anything is sent. */
@Injectable()
export class CheckoutTargets {
  constructor(
    private readonly checkouts: CheckoutOrdersRepository,
    private readonly orders: OrdersRepository,
  ) {}

  /**
   * A checkout of the caller's goes to the account that it was made with, an unknown one to the caller's own.
   * @param orderId Klarna's, as it stands in the path
   * @returns undefined when it is another merchant's (as a checkout, or as the order it became), or can't be an id
   */
  async resolve(caller: Caller, orderId: string): Promise<CheckoutTarget | undefined> {
    if (!isPossibleId(orderId)) return undefined;
    const providerOrderId = canonicalId(orderId);
    const checkouts = await this.checkouts.byProviderId(providerOrderId);
    const places = checkouts.length > 0 ? checkouts : await this.orders.findByProviderId(providerOrderId);
    const place = ownPlace<{ merchantId: string; providerAccountId: string; dataSubject: string }>(places, caller, 'checkout');
    if (place === 'foreign') return undefined;
    return { providerOrderId, providerAccountId: place?.providerAccountId ?? caller.accounts.checkout, dataSubject: place?.dataSubject };
  }
}
