import { askShop } from '../callbacks/ask-shop.js';
import type { JsonObject, JsonValue } from '../json.js';
import { checkoutAddress, checkoutCart } from './checkout-shapes.js';
import { chosenShipping, shippingOptions } from './chosen-shipping.js';
import type { Problem, Shape } from './fields.js';
import type { Checkout, CheckoutPurchase } from './model.js';
import { assertUnchanged, CannotComplete, openCheckout } from './open-checkout.js';
import { cartProblems } from './order-line-arithmetic.js';
import type { World } from './work.js';

/** What the shop may be asked for a new cart at, by what the shopper has changed. */
type CartUrl = 'address_update' | 'country_change' | 'shipping_option_update';

/**
 * The shopper fills in an address or chooses the shipping. Where the shop has an address for it, it is asked for the cart that goes with
 * it: `country_change` when the country changes, else `address_update`; then `shipping_option_update`.
 * @param given `billing_address` (laid over the checkout's), `shipping_option` (its id); what is as it was asks nobody
 * @throws CannotComplete 404 unknown or gone, 409 completed, aborted, or changed while the shop was asked, 400 a member is wrong, also of the
 * shop's cart, 403 refused by the shop
 */
export async function changeByShopper(world: World, orderId: string, given: JsonObject): Promise<Checkout> {
  let checkout = openCheckout(world, orderId);
  const address = readAddress(given);
  const before = checkout.purchase.billing_address ?? {};
  if (Object.entries(address).some(([name, value]) => before[name] !== value)) {
    const { purchase_country, merchant_urls: urls } = checkout.purchase;
    const billing_address = { country: purchase_country, ...before, ...address };
    const moved = upper(billing_address.country) !== upper(before.country ?? purchase_country);
    const url = moved && urls?.country_change !== undefined ? 'country_change' : 'address_update';
    checkout = await change(world, checkout, { billing_address, ...(moved && { purchase_country: billing_address.country }) }, url);
  }
  const { shipping_option: wanted } = given;
  if (typeof wanted !== 'string') return checkout;
  const option = shippingOptions(checkout.purchase).find(({ id }) => id === wanted);
  if (option === undefined) throw new CannotComplete(400, 'Bad value: shipping_option');
  if (checkout.purchase.selected_shipping_option?.id === wanted) return checkout;
  return change(world, checkout, { selected_shipping_option: option }, 'shipping_option_update');
}

const upper = (country: JsonValue | undefined) => (typeof country === 'string' ? country.toUpperCase() : country);

function readAddress({ billing_address: address = {} }: JsonObject): JsonObject {
  assertForm(checkoutAddress, address, 'billing_address');
  return address as JsonObject;
}

async function change(world: World, checkout: Checkout, changed: JsonObject, url: CartUrl): Promise<Checkout> {
  const purchase: CheckoutPurchase = { ...checkout.purchase, ...changed };
  const cart = await cartOfShop(world, checkout.order_id, purchase, url);
  assertUnchanged(world, checkout);
  const now = world.clock.now();
  const done: Checkout = { ...checkout, purchase: { ...purchase, ...cart }, last_modified_at: now };
  world.store.commit([['checkouts', checkout.order_id, done]], now);
  return done;
}

/** The cart that the shop wants for a purchase as the shopper has changed it; nothing when the shop need not be asked. */
async function cartOfShop(world: World, id: string, purchase: CheckoutPurchase, name: CartUrl): Promise<JsonObject> {
  const url = purchase.merchant_urls?.[name];
  if (url === undefined) return {};
  const { switches } = world;
  const said = await askShop(switches, url.replaceAll('{checkout.order.id}', id), question(purchase), switches.get('cart_callback_ms'));
  if (said.kind === 'no') throw new CannotComplete(403, said.message);
  if (said.kind === 'elsewhere') throw new CannotComplete(403, 'The shop sends the shopper elsewhere', said.to);
  if (said.kind === 'silence') {
    if (switches.get('silent_cart_callback') === 'goes_on') return {};
    throw new CannotComplete(403, 'The shop did not answer.');
  }
  const answered = said.body ?? null;
  assertForm(checkoutCart, answered, name);
  const cart = checkoutCart.keep(answered) as JsonObject;
  const problems = cartProblems({ ...purchase, ...cart }, switches.get('order_tax_tolerance'));
  refuse(problems.map((problem) => ({ ...problem, path: `${name}.${problem.path}` })));
  return cart;
}

/** What the shop is told of the purchase. */
function question(purchase: CheckoutPurchase): JsonObject {
  const { order_amount, order_tax_amount, order_lines, purchase_currency, billing_address, locale } = purchase;
  const told: Record<string, JsonValue | undefined> = {
    ...{ order_amount, order_tax_amount, order_lines, purchase_currency, billing_address, locale },
    shipping_address: purchase.shipping_address ?? billing_address,
    selected_shipping_option: chosenShipping(purchase),
    merchant_data: purchase.merchant_data,
    merchant_reference1: purchase.merchant_reference1,
    merchant_reference2: purchase.merchant_reference2,
    customer: purchase.customer,
    tags: purchase.tags,
  };
  return Object.fromEntries(Object.entries(told).filter((entry): entry is [string, JsonValue] => entry[1] !== undefined));
}

function assertForm(shape: Shape, value: JsonValue, path: string): void {
  const problems: Problem[] = [];
  shape.check(value, path, problems);
  refuse(problems);
}

function refuse(problems: Problem[]): void {
  if (problems.length > 0) throw new CannotComplete(400, problems.map(({ path }) => `Bad value: ${path}`).join(', '));
}
