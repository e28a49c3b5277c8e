import type { OwnReply } from '../server.js';
import { isShown } from '../klarna/checkout-view.js';
import { isOpenPage } from '../klarna/hosted-page-state.js';
import type { Checkout, HostedPage, Order, Purchase, Session } from '../klarna/model.js';
import type { World } from '../klarna/work.js';
import { html, type Html } from './html.js';
import { layout } from './layout.js';
import { statusBadge } from './order-state.js';
import { ago, countryName, moment, money, PAGE_STATUS_WORDS } from './words.js';

const SHOWN = 60;
const STEPS = [
  ['+1 hour', 3_600],
  ['+1 day', 86_400],
  ['+28 days', 2_419_200],
] as const;

/** Every session that waits for its shopper, the newest orders, and the clock. */
export function indexPage(world: World): OwnReply {
  const now = world.clock.now();
  const sessions = newest(
    [...world.store.rows.sessions.values()].filter((session) => session.status === 'incomplete' && session.expires_at > now),
  );
  const checkouts = [...world.store.rows.checkouts.values()]
    .filter((checkout) => checkout.completed_at === undefined && checkout.aborted !== true && isShown(world, checkout))
    .sort((a, b) => b.started_at - a.started_at)
    .slice(0, SHOWN);
  const pages = newest([...world.store.rows.hosted_pages.values()]);
  const orders = newest([...world.store.rows.orders.values()]);
  return layout(
    'Checkout',
    html`
      <h1>Play the shopper</h1>
      <p class="lead">
        Each payment session and each checkout that a shop has opened is listed here. Pick one, look at the cart, and pay or decline as its
        customer would.
      </p>
      <div id="live">
        <section>
          <h2>Open sessions</h2>
          ${
            sessions.length === 0
              ? html`<div class="card empty">
                  No session is open. Create one through the gateway: <code>POST /payments/v1/sessions</code>
                </div>`
              : html`<div class="grid">${sessions.map((session) => sessionTile(session, now))}</div>`
          }
        </section>
        ${
          checkouts.length > 0 &&
          html`<section>
            <h2>Open checkouts</h2>
            <div class="grid">${checkouts.map((checkout) => checkoutTile(checkout, now))}</div>
          </section>`
        }
        ${
          pages.length > 0 &&
          html`<section class="card">
            <h2>Hosted pages</h2>
            ${pageTable(world, pages, now)}
          </section>`
        }
        <section class="card">
          <h2>Orders</h2>
          ${orders.length === 0 ? html`<p class="soft">No order has been placed yet.</p>` : orderTable(world, orders, now)}
        </section>
        <section class="card clock">
          <div>
            <h2>Clock</h2>
            <p class="soft small">
              Virtual time is <strong class="num">${moment(now)}</strong> UTC. Move it to see callbacks repeat and orders expire.
            </p>
          </div>
          <form method="post" action="/clock" class="row">
            ${STEPS.map(([label, seconds]) => html`<button class="button plain slim" name="advance_seconds" value="${seconds}">${label}</button>`)}
          </form>
        </section>
      </div>
    `,
  );
}

function sessionTile({ session_id, purchase, created_at, authorization_token }: Session, now: number): Html {
  const authorized = authorization_token !== undefined;
  const badge = authorized && html`<span class="badge good">Authorized</span>`;
  return tile(`/shopper/${session_id}`, purchase, created_at, now, badge, authorized ? 'Show authorization →' : 'Open checkout →');
}

function checkoutTile({ order_id, purchase, started_at }: Checkout, now: number): Html {
  return tile(`/checkouts/${order_id}`, purchase, started_at, now, html`<span class="badge">Checkout</span>`, 'Open checkout →');
}

function tile(to: string, purchase: Purchase, madeAt: number, now: number, badge: Html | false, go: string): Html {
  const items = purchase.order_lines.length;
  return html`<a class="card tile" href="${to}">
    <span class="row">
      <span class="badge flat">${countryName(purchase.purchase_country)}</span>
      ${badge}
    </span>
    <span class="amount num">${money(purchase.order_amount, purchase.purchase_currency, purchase.locale)}</span>
    <span class="wrap">${purchase.merchant_reference1 ?? html`<span class="soft">no reference</span>`}</span>
    <span class="soft small">${items} ${items === 1 ? 'line' : 'lines'} · ${ago(madeAt, now)}</span>
    <span class="go">${go}</span>
  </a>`;
}

/** Pages of Klarna's own that shops have made for their sessions. */
function pageTable(world: World, pages: HostedPage[], now: number): Html {
  return html`<div class="table">
    <table class="stack">
      <thead>
        <tr>
          <th>Page</th>
          <th>Reference</th>
          <th>Status</th>
          <th>Made</th>
          <th class="right">Amount</th>
        </tr>
      </thead>
      <tbody>
        ${pages.map((page) => {
          const purchase = world.store.rows.sessions.get(page.payment_session_id)?.purchase;
          return html`<tr>
            <td data-label="Page"><a href="/pay/${page.session_id}">${page.session_id.slice(0, 8)}</a></td>
            <td data-label="Reference" class="wrap">${purchase?.merchant_reference1 ?? '–'}</td>
            <td data-label="Status"><span class="badge ${isOpenPage(page, now) ? '' : 'flat'}">${PAGE_STATUS_WORDS[page.status]}</span></td>
            <td data-label="Made" class="soft">${ago(page.created_at, now)}</td>
            <td data-label="Amount" class="right num">
              ${purchase && money(purchase.order_amount, purchase.purchase_currency, purchase.locale)}
            </td>
          </tr>`;
        })}
      </tbody>
    </table>
  </div>`;
}

function orderTable(world: World, orders: Order[], now: number): Html {
  return html`<div class="table">
    <table class="stack">
      <thead>
        <tr>
          <th>Order</th>
          <th>Reference</th>
          <th>Status</th>
          <th>Placed</th>
          <th class="right">Amount</th>
        </tr>
      </thead>
      <tbody>
        ${orders.map(
          (order) =>
            html`<tr>
              <td data-label="Order"><a href="/orders/${order.order_id}">${order.klarna_reference}</a></td>
              <td data-label="Reference" class="wrap">${order.purchase.merchant_reference1 ?? '–'}</td>
              <td data-label="Status">${statusBadge(world, order)}</td>
              <td data-label="Placed" class="soft">${ago(order.created_at, now)}</td>
              <td data-label="Amount" class="right num">
                ${money(order.order_amount, order.purchase.purchase_currency, order.purchase.locale)}
              </td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

function newest<T extends { created_at: number }>(rows: T[]): T[] {
  return rows.sort((a, b) => b.created_at - a.created_at).slice(0, SHOWN);
}
