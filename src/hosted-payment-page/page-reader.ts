import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { canonicalId } from '../http/resource-id.js';
import type { ReadExtras } from '../klarna/call-extras.js';
import type { KlarnaExchange } from '../klarna/exchange.js';
import { HostedPaymentPageClient } from '../klarna/hosted-payment-page.client.js';
import type { ProviderAccount } from '../merchants/caller.js';
import type { PlaceOwner } from '../merchants/own-place.js';
import { OrderLifecycle } from '../orders/order-lifecycle.js';
import { Database, type Transaction } from '../persistence/database.js';
import { CheckoutOrdersRepository, completeAlone } from '../persistence/repositories/checkout-orders.repository.js';
import { EventsRepository } from '../persistence/repositories/events.repository.js';
import { SessionsRepository } from '../persistence/repositories/sessions.repository.js';
import { SealedEnvelope } from '../persistence/sealed-envelope.js';
import { tokenFingerprint } from '../persistence/token-fingerprint.js';
import { adoptedBy, HostedPagesRepository, type NewPage, type StoredPage } from './hosted-pages.repository.js';
import { COMPLETED, type PageFacts, pageIn } from './page-facts.js';
import type { PageTarget } from './page-targets.js';
import type { Purchase } from './purchase-url.js';
import { type PurchasePlace, Purchases } from './purchases.js';

export interface PageLook {
  exchange: KlarnaExchange;
  /** Undefined when the exchange is not a page: unreachable, refused, not found, garbled. */
  shown: PageFacts | undefined;
}

/** Reads pages at Klarna and keeps what they show: their state, and once they are completed what became of the purchase. */
@Injectable()
export class PageReader {
  constructor(
    private readonly client: HostedPaymentPageClient,
    private readonly pages: HostedPagesRepository,
    private readonly purchases: Purchases,
    private readonly sessions: SessionsRepository,
    private readonly checkouts: CheckoutOrdersRepository,
    private readonly events: EventsRepository,
    private readonly lifecycle: OrderLifecycle,
    private readonly database: Database,
    private readonly envelope: SealedEnvelope,
  ) {}

  /** Reads a page without keeping anything. @param extras whose read it is, and the caller's headers, passed on */
  async look(account: ProviderAccount, pageId: string, extras: ReadExtras = {}): Promise<PageLook> {
    const exchange = await this.client.readSession(account, pageId, extras);
    return { exchange, shown: exchange.kind === 'answer' ? pageIn(exchange) : undefined };
  }

  /**
   * Takes over what a read showed; a page that we don't know becomes its merchant's. The first time that it is seen completed, its order is
   * adopted, or its token is kept with the payment session, if that is known here; and the merchant is told.
   * @param owner whose page it is
   * @param at when Klarna was asked
   */
  async keep(owner: PlaceOwner, { pageId, providerAccountId, page: known }: PageTarget, shown: PageFacts, at: Date): Promise<void> {
    const { merchantId, accounts } = owner;
    const met = adoptedBy({ merchantId, providerAccountId, dataSubject: uuidv7({ msecs: at.getTime() }) }, pageId, at);
    const page = known ?? met;
    const orderId = orderOf(shown, page.purchase);
    const news = shown.status === COMPLETED && (known?.status !== COMPLETED || known.providerOrderId !== orderId);
    const place = news && page.purchase !== null ? await this.purchases.placeOf(owner, page.purchase) : null;
    await this.database.transaction(async (tx) => {
      if (news && orderId !== null) {
        const { dataSubject } = page;
        // An order stays with the account of what it was made from, which need not be the page's; unknown, it is where unknown orders are.
        const account = place?.providerAccountId ?? accounts['order-management'];
        await this.lifecycle.met(tx, { merchantId, providerAccountId: account, providerOrderId: orderId, dataSubject, at });
      }
      if (place !== null) await this.#tellSession(tx, place, orderId, shown.authorizationToken, at);
      if (known === undefined) await this.pages.insert(tx, met);
      await this.pages.update(tx, page, { ...shown, providerOrderId: orderId }, at);
      if (shown.status === COMPLETED) await this.#announce(tx, page, orderId, at);
    });
  }

  /** Once per page; a checkout that was paid on one is told of as such, whoever sees it first. */
  async #announce(tx: Transaction, page: StoredPage | NewPage, orderId: string | null, at: Date): Promise<void> {
    const id = await this.pages.announce(tx, page, at);
    if (id === undefined || (await this.#completeCheckout(tx, page, at))) return;
    const { merchantId, providerSessionId, purchase } = page;
    const session = purchase?.api === 'payments' ? { payment_session_id: purchase.id } : {};
    const data = { hosted_page_id: providerSessionId, ...session };
    const told = { merchantId, subject: id, type: 'checkout.completed', at, orderId: null, operationId: null, data } as const;
    await this.events.publish(tx, [{ ...told, providerOrderId: orderId }]);
  }

  /** @returns whether the page was made for a checkout that we know */
  async #completeCheckout(tx: Transaction, { merchantId, purchase }: StoredPage | NewPage, at: Date): Promise<boolean> {
    if (purchase?.api !== 'checkout') return false;
    const checkout = (await this.checkouts.byProviderId(purchase.id, tx)).find((each) => each.merchantId === merchantId);
    if (checkout === undefined) return false;
    await this.checkouts.put(tx, { ...checkout, operationId: null, facts: completeAlone(at), at });
    return true;
  }

  /** What a read of the session itself would have shown. */
  async #tellSession(
    tx: Transaction,
    { sessionId }: PurchasePlace,
    orderId: string | null,
    authorizationToken: string | null,
    at: Date,
  ): Promise<void> {
    if (sessionId === null) return;
    if (orderId !== null) await this.sessions.complete(tx, sessionId, at);
    else if (authorizationToken !== null) {
      await this.sessions.showedToken(tx, sessionId, tokenFingerprint(this.envelope, authorizationToken), at);
    }
  }
}

/** The order that was placed on a page; null: none, or none yet. Klarna need not repeat a checkout's: its order has the checkout's id. */
function orderOf({ status, orderId }: PageFacts, purchase: Purchase | null): string | null {
  if (orderId !== null) return canonicalId(orderId);
  return status === COMPLETED && purchase?.api === 'checkout' ? purchase.id : null;
}
