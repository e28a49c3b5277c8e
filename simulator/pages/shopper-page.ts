import type { Session } from '../klarna/model.js';
import type { OwnReply } from '../server.js';
import { confirmation } from './confirmation.js';
import { html, type Html } from './html.js';
import { layout } from './layout.js';
import type { PageContext } from './pages.js';
import { cart, paymentChoice, shopperDetails } from './purchase-parts.js';
import { countryName, money } from './words.js';

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
        <aside class="card side">${cart(purchase)}</aside>
      </div>
    `,
  );
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
export function checkoutForm({ purchase }: Session, action: string, leave: Html): Html {
  return html`<form method="post" action="${action}">
    ${paymentChoice()} ${shopperDetails(purchase)}
    <section class="card">
      <button class="button wide" name="action" value="pay">
        Continue with Simulated Klarna · ${money(purchase.order_amount, purchase.purchase_currency, purchase.locale)}
      </button>
      ${leave}
    </section>
  </form>`;
}
