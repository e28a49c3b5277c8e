import type { JsonObject } from '../json.js';
import { isShown } from '../klarna/checkout-view.js';
import { CannotComplete, completeCheckout } from '../klarna/complete-checkout.js';
import type { Checkout, CheckoutPurchase } from '../klarna/model.js';
import type { OwnReply, OwnRequest } from '../server.js';
import { html, type Html } from './html.js';
import { layout, notFoundPage } from './layout.js';
import { orderState } from './order-state.js';
import type { PageContext } from './pages.js';
import { addressFromForm, cart, paymentChoice, shopperDetails } from './purchase-parts.js';
import { countryName, money } from './words.js';

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
  const billed = checkout.purchase.billing_address?.country;
  const option = form.get('shipping_option');
  try {
    const given: JsonObject = {
      billing_address: addressFromForm(form, typeof billed === 'string' ? billed : checkout.purchase.purchase_country),
      payment_method_category: form.get('payment_method_category') ?? 'pay_later',
      ...(option !== null && { shipping_option: option }),
    };
    await completeCheckout(world, id, given, request.url.origin);
    // Klarna sends the shopper to the shop; without an address of the shop's this page says how it went.
    return redirect(confirmationOf(checkout) ?? `/checkouts/${id}`);
  } catch (error) {
    if (!(error instanceof CannotComplete)) throw error;
    if (error.redirect !== undefined) return redirect(error.redirect);
    return { ...shown(context, checkout, error.message), status: error.status };
  }
}

function shown(context: PageContext, checkout: Checkout, problem?: string): OwnReply {
  const { purchase } = checkout;
  return layout(
    purchase.merchant_reference1 ?? 'Checkout',
    html`
      ${problem !== undefined && html`<div class="banner bad" role="alert"><strong>That did not work</strong>${problem}</div>`}
      <h1>Checkout</h1>
      <p class="lead wrap">
        ${purchase.merchant_reference1 !== undefined && html`Order ${purchase.merchant_reference1} · `}${countryName(purchase.purchase_country)}
        ${purchase.recurring === true && html` · <span class="badge">Recurring</span>`}
      </p>
      <div class="checkout">
        <div>${body(context, checkout)}</div>
        <aside class="card side">${cart(purchase)}</aside>
      </div>
    `,
    { framed: true },
  );
}

function body(context: PageContext, checkout: Checkout): Html {
  if (checkout.completed_at !== undefined) return completed(context, checkout);
  if (checkout.aborted === true) {
    return html`<section class="card">
      <h2>This checkout was aborted</h2>
      <p class="soft">The shop has ended it. Nothing was bought.</p>
    </section>`;
  }
  return form(checkout.order_id, checkout.purchase);
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

function form(id: string, purchase: CheckoutPurchase): Html {
  return html`<form method="post" action="/checkouts/${id}" target="_top">
    ${shipping(purchase)} ${paymentChoice()} ${shopperDetails(purchase)}
    <section class="card">
      <button class="button wide">
        Buy · ${money(purchase.order_amount, purchase.purchase_currency, purchase.locale)}${addsShipping(purchase) && ' plus shipping'}
      </button>
      <p class="center soft small" style="margin:14px 0 0">${legal(purchase)}</p>
    </section>
  </form>`;
}

/** Whether what the shopper chooses of shipping costs something that is not in the cart yet. */
function addsShipping({ order_lines: lines, shipping_options: options = [] }: CheckoutPurchase): boolean {
  return !lines.some(({ type }) => type === 'shipping_fee') && options.some(({ price }) => Number(price) > 0);
}

function shipping(purchase: CheckoutPurchase): Html | false {
  const options = (purchase.shipping_options ?? []) as {
    id: string;
    name: string;
    price: number;
    description?: string;
    preselected?: boolean;
  }[];
  if (options.length === 0) return false;
  const chosen = Math.max(
    0,
    options.findIndex(({ preselected }) => preselected === true),
  );
  return html`<section class="card">
    <h2>Shipping</h2>
    <fieldset class="methods" aria-label="Shipping">
      ${options.map(
        (option, index) =>
          html`<label class="method">
            <input type="radio" name="shipping_option" value="${option.id}" ${index === chosen ? 'checked' : ''} />
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
