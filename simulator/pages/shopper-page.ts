import type { JsonObject } from '../json.js';
import type { Session } from '../klarna/model.js';
import { taxOfLines } from '../klarna/order-line-arithmetic.js';
import { paymentMethodCategories } from '../klarna/sessions.js';
import type { OwnReply } from '../server.js';
import { confirmation } from './confirmation.js';
import { html, type Html } from './html.js';
import { layout } from './layout.js';
import type { PageContext } from './pages.js';
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

/** The checkout of one session: the form, what came of it, or both when the shopper comes back. */
export function shopperPage(context: PageContext, session: Session, notice: { declined?: boolean; error?: string } = {}): OwnReply {
  const { purchase } = session;
  const authorized = session.authorization_token !== undefined;
  const title = purchase.merchant_reference1 ?? 'Checkout';
  return layout(
    title,
    html`
      ${notice.declined === true && declined(session)}
      ${notice.error !== undefined && html`<div class="banner bad"><strong>That did not work</strong>${notice.error}</div>`}
      <h1>Checkout</h1>
      <p class="lead wrap">
        ${purchase.merchant_reference1 !== undefined && html`Order ${purchase.merchant_reference1} · `}${countryName(purchase.purchase_country)}
      </p>
      <div class="checkout">
        <div>
          ${
            authorized
              ? confirmation(context, session)
              : notice.declined === true
                ? html`<section class="card">
                    <h2>Nothing was reserved</h2>
                    <p class="soft">The session stays open: the customer may try again.</p>
                    <a class="button" href="/shopper/${session.session_id}">Back to checkout</a>
                  </section>`
                : checkoutForm(
                    session,
                    `/shopper/${session.session_id}`,
                    html`<p class="center small" style="margin:14px 0 0">
                      <a href="/shopper/${session.session_id}?declined">Decline instead</a>
                    </p>`,
                  )
          }
        </div>
        <aside class="card side">${cart(session)}</aside>
      </div>
    `,
  );
}

/** What the shopper agrees to with the page's form: members that are laid over the session. */
export function agreedInForm(form: URLSearchParams, { purchase }: Session): JsonObject {
  const billed = purchase.billing_address?.country;
  const country = typeof billed === 'string' ? billed : purchase.purchase_country;
  return {
    billing_address: { ...purchase.billing_address, ...addressFromForm(form, country) },
    payment_method_category: form.get('payment_method_category') ?? 'pay_later',
  };
}

/** The address that the page's form carries, with the marker of the chosen outcome in its e-mail address. */
function addressFromForm(form: URLSearchParams, country: string): JsonObject {
  const address: JsonObject = { country };
  for (const [name] of FIELDS) {
    const value = form.get(name)?.trim();
    if (value) address[name] = value;
  }
  const outcome = form.get('outcome');
  if (outcome && typeof address.email === 'string') address.email = address.email.replace('@', `+${outcome}@`);
  return address;
}

function declined(session: Session): Html {
  const who = session.purchase.merchant_reference1 ?? 'this session';
  return html`<div class="banner bad" role="status">
    <strong>Payment declined</strong>
    The customer of ${who} left without paying.
    ${session.authorization_token === undefined ? 'The shop gets no token.' : 'What was authorized before still stands.'}
  </div>`;
}

/** The form in which the shopper agrees. @param action where it is posted @param leave ways out of it */
export function checkoutForm(session: Session, action: string, leave: Html): Html {
  const { purchase } = session;
  const address = { ...sampleAddress(purchase.purchase_country), ...purchase.billing_address };
  const value = (name: string) => (typeof address[name] === 'string' ? address[name] : '');
  const needsRegion = ['US', 'AU'].includes(value('country').toUpperCase());
  const fields = FIELDS.filter(([name]) => name !== 'region' || needsRegion || value('region') !== '');
  return html`<form method="post" action="${action}">
    <section class="card">
      <h2>Choose how to pay</h2>
      <fieldset class="methods" aria-label="Payment method">
        ${Object.entries(paymentMethodCategories).map(
          ([identifier, name], index) =>
            html`<label class="method">
              <input type="radio" name="payment_method_category" value="${identifier}" ${index === 0 ? 'checked' : ''} />
              <span>${name}<small>${METHOD_HINTS[identifier]}</small></span>
            </label>`,
        )}
      </fieldset>
    </section>
    <section class="card">
      <h2>Your details</h2>
      <div class="fields">
        ${fields.map(
          ([name, label, type, width]) =>
            html`<label class="${width}"
              >${label}<input type="${type ?? 'text'}" name="${name}" value="${value(name)}" maxlength="99" autocomplete="off"
            /></label>`,
        )}
        <label>Country<input type="text" value="${countryName(value('country'))}" disabled /></label>
        <label class="full"
          >Outcome to simulate
          <select name="outcome">
            ${OUTCOMES.map(([marker, words]) => html`<option value="${marker}">${words}</option>`)}
          </select>
        </label>
      </div>
    </section>
    <section class="card">
      <button class="button wide" name="action" value="pay">
        Continue with Simulated Klarna · ${money(purchase.order_amount, purchase.purchase_currency, purchase.locale)}
      </button>
      ${leave}
    </section>
  </form>`;
}

/** What is bought. */
export function cart(session: Session): Html {
  const { purchase } = session;
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
