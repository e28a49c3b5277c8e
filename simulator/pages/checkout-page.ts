import type { JsonObject } from '../json.js';
import { isShown } from '../klarna/checkout-view.js';
import { chosenShipping, shippingOptions, withShipping } from '../klarna/chosen-shipping.js';
import { completeCheckout } from '../klarna/complete-checkout.js';
import type { Checkout, CheckoutPurchase } from '../klarna/model.js';
import { CannotComplete } from '../klarna/open-checkout.js';
import { changeByShopper } from '../klarna/shopper-changes.js';
import type { OwnReply, OwnRequest } from '../server.js';
import { html, type Html } from './html.js';
import { layout, notFoundPage } from './layout.js';
import { orderState } from './order-state.js';
import type { PageContext } from './pages.js';
import { addressFromForm, cart, paymentChoice, shopperDetails } from './purchase-parts.js';
import { countryName, money } from './words.js';

/** What of a form in the browser was not done yet, or why it cannot be. */
interface Notice {
  title: string;
  text: string;
  bad?: true;
}

/** What the snippet of Checkout shows: the page on which the shopper chooses, pays and completes. It may stand in a frame of the shop's. */
export async function checkoutPage(context: PageContext, request: OwnRequest, id: string): Promise<OwnReply> {
  const { world } = context;
  const checkout = world.store.rows.checkouts.get(id);
  if (checkout === undefined || (checkout.completed_at === undefined && !isShown(world, checkout))) {
    return notFoundPage('This checkout is not open');
  }
  if (request.method === 'GET' || request.method === 'HEAD') return shown(context, checkout);
  if (request.method !== 'POST') return notFoundPage('This page does not exist');
  const form = new URLSearchParams(request.body.toString('utf8'));
  const method = form.get('payment_method_category') ?? 'pay_later';
  try {
    const changed = await changeByShopper(world, id, changesIn(form, checkout.purchase));
    if (form.get('action') === 'update') return shown(context, changed, undefined, method);
    const seen = form.get('seen_total');
    if (seen !== null && seen !== totalOf(changed.purchase)) {
      const text = 'With what you have changed the purchase costs something else. Buy again if that is fine.';
      return shown(context, changed, { title: 'There is a new total', text }, method);
    }
    await completeCheckout(world, id, { payment_method_category: method }, request.url.origin);
    // Klarna sends the shopper to the shop; without an address of the shop's this page says how it went.
    return redirect(confirmationOf(checkout) ?? `/checkouts/${id}`);
  } catch (error) {
    if (!(error instanceof CannotComplete)) throw error;
    if (error.redirect !== undefined) return redirect(error.redirect);
    const asItStands = world.store.rows.checkouts.get(id) ?? checkout;
    const notice: Notice = { title: 'That did not work', text: error.message, bad: true };
    return { ...shown(context, asItStands, notice, method), status: error.status };
  }
}

function changesIn(form: URLSearchParams, { billing_address: address, purchase_country: country }: CheckoutPurchase): JsonObject {
  const option = form.get('shipping_option');
  const billed = address?.country;
  return {
    billing_address: addressFromForm(form, typeof billed === 'string' ? billed : country),
    ...(option !== null && { shipping_option: option }),
  };
}

/** By this it is seen that something else is bought than what the shopper looked at. */
function totalOf(purchase: CheckoutPurchase): string {
  return `${withShipping(purchase).order_amount} ${purchase.purchase_currency}`;
}

function shown(context: PageContext, checkout: Checkout, notice?: Notice, method?: string): OwnReply {
  const purchase = withShipping(checkout.purchase);
  return layout(
    purchase.merchant_reference1 ?? 'Checkout',
    html`
      ${notice !== undefined && html`<div class="banner ${notice.bad && 'bad'}" role="alert"><strong>${notice.title}</strong>${notice.text}</div>`}
      <h1>Checkout</h1>
      <p class="lead wrap">
        ${purchase.merchant_reference1 !== undefined && html`Order ${purchase.merchant_reference1} · `}${countryName(purchase.purchase_country)}
        ${purchase.recurring === true && html` · <span class="badge">Recurring</span>`}
      </p>
      <div class="checkout">
        <div>${body(context, checkout, method)}</div>
        <aside class="card side">${cart(purchase)}</aside>
      </div>
    `,
    { framed: true },
  );
}

function body(context: PageContext, checkout: Checkout, method: string | undefined): Html {
  if (checkout.completed_at !== undefined) return completed(context, checkout);
  if (checkout.aborted === true) {
    return html`<section class="card">
      <h2>This checkout was aborted</h2>
      <p class="soft">The shop has ended it. Nothing was bought.</p>
    </section>`;
  }
  return form(checkout.order_id, checkout.purchase, method);
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

function form(id: string, purchase: CheckoutPurchase, method: string | undefined): Html {
  const { order_amount: total } = withShipping(purchase);
  const asked = isChangeable(purchase);
  return html`<form method="post" action="/checkouts/${id}" target="_top">
    <input type="hidden" name="seen_total" value="${totalOf(purchase)}" />
    ${shipping(purchase)} ${paymentChoice(method)} ${shopperDetails(purchase, countriesOf(purchase))}
    <section class="card">
      <button class="button wide" name="action" value="buy">Buy · ${money(total, purchase.purchase_currency, purchase.locale)}</button>
      ${
        asked &&
        html`<p class="center" style="margin:14px 0 0">
          <button class="button plain slim" name="action" value="update" formtarget="_self" data-on-change="shipping_option country">
            Update the total
          </button>
        </p>`
      }
      <p class="center soft small" style="margin:14px 0 0">${legal(purchase)}</p>
    </section>
  </form>`;
}

/** Whether what the shopper fills in may change what is to be paid. */
function isChangeable(purchase: CheckoutPurchase): boolean {
  const { address_update, country_change } = purchase.merchant_urls ?? {};
  return shippingOptions(purchase).length > 1 || (address_update ?? country_change) !== undefined || countriesOf(purchase).length > 0;
}

function countriesOf({ billing_countries: countries }: CheckoutPurchase): string[] {
  return Array.isArray(countries) ? countries.filter((country) => typeof country === 'string') : [];
}

function shipping(purchase: CheckoutPurchase): Html | false {
  const options = shippingOptions(purchase);
  if (options.length === 0) return false;
  const chosen = chosenShipping(purchase);
  return html`<section class="card">
    <h2>Shipping</h2>
    <fieldset class="methods" aria-label="Shipping">
      ${options.map(
        (option) =>
          html`<label class="method">
            <input type="radio" name="shipping_option" value="${option.id}" ${option.id === chosen?.id ? 'checked' : ''} />
            <span
              >${option.name} · ${money(option.price, purchase.purchase_currency, purchase.locale)}<small
                >${option.description}</small
              ></span
            >
          </label>`,
      )}
    </fieldset>
  </section>`;
}

function legal({ merchant_urls: urls }: CheckoutPurchase): Html {
  const terms = urls?.terms;
  if (terms === undefined || !/^https?:/.test(terms)) return html`By buying you accept the terms of the shop.`;
  return html`By buying you accept the <a href="${terms}" target="_blank" rel="noreferrer">terms of the shop</a>.`;
}

/** The shop's page for a shopper who has bought; undefined when there is none that a browser can go to. */
function confirmationOf({ order_id: id, purchase }: Checkout): string | undefined {
  const url = purchase.merchant_urls?.confirmation?.replaceAll('{checkout.order.id}', id);
  return url !== undefined && /^https?:/.test(url) && URL.canParse(url) ? new URL(url).href : undefined;
}

function redirect(location: string): OwnReply {
  return { status: 303, type: '', body: '', headers: { Location: location } };
}
