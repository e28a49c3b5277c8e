import { randomBytes, randomUUID } from 'node:crypto';
import { askForValidation } from '../callbacks/validation.js';
import type { JsonObject } from '../json.js';
import type { Put } from '../state/store.js';
import { checkoutAddress } from './checkout-shapes.js';
import { checkoutView, isShown } from './checkout-view.js';
import { paymentMethods } from './create-order.js';
import type { Problem } from './fields.js';
import { fraudMarker, watchFraudDecision } from './fraud-decision.js';
import type { Checkout, CheckoutPurchase, Order } from './model.js';
import { cartProblems, totalOfLines } from './order-line-arithmetic.js';
import { ORDER_LIFETIME_MS, withCapture } from './order-state.js';
import type { World } from './work.js';

/** Why a shopper cannot complete a checkout. */
export class CannotComplete extends Error {
  constructor(
    readonly status: 400 | 403 | 404 | 409,
    message: string,
    /** Where the shop wants the shopper to go instead. */
    readonly redirect?: string,
  ) {
    super(message);
  }
}

/** What the shopper fills in and chooses. */
interface Given {
  address: JsonObject;
  method: string;
  shippingOption: string | undefined;
}

/**
 * The shopper buys: the shop is asked (`validation`), then the checkout is complete and an order of the same id exists; push and
 * notification are planned.
 * @param given `billing_address` (laid over the checkout's), `payment_method_category`, `shipping_option` (its id); `{}` buys as it stands
 * @param baseUrl where the snippet's frame is
 * @throws CannotComplete 404 unknown or gone, 409 completed, aborted, or changed while the shop was asked, 400 a member is wrong, 403 refused
 */
export async function completeCheckout(world: World, orderId: string, given: JsonObject, baseUrl: string): Promise<Order> {
  const asked = openCheckout(world, orderId);
  const bought = withGiven(world, asked, readGiven(given));
  const { validation } = asked.purchase.merchant_urls ?? {};
  if (validation !== undefined) {
    const mustSayYes = asked.purchase.options?.require_validate_callback_success === true;
    const order = checkoutView(world, bought, baseUrl);
    const url = validation.replaceAll('{checkout.order.id}', orderId);
    const verdict = await askForValidation(url, order, mustSayYes, world.switches.get('callbacks_http_loopback'));
    if (verdict.kind === 'refused') throw new CannotComplete(403, verdict.message);
    if (verdict.kind === 'redirected') throw new CannotComplete(403, 'The shop sends the shopper elsewhere', verdict.to);
  }
  // While the shop was asked, the cart may have changed under the shopper's hands.
  if (openCheckout(world, orderId) !== asked) throw new CannotComplete(409, 'The checkout was changed meanwhile');
  return place(world, bought, readGiven(given).method);
}

function openCheckout(world: World, orderId: string): Checkout {
  const checkout = world.store.rows.checkouts.get(orderId);
  if (checkout === undefined || (checkout.completed_at === undefined && !isShown(world, checkout))) {
    throw new CannotComplete(404, 'This checkout does not exist');
  }
  if (checkout.completed_at !== undefined) throw new CannotComplete(409, 'This checkout has already been completed');
  if (checkout.aborted === true) throw new CannotComplete(409, 'This checkout was aborted');
  return checkout;
}

function readGiven(given: JsonObject): Given {
  const method = given.payment_method_category ?? 'pay_later';
  if (typeof method !== 'string' || !Object.hasOwn(paymentMethods, method)) {
    throw new CannotComplete(400, `Bad value: payment_method_category (${Object.keys(paymentMethods).join(', ')})`);
  }
  const address = given.billing_address ?? {};
  const problems: Problem[] = [];
  checkoutAddress.check(address, 'billing_address', problems);
  if (problems.length > 0) throw new CannotComplete(400, problems.map(({ path }) => `Bad value: ${path}`).join(', '));
  const { shipping_option: option } = given;
  return { address: address as JsonObject, method, shippingOption: typeof option === 'string' ? option : undefined };
}

/** The checkout with what the shopper filled in and chose. A shipping option is a line of the order, as at Klarna. */
function withGiven(world: World, checkout: Checkout, { address, shippingOption }: Given): Checkout {
  const { purchase } = checkout;
  const options = (purchase.shipping_options ?? []) as (JsonObject & ShippingOption)[];
  const option = options.find(({ id }) => id === shippingOption) ?? options.find(({ preselected }) => preselected === true) ?? options[0];
  if (shippingOption !== undefined && option?.id !== shippingOption) throw new CannotComplete(400, 'Bad value: shipping_option');
  const billing_address = { country: purchase.purchase_country, ...purchase.billing_address, ...address };
  const shipping_address = purchase.shipping_address ?? billing_address;
  let bought: CheckoutPurchase = { ...purchase, billing_address, shipping_address };
  // A shop that ships by lines of its own has put the fee in already.
  if (option !== undefined && !purchase.order_lines.some(({ type }) => type === 'shipping_fee')) {
    const order_lines = [...purchase.order_lines, shippingLine(option)];
    const order_tax_amount = purchase.order_tax_amount + option.tax_amount;
    bought = { ...bought, selected_shipping_option: option, order_lines, order_amount: totalOfLines(order_lines), order_tax_amount };
  }
  const problems = cartProblems(bought, world.switches.get('order_tax_tolerance'));
  if (problems.length > 0) throw new CannotComplete(400, problems.map(({ path }) => `Bad value: ${path}`).join(', '));
  return { ...checkout, purchase: bought, last_modified_at: world.clock.now() };
}

interface ShippingOption {
  id: string;
  name: string;
  price: number;
  tax_amount: number;
  tax_rate: number;
  preselected?: boolean;
}

function shippingLine({ id, name, price, tax_amount, tax_rate }: ShippingOption) {
  const amounts = { unit_price: price, tax_rate, total_amount: price, total_discount_amount: 0, total_tax_amount: tax_amount };
  return { type: 'shipping_fee', reference: id, name, quantity: 1, ...amounts };
}

function place(world: World, bought: Checkout, method: string): Order {
  const now = world.clock.now();
  const { purchase, merchant, order_id } = bought;
  const marker = fraudMarker(purchase);
  if (marker === 'denied') throw new CannotComplete(403, 'The purchase was not approved');
  const auto_capture = purchase.options?.auto_capture === true;
  let order: Order = {
    order_id,
    merchant,
    session_id: null,
    authorization_token: null,
    klarna_reference: `K${randomBytes(5).toString('hex').slice(0, 7).toUpperCase()}`,
    created_at: now,
    expires_at: now + ORDER_LIFETIME_MS,
    purchase: { ...purchase, auto_capture },
    order_amount: purchase.order_amount,
    original_order_amount: purchase.order_amount,
    captured_amount: 0,
    refunded_amount: 0,
    fraud_status: marker === undefined ? 'ACCEPTED' : 'PENDING',
    ...(marker !== undefined && { decision: { outcome: marker, at: now + world.switches.get('pending_decision_seconds') * 1000 } }),
    cancelled: false,
    acknowledged: false,
    payment_method: (paymentMethods[method] ?? paymentMethods.pay_later!).initial,
    capture_ids: [],
    refund_ids: [],
  };
  const puts: Put[] = [];
  if (auto_capture && order.fraud_status === 'ACCEPTED') {
    const taken = withCapture(order, randomUUID(), order.order_amount, now, null, { order_lines: purchase.order_lines });
    // That Klarna captures is no sign that the shop knows of the order.
    order = { ...taken.order, acknowledged: false };
    puts.push(['captures', taken.capture.capture_id, taken.capture]);
  }
  const recurring = purchase.recurring === true && { recurring_token: randomUUID() };
  puts.push(['orders', order_id, order], ['checkouts', order_id, { ...bought, ...recurring, completed_at: now }]);
  const start = world.callbacks.planCheckoutPush(puts, order, now);
  world.store.commit(puts, now);
  start();
  watchFraudDecision(world, order);
  return order;
}
