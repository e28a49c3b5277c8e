import type { JsonObject } from '../json.js';
import { withShipping } from './chosen-shipping.js';
import type { HostedPage, PageStatus, PageUrlName, Purchase } from './model.js';
import type { World } from './work.js';

const FINAL: readonly PageStatus[] = ['COMPLETED', 'CANCELLED', 'DISABLED'];

/** Whether the shopper can still pay on a page. A declined payment may be tried again. */
export function isOpenPage(page: HostedPage, now: number): boolean {
  return !FINAL.includes(page.status) && page.expires_at > now;
}

/** The status that is shown: of a page that nobody paid on in time, that. */
export function statusNow(page: HostedPage, now: number): PageStatus | 'TIMEOUT' {
  return !FINAL.includes(page.status) && page.expires_at <= now ? 'TIMEOUT' : page.status;
}

/** What is paid on a page, as it stands; undefined once it is forgotten. */
export function purchaseOn({ store: { rows } }: World, { paid }: HostedPage): Purchase | undefined {
  if (paid.api === 'payments') return rows.sessions.get(paid.id)?.purchase;
  const checkout = rows.checkouts.get(paid.id);
  return checkout && withShipping(checkout.purchase);
}

/** A page as its read, and its status_update callbacks, show it. */
export function pageView(world: World, page: HostedPage, now: number): JsonObject {
  const { rows } = world.store;
  const order = page.order_id === undefined ? undefined : rows.orders.get(page.order_id);
  const { billing_address: payer, customer } = purchaseOn(world, page) ?? {};
  const completed = page.status === 'COMPLETED';
  // Of a checkout's page it need not be shown: the order has the checkout's id.
  const shown = page.paid.api === 'payments' || world.switches.get('checkout_page_order') === 'shown';
  return {
    session_id: page.session_id,
    status: statusNow(page, now),
    updated_at: world.clock.iso(page.updated_at),
    expires_at: world.clock.iso(page.expires_at),
    ...(page.authorization_token !== undefined && { authorization_token: page.authorization_token }),
    ...(page.order_id !== undefined && shown && { order_id: page.order_id }),
    ...(order !== undefined && { klarna_reference: order.klarna_reference }),
    ...(completed &&
      payer !== undefined && {
        customer: {
          ...(payer.given_name !== undefined && { given_name: payer.given_name }),
          ...(payer.family_name !== undefined && { family_name: payer.family_name }),
          ...(customer?.date_of_birth !== undefined && { date_of_birth: customer.date_of_birth }),
        },
      }),
  };
}

/** One of the page's merchant URLs, with what is known in place of its placeholders; undefined when the merchant gave none. */
export function filledUrl(page: HostedPage, name: PageUrlName): string | undefined {
  const url = page.merchant_urls[name];
  if (!url) return undefined;
  const known: Record<string, string | undefined> = {
    session_id: page.session_id,
    order_id: page.order_id,
    // Told to nobody but the success URL.
    authorization_token: name === 'success' ? page.authorization_token : undefined,
  };
  return url.replace(/\{\{(\w+)\}\}/g, (placeholder, word: string) => known[word] ?? placeholder);
}

const URLS_AFTER: Partial<Record<PageStatus, readonly PageUrlName[]>> = {
  COMPLETED: ['success'],
  CANCELLED: ['cancel'],
  BACK: ['back'],
  FAILED: ['failure'],
  ERROR: ['error', 'failure'],
};

/** Where a shopper is sent from a page with this status; undefined: nowhere, Klarna shows a page of its own. */
export function urlAfter(page: HostedPage): string | undefined {
  const urls = (URLS_AFTER[page.status] ?? []).map((name) => filledUrl(page, name));
  return urls.find((url) => url !== undefined);
}
