import type { Order } from '../klarna/model.js';
import { remainingAmount, statusOf } from '../klarna/order-state.js';
import type { World } from '../klarna/work.js';
import { html, type Html } from './html.js';
import { moment, money, STATUS_WORDS } from './words.js';

const TONES: Record<string, string> = {
  AUTHORIZED: '',
  PART_CAPTURED: 'warn',
  CAPTURED: 'good',
  CANCELLED: 'bad',
  EXPIRED: 'bad',
  CLOSED: 'flat',
};
const FRAUD_TONES = { ACCEPTED: 'good', PENDING: 'warn', REJECTED: 'bad' };
const FRAUD_WORDS = { ACCEPTED: 'Accepted', PENDING: 'Pending review', REJECTED: 'Rejected' };

export function statusBadge(world: World, order: Order): Html {
  const status = statusOf(order, world.clock.now(), world.switches.get('status_after_expiry'));
  return html`<span class="badge ${TONES[status]}">${STATUS_WORDS[status] ?? status}</span>`;
}

/** An order's true amounts: numbers and a bar. */
export function orderState(world: World, order: Order): Html {
  const now = world.clock.now();
  const { purchase_currency: currency, locale } = order.purchase;
  const amount = (minorUnits: number) => money(minorUnits, currency, locale);
  const remaining = remainingAmount(order, now);
  const whole = Math.max(order.order_amount, order.captured_amount, 1);
  const width = (part: number) => `width:${((100 * part) / whole).toFixed(2)}%`;
  return html`
    <div class="row">
      ${statusBadge(world, order)}
      <span class="badge ${FRAUD_TONES[order.fraud_status]}">${FRAUD_WORDS[order.fraud_status]}</span>
      <span class="soft small">expires ${moment(order.expires_at)} UTC</span>
    </div>
    <div class="meter" role="img" aria-label="captured ${amount(order.captured_amount)} of ${amount(order.order_amount)}">
      <i class="kept" style="${width(order.captured_amount - order.refunded_amount)}"></i>
      <i class="refunded" style="${width(order.refunded_amount)}"></i>
      <i class="open" style="${width(remaining)}"></i>
    </div>
    <p class="legend">
      <span><b style="background:#0f7a4f"></b>captured and kept</span><span><b style="background:#c9c3d6"></b>refunded</span
      ><span><b style="background:#b79bff"></b>still authorized</span>
    </p>
    <dl class="facts num">
      <div>
        <dt>Order</dt>
        <dd>${amount(order.order_amount)}</dd>
      </div>
      <div>
        <dt>Captured</dt>
        <dd>${amount(order.captured_amount)}</dd>
      </div>
      <div>
        <dt>Refunded</dt>
        <dd>${amount(order.refunded_amount)}</dd>
      </div>
      <div>
        <dt>Still authorized</dt>
        <dd>${amount(remaining)}</dd>
      </div>
    </dl>
  `;
}
