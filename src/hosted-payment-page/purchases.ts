import { Injectable } from '@nestjs/common';
import { ownPlace, type PlaceOwner } from '../merchants/own-place.js';
import { Refusal } from '../operations/errors.js';
import { CheckoutOrdersRepository } from '../persistence/repositories/checkout-orders.repository.js';
import { OrdersRepository } from '../persistence/repositories/orders.repository.js';
import { SessionsRepository } from '../persistence/repositories/sessions.repository.js';
import type { Purchase } from './purchase-url.js';

/** Where a purchase was made, and whose data it is. */
export interface PurchasePlace {
  providerAccountId: string;
  /** Undefined: we don't know the purchase; Klarna decides. */
  dataSubject: string | undefined;
  /** Our id of the payment session; null: unknown, or not one. */
  sessionId: string | null;
}

interface Known {
  merchantId: string;
  providerAccountId: string;
  dataSubject: string;
  id: string;
}

/** Finds out whose the purchase is that a page is made for, and at which of Klarna's accounts it was made. */
@Injectable()
export class Purchases {
  /** What we know by the id of a purchase, per API that pages can be made for. */
  readonly #known: Readonly<Record<Purchase['api'], (id: string) => Promise<readonly Known[]>>>;

  constructor(sessions: SessionsRepository, checkouts: CheckoutOrdersRepository, orders: OrdersRepository) {
    this.#known = {
      payments: (id) => sessions.byProviderId(id),
      // A checkout's order keeps the checkout's id.
      checkout: async (id) => [...(await checkouts.byProviderId(id)), ...(await orders.findByProviderId(id))],
    };
  }

  /**
   * A purchase of the caller's is where it was made, an unknown one at the account that the caller has for its API.
   * @throws Refusal NOT_FOUND when it is another merchant's, in the words that Klarna has for an unknown one
   */
  async placeOf(caller: PlaceOwner, { api, id }: Purchase): Promise<PurchasePlace> {
    const known = ownPlace(await this.#known[api](id), caller, api);
    if (known === 'foreign') throw new Refusal('NOT_FOUND', ['Payment session not found or expired']);
    return {
      providerAccountId: known?.providerAccountId ?? caller.accounts[api],
      dataSubject: known?.dataSubject,
      sessionId: api === 'payments' ? (known?.id ?? null) : null,
    };
  }
}
