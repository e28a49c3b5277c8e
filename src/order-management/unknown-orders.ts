import { Injectable } from '@nestjs/common';
import { replyToRead, unavailable } from '../http/provider-answer.js';
import type { Caller } from '../merchants/caller.js';
import { Refusal } from '../operations/errors.js';
import type { OrderLook } from '../orders/order-look.js';
import { OrderReader } from '../orders/order-reader.js';

/** Where an order is that we have never heard of. */
export interface Located {
  providerAccountId: string;
  /** What that account showed; null: it is the caller's only one, and was not asked. */
  look: OrderLook | null;
}

/** The APIs that make orders, the likeliest first; what is asked for under an id goes to Order Management's account first. */
const PLACES = ['order-management', 'checkout', 'payments', 'hosted-payment-page', 'customer-token'] as const;

/**
 * Finds the account of an order that we don't know, for a merchant whose APIs have several (Checkout at Kustom's host, or with credentials
 * of its own). It only reads: a change is sent once, to the one place that has the order. An order that is found becomes the caller's,
 * pinned to that account.
 */
@Injectable()
export class UnknownOrders {
  constructor(private readonly reader: OrderReader) {}

  /**
   * Asks Order Management's own account, then the others, until one shows the order. Nobody shows it: it is Order Management's to say so.
   * An account that does not answer proves nothing: when the others don't have the order either, it may be there, and only when there is
   * one such account, which is Order Management's own, can the request go on.
   * @throws Refusal TEMPORARILY_UNAVAILABLE or PROVIDER_CREDENTIALS when it can't be told where the order is; nothing was sent (repeat)
   */
  async locate(caller: Caller, providerOrderId: string, headers: Readonly<Record<string, string>>): Promise<Located> {
    const [own, ...others] = new Set(PLACES.map((api) => caller.accounts[api]));
    if (own === undefined || others.length === 0) return { providerAccountId: caller.accounts['order-management'], look: null };
    const ask = (providerAccountId: string) => this.reader.read({ providerAccountId, providerOrderId }, caller.merchantId, headers);

    const look = await ask(own);
    if (look.kind === 'order') return { providerAccountId: own, look };
    let silent: OrderLook | undefined;
    for (const providerAccountId of others) {
      const there = await ask(providerAccountId);
      if (there.kind === 'order') return { providerAccountId, look: there };
      if (!isElsewhere(there)) silent ??= there;
    }
    if (silent !== undefined) throw undecided(silent);
    return { providerAccountId: own, look };
  }
}

/** Klarna's own word that the account has no such order; a merchant's without rights to it is a 403 with an error object. */
function isElsewhere(look: OrderLook): boolean {
  if (look.kind !== 'unreadable') return look.kind !== 'order';
  const { code, exchange } = look;
  return exchange.kind === 'answer' && exchange.status === 403 && code !== 'HTTP_403' && code !== 'MERCHANT_INACTIVE';
}

function undecided(look: OrderLook): Refusal {
  try {
    if (look.kind === 'unreadable') replyToRead(look.exchange);
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
  return unavailable('Klarna could not be asked where this order was made. Nothing was sent; repeat the request');
}
