import { Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import { Settings } from '../config/settings.js';
import type { KlarnaExchange } from '../klarna/exchange.js';
import { CheckoutClient } from '../klarna/checkout.client.js';
import { ProviderAccounts } from '../merchants/provider-accounts.js';
import { OrderReader } from '../orders/order-reader.js';
import { Database } from '../persistence/database.js';
import { CheckoutOrdersRepository, FIRST_LOOK_MS, type OpenCheckout } from '../persistence/repositories/checkout-orders.repository.js';
import { type DueLook, LooksRepository } from '../persistence/repositories/looks.repository.js';
import { LOOK_WITHIN_MS, type Looked, Sweeper, unseen } from '../webhooks/looks/sweeper.js';
import { checkoutIn, isGone } from './checkout-facts.js';
import { CheckoutKeeper } from './checkout-keeper.js';

const HOUR_MS = 3_600_000;
/** Klarna repeats a push for 48 hours, so few looks are enough for what none of them reached. */
const LOOKS_MS = [FIRST_LOOK_MS, 2 * HOUR_MS];
const EVERY_MS = 12 * HOUR_MS;
/** The last look, while it can still be read. */
const BEFORE_END_MS = 15 * 60_000;

/** When an open checkout that was just looked at is looked at again. Null: it is over. */
export function nextLook({ createdAt, expiresAt }: { createdAt: Date; expiresAt: Date }, now: Date): Date | null {
  const elapsed = now.getTime() - createdAt.getTime();
  const offset = LOOKS_MS.find((ms) => ms > elapsed) ?? (Math.floor(elapsed / EVERY_MS) + 1) * EVERY_MS;
  const last = expiresAt.getTime() - BEFORE_END_MS;
  if (now.getTime() >= last) return now < expiresAt ? expiresAt : null;
  return new Date(Math.min(createdAt.getTime() + offset, last));
}

/** Reads open checkouts whose push may never come. One that the shopper has completed becomes an order, and the merchant is told. */
@Injectable()
export class CheckoutSweeper extends Sweeper {
  constructor(
    looks: LooksRepository,
    private readonly client: CheckoutClient,
    private readonly accounts: ProviderAccounts,
    private readonly checkouts: CheckoutOrdersRepository,
    private readonly keeper: CheckoutKeeper,
    private readonly orders: OrderReader,
    private readonly database: Database,
    clock: Clock,
    settings: Settings,
  ) {
    super('Checkouts', 'checkout_orders', looks, clock, settings);
  }

  protected async look({ id }: DueLook): Promise<Looked> {
    const checkout = await this.checkouts.byId(id);
    if (checkout === undefined) return { answered: true, nextAt: null };
    const at = this.clock.now();
    const account = await this.accounts.byId(checkout.providerAccountId);
    const exchange = await this.client.read(account, checkout.providerOrderId, { timeoutMs: LOOK_WITHIN_MS });
    if (exchange.kind === 'answer' && isGone(exchange)) return this.#notThere(checkout, at);
    return this.#shown(checkout, exchange, at);
  }

  async #shown(checkout: OpenCheckout, exchange: KlarnaExchange, at: Date): Promise<Looked> {
    const shown = exchange.kind === 'answer' ? checkoutIn(exchange, at) : undefined;
    if (shown === undefined) return unseen(exchange, at, { next: nextLook(checkout, at), end: checkout.expiresAt });
    const { orderId } = shown;
    if ((orderId ?? checkout.providerOrderId).toLowerCase() !== checkout.providerOrderId.toLowerCase())
      return { answered: false, end: checkout.expiresAt };
    await this.database.transaction((tx) => this.keeper.keep(tx, { ...checkout, operationId: null, facts: shown.facts, at }, shown));
    return { answered: true, nextAt: shown.complete ? null : nextLook({ ...checkout, expiresAt: shown.facts.expiresAt }, at) };
  }

  /** A completed checkout may not be shown any more; its order is, under the same id. */
  async #notThere(checkout: OpenCheckout, at: Date): Promise<Looked> {
    const { providerAccountId, providerOrderId } = checkout;
    const look = await this.orders.look({ providerAccountId, providerOrderId }, { timeoutMs: LOOK_WITHIN_MS });
    if (look.kind === 'unreadable') return { answered: false, end: checkout.expiresAt };
    if (look.kind === 'order') await this.database.transaction((tx) => this.keeper.completed(tx, checkout, at));
    else await this.checkouts.gone(this.database, providerAccountId, providerOrderId, at);
    return { answered: true, nextAt: null };
  }
}
