import type { JsonObject } from '../json.js';
import { isShown } from '../klarna/checkout-view.js';
import { withShipping } from '../klarna/chosen-shipping.js';
import { completeCheckout } from '../klarna/complete-checkout.js';
import type { Checkout, CheckoutPurchase } from '../klarna/model.js';
import { openCheckout } from '../klarna/open-checkout.js';
import { changeByShopper } from '../klarna/shopper-changes.js';
import type { World } from '../klarna/work.js';
import { html, type Html } from './html.js';
import { orderState } from './order-state.js';
import type { PageContext } from './pages.js';
import { addressFromForm, methodInForm } from './purchase-parts.js';
import { shopperForm, totalOf } from './shopper-form.js';
import { type Acted, shopperPath, type Way } from './way.js';

/** A checkout, completed in the frame of the snippet that the shop puts into its page. */
export const checkoutWay: Way = {
  show(context, id, { method }) {
    const { world } = context;
    const checkout = world.store.rows.checkouts.get(id);
    if (checkout === undefined || (checkout.completed_at === undefined && !isShown(world, checkout))) return undefined;
    const purchase = withShipping(checkout.purchase);
    return { way: snippetWay(purchase), title: 'Checkout', purchase, main: body(context, checkout, method), framed: true, leaves: true };
  },

  async act({ world }, id, form, origin) {
    const again = await filledIn(world, id, form);
    if (again !== undefined) return again;
    await completeCheckout(world, id, { payment_method_category: methodInForm(form) }, origin);
    const checkout = world.store.rows.checkouts.get(id);
    // Klarna sends the shopper to the shop; without an address of the shop's this page says how it went.
    return { to: (checkout && confirmationOf(checkout)) ?? shopperPath(id) };
  },
};

function snippetWay({ recurring }: CheckoutPurchase): string {
  return recurring === true ? 'Checkout snippet, recurring' : 'Checkout snippet';
}

/**
 * What was filled in changes the checkout.
 * @returns what to show instead of buying: only the total was asked for, or it is another one than the shopper has seen
 * @throws CannotComplete as `changeByShopper`
 */
export async function filledIn(world: World, id: string, form: URLSearchParams): Promise<Acted | undefined> {
  const { purchase } = await changeByShopper(world, id, changesIn(form, openCheckout(world, id).purchase));
  if (form.get('action') === 'update') return {};
  const seen = form.get('seen_total');
  if (seen === null || seen === totalOf(purchase)) return undefined;
  const text = 'With what you have changed the purchase costs something else. Buy again if that is fine.';
  return { notice: { title: 'There is a new total', text } };
}

function changesIn(form: URLSearchParams, { billing_address: address, purchase_country: country }: CheckoutPurchase): JsonObject {
  const option = form.get('shipping_option');
  const billed = address?.country;
  return {
    billing_address: addressFromForm(form, typeof billed === 'string' ? billed : country),
    ...(option !== null && { shipping_option: option }),
  };
}

function body(context: PageContext, checkout: Checkout, method: string | undefined): Html {
  if (checkout.completed_at !== undefined) return completed(context, checkout);
  if (checkout.aborted === true) {
    return html`<section class="card">
      <h2>This checkout was aborted</h2>
      <p class="soft">The shop has ended it. Nothing was bought.</p>
    </section>`;
  }
  const { purchase, order_id: id } = checkout;
  return shopperForm({ purchase, checkout: purchase, action: shopperPath(id), pays: 'Buy', method, framed: true });
}

function completed({ world }: PageContext, checkout: Checkout): Html {
  const order = world.store.rows.orders.get(checkout.order_id);
  const back = confirmationOf(checkout);
  return html`<div id="live">
    <div class="banner" role="status">
      <strong>Thank you for your purchase</strong>${order !== undefined && html`Order ${order.klarna_reference} is placed.`}
    </div>
    ${
      order !== undefined &&
      html`<section class="card">
        <h2>Order</h2>
        ${orderState(world, order)}
        <p class="row" style="margin:18px 0 0">
          <a href="/orders/${order.order_id}" target="_top">Everything about ${order.klarna_reference}</a>
          ${back !== undefined && html`<a href="${back}" target="_top">To the shop's confirmation</a>`}
        </p>
      </section>`
    }
  </div>`;
}

/** The shop's page for a shopper who has bought; undefined when there is none that a browser can go to. */
function confirmationOf({ order_id: id, purchase }: Checkout): string | undefined {
  const url = purchase.merchant_urls?.confirmation?.replaceAll('{checkout.order.id}', id);
  return url !== undefined && /^https?:/.test(url) && URL.canParse(url) ? new URL(url).href : undefined;
}
