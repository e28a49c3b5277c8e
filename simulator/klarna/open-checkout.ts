import { isShown } from './checkout-view.js';
import type { Checkout } from './model.js';
import type { World } from './work.js';

/** Why a shopper cannot go on with a checkout, or complete it. */
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

/** Klarna's own no: the assessment has turned the shopper down. */
export class NotApproved extends CannotComplete {
  constructor() {
    super(403, 'The purchase was not approved');
  }
}

/** @throws CannotComplete 404 unknown or gone, 409 completed or aborted */
export function openCheckout(world: World, orderId: string): Checkout {
  const checkout = world.store.rows.checkouts.get(orderId);
  if (checkout === undefined || (checkout.completed_at === undefined && !isShown(world, checkout))) {
    throw new CannotComplete(404, 'This checkout does not exist');
  }
  if (checkout.completed_at !== undefined) throw new CannotComplete(409, 'This checkout has already been completed');
  if (checkout.aborted === true) throw new CannotComplete(409, 'This checkout was aborted');
  return checkout;
}

/** While the shop was asked, the cart may have changed under the shopper's hands. @throws CannotComplete as `openCheckout`, 409 changed */
export function assertUnchanged(world: World, asked: Checkout): void {
  if (openCheckout(world, asked.order_id) !== asked) throw new CannotComplete(409, 'The checkout was changed meanwhile');
}
