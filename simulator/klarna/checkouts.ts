import { randomUUID } from 'node:crypto';
import { bareAnswer, KlarnaRefusal, type Answer } from './answers.js';
import { readBody, refuseProblems } from './body.js';
import { checkoutShapes } from './checkout-shapes.js';
import { checkoutAnswer, checkoutView, isShown } from './checkout-view.js';
import { saidAgain } from './merchant-urls.js';
import type { Checkout, CheckoutPurchase } from './model.js';
import { cartProblems } from './order-line-arithmetic.js';
import { isHidden, notAuthorized } from './sessions.js';
import type { Work } from './work.js';

/** Klarna says that there is no such checkout (any more) with a bare 404. */
const NONE = bareAnswer(404);

const readOnly = () => new KlarnaRefusal(403, 'READ_ONLY_ORDER', ['Resource is read-only']);

/** @see Checkout API v3, `POST /checkout/v3/orders` (201) */
export function createCheckout(work: Work): Answer {
  const purchase = readBody(work, shapes(work).create, 'checkout') as CheckoutPurchase;
  refuseUnsound(work, purchase);
  const id = randomUUID();
  const checkout: Checkout = { order_id: id, merchant: work.merchant, started_at: work.now, last_modified_at: work.now, purchase };
  work.put('checkouts', id, checkout);
  return checkoutAnswer(201, checkoutView(work.world, checkout, work.call.baseUrl), {
    Location: `${work.call.baseUrl}/checkout/v3/orders/${id}`,
  });
}

/** @see Checkout API v3, `GET /checkout/v3/orders/{order_id}` */
export function readCheckout(work: Work, orderId: string): Answer {
  const checkout = findCheckout(work, orderId);
  return checkout === undefined ? NONE : checkoutAnswer(200, checkoutView(work.world, checkout, work.call.baseUrl));
}

/** What is given replaces what was there; the rest stays. @see Checkout API v3, `POST /checkout/v3/orders/{order_id}` (200) */
export function updateCheckout(work: Work, orderId: string): Answer {
  const checkout = findCheckout(work, orderId);
  if (checkout === undefined) return NONE;
  if (isClosed(checkout)) throw readOnly();
  const purchase = saidAgain(work.world, checkout.purchase, readBody(work, shapes(work).update, 'checkout'));
  refuseUnsound(work, purchase);
  const updated: Checkout = { ...checkout, purchase, last_modified_at: work.now };
  work.put('checkouts', checkout.order_id, updated);
  return checkoutAnswer(200, checkoutView(work.world, updated, work.call.baseUrl));
}

/** @see Checkout API v3, `POST /checkout/v3/orders/{order_id}/abort` (200) */
export function abortCheckout(work: Work, orderId: string): Answer {
  const checkout = findCheckout(work, orderId);
  if (checkout === undefined) return NONE;
  if (isClosed(checkout)) throw readOnly();
  const aborted: Checkout = { ...checkout, aborted: true };
  work.put('checkouts', checkout.order_id, aborted);
  return checkoutAnswer(200, checkoutView(work.world, aborted, work.call.baseUrl));
}

function isClosed(checkout: Checkout): boolean {
  return checkout.completed_at !== undefined || checkout.aborted === true;
}

function shapes(work: Work): ReturnType<typeof checkoutShapes> {
  return checkoutShapes(work.world.switches.get('callbacks_http_loopback'));
}

/** The cart adds up, and other checkouts come with the picture that they are shown by. */
function refuseUnsound(work: Work, purchase: CheckoutPurchase): void {
  refuseProblems(cartProblems(purchase, work.world.switches.get('order_tax_tolerance')), 'checkout');
  const others = (purchase.external_checkouts ?? []) as { image_url?: string }[];
  const missing = others.flatMap(({ image_url: url }, index) => (url === undefined ? [`external_checkouts[${index}].image_url`] : []));
  refuseProblems(
    missing.map((path) => ({ path, reason: 'value' as const })),
    'checkout',
  );
}

function findCheckout(work: Work, orderId: string): Checkout | undefined {
  const checkout = work.world.store.rows.checkouts.get(orderId.toLowerCase());
  if (checkout === undefined || !isShown(work.world, checkout)) return undefined;
  if (checkout.merchant === work.merchant) return checkout;
  if (isHidden(work.world)) return undefined;
  throw notAuthorized();
}
