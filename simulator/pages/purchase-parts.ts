import type { JsonObject } from '../json.js';
import type { Purchase } from '../klarna/model.js';
import { taxOfLines } from '../klarna/order-line-arithmetic.js';
import { paymentMethodCategories } from '../klarna/sessions.js';
import { html, type Html } from './html.js';
import { sampleAddress } from './sample-shoppers.js';
import { countryName, money, percent } from './words.js';

const METHOD_HINTS: Record<string, string> = {
  pay_later: 'An invoice, due in 30 days',
  pay_now: 'By card, right away',
  pay_over_time: 'Three fixed instalments',
};

const FIELDS: readonly [name: string, label: string, type?: string, width?: string][] = [
  ['given_name', 'First name'],
  ['family_name', 'Last name'],
  ['email', 'E-mail', 'email', 'full'],
  ['street_address', 'Street', 'text', 'full'],
  ['postal_code', 'Postal code'],
  ['city', 'City'],
  ['region', 'State or region'],
  ['phone', 'Phone', 'tel'],
];

/** How the assessment ends; the choice becomes a marker in the e-mail address (see README, "Fraud"). */
const OUTCOMES = [
  ['', 'Approved'],
  ['pend-accept', 'Pending, then accepted'],
  ['pend-reject', 'Pending, then rejected'],
  ['denied', 'Refused when the order is placed'],
] as const;

/** The marker in an e-mail address, of an outcome chosen before. */
const MARKER = /\+(pend-accept|pend-reject|denied)(?=@)/;

/** The address that the page's form carries, with the marker of the chosen outcome in its e-mail address. */
export function addressFromForm(form: URLSearchParams, country: string): JsonObject {
  const address: JsonObject = { country: form.get('country') ?? country };
  for (const [name] of FIELDS) {
    const value = form.get(name)?.trim();
    if (value) address[name] = value;
  }
  const outcome = form.get('outcome');
  if (outcome && typeof address.email === 'string') address.email = address.email.replace('@', `+${outcome}@`);
  return address;
}

/** What the shopper agrees to with the page's form: members that are laid over the session. */
export function agreedInForm(form: URLSearchParams, { billing_address: address, purchase_country }: Purchase): JsonObject {
  const country = typeof address?.country === 'string' ? address.country : purchase_country;
  return {
    billing_address: { ...address, ...addressFromForm(form, country) },
    payment_method_category: methodInForm(form),
  };
}

export function methodInForm(form: URLSearchParams): string {
  return form.get('payment_method_category') ?? 'pay_later';
}

/** How to pay, one of the ways that Klarna offers. @param chosen before; else the first is */
export function paymentChoice(chosen: string | undefined, offered: (category: string) => boolean): Html {
  const methods = Object.entries(paymentMethodCategories).filter(([identifier]) => offered(identifier));
  const checked = methods.find(([identifier]) => identifier === chosen) ?? methods[0];
  return html`<section class="card">
    <h2>Choose how to pay</h2>
    <fieldset class="methods" aria-label="Payment method">
      ${methods.map(
        ([identifier, name]) =>
          html`<label class="method">
            <input type="radio" name="payment_method_category" value="${identifier}" ${identifier === checked?.[0] ? 'checked' : ''} />
            <span>${name}<small>${METHOD_HINTS[identifier]}</small></span>
          </label>`,
      )}
    </fieldset>
  </section>`;
}

/** Who the shopper is, and how Klarna's assessment is to end. @param countries to choose from, besides the purchase's own */
export function shopperDetails(purchase: Purchase, countries: readonly string[] = []): Html {
  const address = { ...sampleAddress(purchase.purchase_country), ...purchase.billing_address };
  const written = (name: string) => (typeof address[name] === 'string' ? address[name] : '');
  const value = (name: string) => written(name).replace(MARKER, '');
  const [, outcome = ''] = MARKER.exec(written('email')) ?? [];
  const needsRegion = ['US', 'AU'].includes(value('country').toUpperCase());
  const fields = FIELDS.filter(([name]) => name !== 'region' || needsRegion || value('region') !== '');
  return html`<section class="card">
    <h2>Your details</h2>
    <div class="fields">
      ${fields.map(
        ([name, label, type, width]) =>
          html`<label class="${width}"
            >${label}<input type="${type ?? 'text'}" name="${name}" value="${value(name)}" maxlength="99" autocomplete="off"
          /></label>`,
      )}
      <label>Country${countryChoice(value('country'), countries)}</label>
      <label class="full"
        >Outcome to simulate
        <select name="outcome">
          ${OUTCOMES.map(([marker, words]) => html`<option value="${marker}" ${marker === outcome && 'selected'}>${words}</option>`)}
        </select>
      </label>
    </div>
  </section>`;
}

function countryChoice(country: string, others: readonly string[]): Html {
  const choices = [...new Set([country, ...others].map((code) => code.toUpperCase()))];
  if (choices.length === 1) return html`<input type="text" value="${countryName(country)}" disabled />`;
  return html`<select name="country">
    ${choices.map((code) => html`<option value="${code}">${countryName(code)}</option>`)}
  </select>`;
}

/** What is bought, and for how much. */
export function cart(purchase: Purchase): Html {
  const amount = (minorUnits: number) => money(minorUnits, purchase.purchase_currency, purchase.locale);
  return html`
    <div class="head">
      <h2>Your cart</h2>
      <span class="soft small wrap">${purchase.merchant_reference1}</span>
    </div>
    <ul class="lines">
      ${purchase.order_lines.map(
        (line) =>
          html`<li>
            <div class="wrap">
              ${line.name}
              <div class="soft small">
                ${line.quantity} ×
                ${amount(line.unit_price)}${(line.tax_rate ?? 0) > 0 && html` · ${percent(line.tax_rate ?? 0)} tax`}${
                  (line.total_discount_amount ?? 0) > 0 && html` · discount ${amount(line.total_discount_amount ?? 0)}`
                }
              </div>
            </div>
            <div class="num">${amount(line.total_amount)}</div>
          </li>`,
      )}
    </ul>
    <div class="sum soft small num">
      <span>Tax included</span><span>${amount(purchase.order_tax_amount ?? taxOfLines(purchase.order_lines))}</span>
    </div>
    <div class="sum total num"><span>Total</span><span>${amount(purchase.order_amount)}</span></div>
  `;
}
