import type { Order, RequestRecord } from '../klarna/model.js';
import { capturesOf, refundsOf } from '../klarna/order-view.js';
import type { OwnReply } from '../server.js';
import { html, type Html } from './html.js';
import { layout } from './layout.js';
import { orderState } from './order-state.js';
import type { PageContext } from './pages.js';
import { moment, money } from './words.js';

/** Klarna's view of an order: amounts, captures, refunds, callbacks, and every request that touched it. */
export function orderPage({ world, ledger }: PageContext, order: Order): OwnReply {
  const { purchase } = order;
  const amount = (minorUnits: number) => money(minorUnits, purchase.purchase_currency, purchase.locale);
  const captures = capturesOf(world, order).map((capture) => [
    html`<code>${capture.klarna_reference}</code>`,
    moment(capture.captured_at),
    capture.reference ?? '–',
    amount(capture.captured_amount),
  ]);
  const refunds = refundsOf(world, order).map((refund) => [
    html`<code>${refund.refund_id.slice(0, 8)}</code>`,
    moment(refund.refunded_at),
    refund.reference ?? '–',
    amount(refund.refunded_amount),
  ]);
  return layout(
    order.klarna_reference,
    html`
      <p class="small"><a href="/">← All sessions and orders</a></p>
      <h1>Order ${order.klarna_reference}</h1>
      <p class="lead wrap">
        <code>${order.order_id}</code>${purchase.merchant_reference1 !== undefined && html` · ${purchase.merchant_reference1}`}
      </p>
      <div id="live">
        <section class="card">${orderState(world, order)}</section>
        <section class="card">
          <h2>Captures</h2>
          ${table(['Capture', 'Time (UTC)', 'Reference', 'Amount'], captures, 'Nothing has been captured.')}
        </section>
        <section class="card">
          <h2>Refunds</h2>
          ${table(['Refund', 'Time (UTC)', 'Reference', 'Amount'], refunds, 'Nothing has been refunded.')}
        </section>
        <section class="card">
          <h2>Callbacks</h2>
          ${table(['Kind', 'To', 'Attempts', 'Last answer'], callbackRows(world.store.rows.callbacks.values(), order), 'No callback was asked for.')}
        </section>
        <section class="card">
          <h2>Requests</h2>
          ${table(['Time (UTC)', 'Request', 'Idempotency key', 'Answer'], ledger.requestsOf(order).map(requestRow), 'None.')}
        </section>
      </div>
    `,
  );
}

type Cell = Html | string;

function table(columns: readonly string[], rows: Cell[][], nothing: string): Html {
  if (rows.length === 0) return html`<p class="soft" style="margin:0">${nothing}</p>`;
  const last = columns.length - 1;
  return html`<div class="table">
    <table class="stack">
      <thead>
        <tr>
          ${columns.map((column, index) => html`<th class="${index === last && 'right'}">${column}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (row) =>
            html`<tr>
              ${row.map((cell, index) => html`<td data-label="${columns[index]}" class="wrap num ${index === last && 'right'}"><div>${cell}</div></td>`)}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

function callbackRows(
  callbacks: Iterable<{ kind: string; url: string; order_id: string | null; attempts: { status: number | null; error: string | null }[] }>,
  order: Order,
): Cell[][] {
  return [...callbacks]
    .filter((callback) => callback.order_id === order.order_id)
    .map((callback) => {
      const last = callback.attempts.at(-1);
      return [callback.kind, callback.url, String(callback.attempts.length), last === undefined ? '–' : String(last.status ?? last.error)];
    });
}

function requestRow(record: RequestRecord): Cell[] {
  const tail = record.path.replace(/^\/(payments|ordermanagement)\/v1\/(orders|authorizations)\/[^/]+/, '…');
  const effect = record.executed
    ? html`<span class="badge good">done</span>`
    : record.replayed
      ? html`<span class="badge">repeated answer</span>`
      : html`<span class="badge flat">no effect</span>`;
  return [
    moment(record.at),
    html`<strong>${record.method}</strong> ${tail}`,
    record.idempotency_key === null ? '–' : html`<code>${record.idempotency_key}</code>`,
    html`${effect} ${record.status ?? 'no answer'}${record.fault !== null && html` <span class="badge warn">${record.fault}</span>`}`,
  ];
}
