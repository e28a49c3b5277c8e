import { Injectable } from '@nestjs/common';
import { canonicalId } from '../http/resource-id.js';
import { OrderLifecycle } from '../orders/order-lifecycle.js';
import type { Transaction } from '../persistence/database.js';
import {
  CheckoutOrdersRepository,
  completeAlone,
  type NewCheckout,
  type StoredCheckout,
} from '../persistence/repositories/checkout-orders.repository.js';
import { CustomerTokensRepository } from '../persistence/repositories/customer-tokens.repository.js';
import type { ShownCheckout } from './checkout-facts.js';

/** Remembers checkouts. One that the shopper has completed becomes an order with the checkout's account, its recurring token a customer token with it. */
@Injectable()
export class CheckoutKeeper {
  constructor(
    private readonly checkouts: CheckoutOrdersRepository,
    private readonly tokens: CustomerTokensRepository,
    private readonly lifecycle: OrderLifecycle,
  ) {}

  /**
   * Keeps what is known of a checkout; one that nobody has yet becomes the merchant's.
   * @param shown what Klarna showed, if that is where it is known from
   * @returns whether it is the merchant's: two merchants may share a provider account, and whoever came first has it
   */
  async keep(tx: Transaction, checkout: NewCheckout, shown?: ShownCheckout): Promise<boolean> {
    const stored = await this.checkouts.put(tx, checkout);
    if (stored.merchantId !== checkout.merchantId) return false;
    if (shown?.complete !== true) return true;
    const { merchantId, providerAccountId, providerOrderId, dataSubject } = stored;
    await this.lifecycle.met(tx, { merchantId, providerAccountId, providerOrderId, dataSubject, at: checkout.at });
    // It is charged where it was made: at the host, and with the credentials, of the checkout.
    if (shown.recurringToken !== null) {
      await this.tokens.made(tx, canonicalId(shown.recurringToken), { merchantId, providerAccountId, dataSubject }, null, checkout.at);
    }
    return true;
  }

  /** Notes that a checkout of ours has become an order, of which nothing else was shown. */
  async completed(tx: Transaction, checkout: StoredCheckout, at: Date): Promise<void> {
    const { merchantId, providerAccountId, providerOrderId, dataSubject } = checkout;
    await this.checkouts.put(tx, { ...checkout, operationId: null, facts: completeAlone(at), at });
    await this.lifecycle.met(tx, { merchantId, providerAccountId, providerOrderId, dataSubject, at });
  }
}
