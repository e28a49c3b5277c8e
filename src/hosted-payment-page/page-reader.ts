import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { canonicalId } from '../http/resource-id.js';
import type { ReadExtras } from '../klarna/call-extras.js';
import type { KlarnaExchange } from '../klarna/exchange.js';
import { HostedPaymentPageClient } from '../klarna/hosted-payment-page.client.js';
import type { Caller, ProviderAccount } from '../merchants/caller.js';
import { OrderLifecycle } from '../orders/order-lifecycle.js';
import { Database, type Transaction } from '../persistence/database.js';
import { SessionsRepository } from '../persistence/repositories/sessions.repository.js';
import { SealedEnvelope } from '../persistence/sealed-envelope.js';
import { tokenFingerprint } from '../persistence/token-fingerprint.js';
import { adoptedBy, HostedPagesRepository } from './hosted-pages.repository.js';
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
   * Takes over what a caller's read showed; a page that we don't know becomes the caller's. The first time that it is seen completed, its
   * order is adopted, or its token is kept with the payment session, if that is known here.
   * @param at when Klarna was asked
   */
  async keep(caller: Caller, { pageId, providerAccountId, page: known }: PageTarget, shown: PageFacts, at: Date): Promise<void> {
    const { merchantId, accounts } = caller;
    const page = known ?? adoptedBy({ merchantId, providerAccountId, dataSubject: uuidv7({ msecs: at.getTime() }) }, pageId, at);
    const orderId = orderOf(shown, page.purchase);
    const news = shown.status === COMPLETED && (known?.status !== COMPLETED || known.providerOrderId !== orderId);
    const place = news && page.purchase !== null ? await this.purchases.placeOf(caller, page.purchase) : null;
    await this.database.transaction(async (tx) => {
      if (news && orderId !== null) {
        const { dataSubject } = page;
        // An order stays with the account of what it was made from, which need not be the page's; unknown, it is where unknown orders are.
        const account = place?.providerAccountId ?? accounts['order-management'];
        await this.lifecycle.met(tx, { merchantId, providerAccountId: account, providerOrderId: orderId, dataSubject, at });
      }
      if (place !== null) await this.#tellSession(tx, place, orderId, shown.authorizationToken, at);
      if (known === undefined) await this.pages.insert(tx, { ...page, status: null, expiresAt: null, at });
      await this.pages.update(tx, page, { status: shown.status, expiresAt: shown.expiresAt, providerOrderId: orderId }, at);
    });
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
