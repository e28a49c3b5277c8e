import { chosenShipping, shippingOptions, withShipping } from '../klarna/chosen-shipping.js';
import { isTokenized } from '../klarna/make-token.js';
import type { CheckoutPurchase, Purchase } from '../klarna/model.js';
import { html, type Html } from './html.js';
import { paymentChoice, shopperDetails } from './purchase-parts.js';
import { money } from './words.js';

export interface ShopperForm {
  purchase: Purchase;
  /** Where it is posted. */
  action: string;
  /** The words of the button that pays. */
  pays: string;
  /** Ways out of it, besides paying: action and words. */
  exits?: readonly (readonly [action: string, words: string])[];
  /** The payment method that was chosen before. */
  method?: string | undefined;
  /** Given for a checkout: the shopper chooses shipping and country, too, and the total may change by it. */
  checkout?: CheckoutPurchase;
  /** It stands in a frame of the shop's, and leads out of it. */
  framed?: true;
}

/** The form in which the shopper pays, whichever way it is: how, who, how it ends, and the ways out. */
export function shopperForm({ purchase, action, pays, exits = [], method, checkout, framed }: ShopperForm): Html {
  const { order_amount: total, purchase_currency: currency, locale } = checkout === undefined ? purchase : withShipping(checkout);
  const countries = checkout === undefined ? [] : countriesOf(checkout);
  const offered = checkout?.recurring === true ? isTokenized : () => true;
  return html`<form method="post" action="${action}" ${framed === true && 'target=_top'}>
    ${checkout !== undefined && html`<input type="hidden" name="seen_total" value="${totalOf(checkout)}" />${shipping(checkout)}`}
    ${paymentChoice(method, offered)} ${shopperDetails(purchase, countries)}
    <section class="card">
      <button class="button wide" name="action" value="pay">${pays} · ${money(total, currency, locale)}</button>
      ${
        checkout !== undefined &&
        isChangeable(checkout) &&
        html`<p class="center" style="margin:14px 0 0">
          <button class="button plain slim" name="action" value="update" formtarget="_self" data-on-change="shipping_option country">
            Update the total
          </button>
        </p>`
      }
      ${
        exits.length > 0 &&
        html`<p class="row" style="margin:14px 0 0;justify-content:center">
          ${exits.map(([name, words]) => html`<button class="button plain slim" name="action" value="${name}">${words}</button>`)}
        </p>`
      }
      ${checkout !== undefined && html`<p class="center soft small" style="margin:14px 0 0">${legal(checkout)}</p>`}
    </section>
  </form>`;
}

/** By this it is seen that something else is bought than what the shopper looked at. */
export function totalOf(purchase: CheckoutPurchase): string {
  return `${withShipping(purchase).order_amount} ${purchase.purchase_currency}`;
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
