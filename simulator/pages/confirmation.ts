import type { JsonObject } from '../json.js';
import { TOKEN_LIFETIME_MS } from '../klarna/authorizations.js';
import type { Order, Session } from '../klarna/model.js';
import type { World } from '../klarna/work.js';
import { html, type Html } from './html.js';
import { orderState } from './order-state.js';
import type { PageContext } from './pages.js';
import { moment, money } from './words.js';

/** Members of a session that create order does not take. */
const SESSION_ONLY = ['intent', 'acquiring_channel', 'attachment', 'design', 'options', 'step_up_id'];

/** What the shop needs once the shopper has agreed: the token, the call that places the order, and what became of it. */
export function confirmation({ world, gatewayUrl }: PageContext, session: Session): Html {
  const token = session.authorization_token ?? '';
  const order = session.order_id === undefined ? undefined : world.store.rows.orders.get(session.order_id);
  return html`<div id="live">
    ${banner(world, session, order)}
    ${
      order !== undefined &&
      html`<section class="card">
        <h2>Order</h2>
        ${orderState(world, order)}
        <p style="margin:18px 0 0"><a href="/orders/${order.order_id}">Everything about ${order.klarna_reference}</a></p>
      </section>`
    }
    <section class="card">
      <div class="head">
        <h2>Authorization token</h2>
        <button class="button plain slim" type="button" data-copy="token">Copy token</button>
      </div>
      <code class="token" id="token">${token}</code>
      <p class="soft small">It also reaches the shop through its <code>authorization</code> callback, when it gave one.</p>
    </section>
    <section class="card">
      <div class="head">
        <h2>Place the order</h2>
        <button class="button plain slim" type="button" data-copy="command">Copy command</button>
      </div>
      <pre id="command">${placeOrderCommand(gatewayUrl, token, orderBody(session))}</pre>
      <p class="row" style="margin:16px 0 0">
        <a class="button slim" href="${gatewayUrl}/docs" target="_blank" rel="noreferrer">Open the gateway's Swagger UI</a>
        ${
          order === undefined &&
          html`<a class="small" href="/shopper/${session.session_id}?again">Authorize again</a>
            <span class="soft small">This page follows the order as soon as it is placed.</span>`
        }
      </p>
    </section>
  </div>`;
}

/** Where the authorization stands: good for an order, used, or gone. */
function banner(world: World, session: Session, order: Order | undefined): Html {
  const { purchase } = session;
  const amount = money(purchase.order_amount, purchase.purchase_currency, purchase.locale);
  const authorization = world.store.rows.authorizations.get(session.authorization_token ?? '');
  if (order !== undefined) {
    return html`<div class="banner" role="status">
      <strong>Order ${order.klarna_reference} is placed</strong>The authorization of ${amount} has been used.
    </div>`;
  }
  if (
    authorization === undefined ||
    authorization.state === 'cancelled' ||
    world.clock.now() >= authorization.authorized_at + TOKEN_LIFETIME_MS
  ) {
    return html`<div class="banner bad" role="status">
      <strong>The authorization is gone</strong>It was cancelled or is older than 60 minutes. The customer has to authorize again.
    </div>`;
  }
  const until = moment(authorization.authorized_at + TOKEN_LIFETIME_MS).slice(11);
  return html`<div class="banner" role="status">
    <strong>${amount} authorized</strong>The shop has until ${until} UTC to place the order with this token.
  </div>`;
}

/** The body of create order for a session, as it was authorized. */
export function orderBody(session: Session): JsonObject {
  return Object.fromEntries(Object.entries(session.purchase).filter(([name]) => !SESSION_ONLY.includes(name)));
}

/** A shell command for the gateway's create order call. Single quotes in the cart cannot end the quoting. */
export function placeOrderCommand(gatewayUrl: string, token: string, body: JsonObject): string {
  const quoted = JSON.stringify(body, null, 2).replaceAll("'", `'\\''`);
  return [
    `curl -u demo:demo ${gatewayUrl}/payments/v1/authorizations/${token}/order \\`,
    `  -H 'Content-Type: application/json' \\`,
    `  -d '${quoted}'`,
  ].join('\n');
}
