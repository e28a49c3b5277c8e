import { authorizeSession } from '../klarna/authorizations.js';
import type { Session } from '../klarna/model.js';
import type { World } from '../klarna/work.js';
import { confirmation } from './confirmation.js';
import { html } from './html.js';
import { agreedInForm } from './purchase-parts.js';
import { shopperForm } from './shopper-form.js';
import { type Notice, shopperPath, type Way } from './way.js';

/** A payment session, authorized in the widget on the shop's page: the shop gets a token and places the order. */
export const sessionWay: Way = {
  show(context, id, { query, method }) {
    const session = openSession(context.world, id);
    if (session === undefined) return undefined;
    const declined = query.has('declined');
    // With `?again` the form is shown although an authorization exists; a new one supersedes it.
    const authorized = session.authorization_token !== undefined && !(query.has('again') && session.status !== 'complete');
    const main = authorized
      ? confirmation(context, session)
      : declined
        ? html`<section class="card">
            <h2>Nothing was reserved</h2>
            <p class="soft">The session stays open: the customer may try again.</p>
            <a class="button" href="${shopperPath(id)}">Back to checkout</a>
          </section>`
        : shopperForm({
            purchase: session.purchase,
            action: shopperPath(id),
            pays: 'Continue with Simulated Klarna',
            exits: [['decline', 'Decline instead']],
            method,
          });
    return {
      way: 'Session widget',
      title: 'Checkout',
      purchase: session.purchase,
      main,
      notice: declined ? declinedNotice(session) : undefined,
    };
  },

  act({ world }, id, form) {
    if (form.get('action') === 'decline') return { to: `${shopperPath(id)}?declined` };
    const purchase = world.store.rows.sessions.get(id)?.purchase;
    authorizeSession(world, id, purchase === undefined ? {} : agreedInForm(form, purchase));
    return { to: shopperPath(id) };
  },
};

function openSession(world: World, id: string): Session | undefined {
  const session = world.store.rows.sessions.get(id);
  return session !== undefined && session.expires_at > world.clock.now() ? session : undefined;
}

function declinedNotice({ purchase, authorization_token }: Session): Notice {
  const who = purchase.merchant_reference1 ?? 'this session';
  const what = authorization_token === undefined ? 'The shop gets no token.' : 'What was authorized before still stands.';
  return { title: 'Payment declined', text: `The customer of ${who} left without paying. ${what}`, bad: true };
}
