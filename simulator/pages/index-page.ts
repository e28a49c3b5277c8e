import type { OwnReply } from '../server.js';
import { isShown } from '../klarna/checkout-view.js';
import { withShipping } from '../klarna/chosen-shipping.js';
import { isOpenPage, purchaseOn, statusNow } from '../klarna/hosted-page-state.js';
import type { Checkout, HostedPage, Order, Purchase, Session } from '../klarna/model.js';
import type { World } from '../klarna/work.js';
import { html, type Html } from './html.js';
import { layout } from './layout.js';
import { statusBadge } from './order-state.js';
import { shopperPath } from './way.js';
import { ago, countryName, moment, money, PAGE_STATUS_WORDS } from './words.js';

const SHOWN = 60;
const STEPS = [
  ['+1 hour', 3_600],
  ['+1 day', 86_400],
  ['+28 days', 2_419_200],
] as const;

/** Everything that waits for its shopper, by whichever way it is paid; the newest orders, and the clock. */
export function indexPage(world: World): OwnReply {
  const now = world.clock.now();
  const { rows } = world.store;
  const waiting = newest([
    ...[...rows.sessions.values()].filter(({ status, expires_at }) => status === 'incomplete' && expires_at > now).map(sessionWaits),
    ...[...rows.checkouts.values()].filter((checkout) => isUnfinished(world, checkout)).map(checkoutWaits),
    ...[...rows.hosted_pages.values()].filter((page) => isOpenPage(page, now)).flatMap((page) => pageWaits(world, page)),
  ]);
  const pages = newest([...rows.hosted_pages.values()].filter((page) => !isOpenPage(page, now)));
  const orders = newest([...rows.orders.values()]);
  return layout(
    'Checkout',
    html`
      <h1>Play the shopper</h1>
      <p class="lead">
        Whatever a shop wants to be paid is listed here: payment sessions (the widget), checkouts (the snippet) and hosted pages. Pick one,
        look at the cart, and pay or decline as its customer would.
      </p>
      <div id="live">
        <section>
          <h2>Waiting for the shopper</h2>
          ${
            waiting.length === 0
              ? html`<div class="card empty">
                  Nothing waits. Open a session through the gateway, for instance: <code>POST /payments/v1/sessions</code>
                </div>`
              : html`<div class="grid">${waiting.map((each) => tile(each, now))}</div>`
          }
        </section>
        ${
          pages.length > 0 &&
          html`<section class="card">
            <h2>Hosted pages that are over</h2>
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

/** Something to be paid. */
interface Waiting {
  id: string;
  way: string;
  purchase: Purchase;
  created_at: number;
  authorized?: boolean;
}

function sessionWaits({ session_id: id, purchase, created_at, authorization_token }: Session): Waiting {
  return { id, way: 'Session widget', purchase, created_at, authorized: authorization_token !== undefined };
}

function isUnfinished(world: World, checkout: Checkout): boolean {
  return checkout.completed_at === undefined && checkout.aborted !== true && isShown(world, checkout);
}

function checkoutWaits({ order_id: id, purchase, started_at }: Checkout): Waiting {
  return { id, way: 'Checkout snippet', purchase: withShipping(purchase), created_at: started_at };
}

function pageWaits(world: World, page: HostedPage): Waiting[] {
  const purchase = purchaseOn(world, page);
  return purchase === undefined ? [] : [{ id: page.session_id, way: 'Hosted page', purchase, created_at: page.created_at }];
}

function tile({ id, way, purchase, created_at, authorized = false }: Waiting, now: number): Html {
  const items = purchase.order_lines.length;
  return html`<a class="card tile" href="${shopperPath(id)}">
    <span class="row">
      <span class="badge">${way}</span>
      <span class="badge flat">${countryName(purchase.purchase_country)}</span>
      ${authorized && html`<span class="badge good">Authorized</span>`}
    </span>
    <span class="amount num">${money(purchase.order_amount, purchase.purchase_currency, purchase.locale)}</span>
    <span class="wrap">${purchase.merchant_reference1 ?? html`<span class="soft">no reference</span>`}</span>
    <span class="soft small">${items} ${items === 1 ? 'line' : 'lines'} · ${ago(created_at, now)}</span>
    <span class="go">${authorized ? 'Show authorization →' : 'Play the shopper →'}</span>
  </a>`;
}

/** Pages of Klarna's own that nobody can pay on any more. */
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
          const purchase = purchaseOn(world, page);
          return html`<tr>
            <td data-label="Page"><a href="${shopperPath(page.session_id)}">${page.session_id.slice(0, 8)}</a></td>
            <td data-label="Reference" class="wrap">${purchase?.merchant_reference1 ?? '–'}</td>
            <td data-label="Status"><span class="badge flat">${PAGE_STATUS_WORDS[statusNow(page, now)]}</span></td>
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
