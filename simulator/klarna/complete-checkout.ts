import { askShop } from '../callbacks/ask-shop.js';
import type { JsonObject } from '../json.js';
import { checkoutView } from './checkout-view.js';
import { withShipping } from './chosen-shipping.js';
import { fraudMarker, watchFraudDecision } from './fraud-decision.js';
import { makeOrder, paymentMethods } from './make-order.js';
import { isTokenized, makeToken } from './make-token.js';
import type { Checkout, Order } from './model.js';
import { assertUnchanged, CannotComplete, NotApproved } from './open-checkout.js';
import { cartProblems } from './order-line-arithmetic.js';
import { changeByShopper } from './shopper-changes.js';
import type { Change, World } from './work.js';

/** How long Klarna waits for the shop's word on a purchase, in real milliseconds: for any answer, and for the yes that it must have. */
const PATIENCE_MS = 3_000;
const PATIENCE_FOR_A_YES_MS = 10_000;

/**
 * The shopper buys: what is new in `given` changes the checkout (`changeByShopper`), the shop is asked (`validation`), then the checkout is
 * complete and an order of the same id exists; push and notification are planned.
 * @param given `billing_address`, `shipping_option`, `payment_method_category`; `{}` buys as it stands
 * @param baseUrl where the snippet's frame is
 * @param also what becomes true together with the order; what it throws stops the purchase
 * @throws CannotComplete as `changeByShopper`; 403 also when the shop refuses, NotApproved when the assessment does
 */
export async function completeCheckout(
  world: World,
  orderId: string,
  given: JsonObject,
  baseUrl: string,
  also: (change: Change, order: Order) => void = () => {},
): Promise<Order> {
  const method = readMethod(given);
  const checkout = await changeByShopper(world, orderId, given);
  if (checkout.purchase.recurring === true && !isTokenized(method)) {
    throw new CannotComplete(400, 'Bad value: payment_method_category (a recurring purchase needs one that can be charged again)');
  }
  const bought = agreed(world, checkout);
  await validate(world, bought, baseUrl);
  assertUnchanged(world, checkout);
  return place(world, bought, method, also);
}

function readMethod({ payment_method_category: method = 'pay_later' }: JsonObject): string {
  if (typeof method === 'string' && Object.hasOwn(paymentMethods, method)) return method;
  throw new CannotComplete(400, `Bad value: payment_method_category (${Object.keys(paymentMethods).join(', ')})`);
}

/** What the shopper agrees to: shipped somewhere, the shipping a line of the order. */
function agreed(world: World, checkout: Checkout): Checkout {
  const purchase = withShipping(checkout.purchase);
  const billing_address = { country: purchase.purchase_country, ...purchase.billing_address };
  const bought = { ...purchase, billing_address, shipping_address: purchase.shipping_address ?? billing_address };
  const problems = cartProblems(bought, world.switches.get('order_tax_tolerance'));
  if (problems.length > 0) throw new CannotComplete(400, problems.map(({ path }) => `Bad value: ${path}`).join(', '));
  return { ...checkout, purchase: bought, last_modified_at: world.clock.now() };
}

/** Asks the shop's validation URL, if there is one. Silence is a yes, unless a yes is required. */
async function validate(world: World, bought: Checkout, baseUrl: string): Promise<void> {
  const { validation } = bought.purchase.merchant_urls ?? {};
  if (validation === undefined) return;
  const mustSayYes = bought.purchase.options?.require_validate_callback_success === true;
  const said = await askShop(
    world.switches,
    validation.replaceAll('{checkout.order.id}', bought.order_id),
    checkoutView(world, bought, baseUrl),
    mustSayYes ? PATIENCE_FOR_A_YES_MS : PATIENCE_MS,
  );
  if (said.kind === 'no') throw new CannotComplete(403, said.message);
  if (said.kind === 'elsewhere') throw new CannotComplete(403, 'The shop sends the shopper elsewhere', said.to);
  if (said.kind === 'silence' && mustSayYes) throw new CannotComplete(403, 'The shop did not confirm the purchase.');
}

function place(world: World, bought: Checkout, payment_method_category: string, also: (change: Change, order: Order) => void): Order {
  const change: Change = { world, now: world.clock.now(), puts: [], afterCommit: [] };
  const { purchase, merchant, order_id } = bought;
  const marker = fraudMarker(purchase);
  if (marker === 'denied') throw new NotApproved();
  const agreed = { ...purchase, auto_capture: purchase.options?.auto_capture === true };
  const source = { order_id, merchant, session_id: null, authorization_token: null, payment_method_category };
  const order = makeOrder(change, agreed, marker, source);
  const recurring = purchase.recurring === true && { recurring_token: recurringToken(change, bought, payment_method_category) };
  change.puts.push(['checkouts', order_id, { ...bought, ...recurring, completed_at: change.now }]);
  also(change, order);
  const start = world.callbacks.planCheckoutPush(change.puts, order, change.now);
  world.store.commit(change.puts, change.now);
  start();
  watchFraudDecision(world, order);
  return order;
}

/** The customer token with which the shop charges the shopper from now on. @returns its id */
function recurringToken(change: Change, { merchant, purchase }: Checkout, payment_method_category: string): string {
  const { purchase_country, purchase_currency, locale, billing_address, customer } = purchase;
  const source = { merchant, authorization_token: null, purchase_country, purchase_currency, locale, payment_method_category };
  return makeToken(change, { ...source, billing_address, customer, intent: undefined }).token_id;
}
