import type { JsonObject } from '../json.js';
import { bareAnswer, KlarnaRefusal, type Answer } from './answers.js';
import { readBody } from './body.js';
import type { Order } from './model.js';
import { customerDetailsShape, referencesShape, shippingShape } from './order-management-shapes.js';
import { EXTENDABLE_MS, extendedEnd, isExpired } from './order-state.js';
import { findOrder, statusNow } from './orders.js';
import type { Work } from './work.js';

const refusal = (message: string) => new KlarnaRefusal(403, 'NOT_ALLOWED', [message]);

/**
 * Says that the order has arrived; any number of times.
 * @see Order Management API v1, `POST .../acknowledge` (204)
 */
export function acknowledge(work: Work, orderId: string): Answer {
  const order = findOrder(work, orderId);
  if (order.cancelled) throw refusal('Order is cancelled. Acknowledge not possible.');
  return changed(work, order, { acknowledged: true });
}

/**
 * Gives an authorization its days anew, from today; never one that has expired, of an old order, or of a way to pay that is not extended.
 * @see Order Management API v1, `POST .../extend-authorization-time` (204)
 */
export function extendAuthorization(work: Work, orderId: string): Answer {
  const order = findOrder(work, orderId);
  const because = (state: string) => refusal(`Order ${state}. Authorization time cannot be extended.`);
  if (order.cancelled) throw because('is cancelled');
  if (isExpired(order, work.now)) throw because('is expired');
  const status = statusNow(work, order);
  if (status !== 'AUTHORIZED' && status !== 'PART_CAPTURED') throw because('has no remaining authorization');
  if (work.now >= order.created_at + EXTENDABLE_MS) throw because('is older than 180 days');
  const financing = order.payment_method === 'FIXED_AMOUNT' && order.purchase.purchase_country.toUpperCase() === 'US';
  if (order.payment_method === 'CARD' || financing) throw because('was paid for in a way that is not extended');
  return changed(work, order, { expires_at: extendedEnd(order, work.now) });
}

/**
 * Replaces the references that are there; an empty text clears one.
 * @see Order Management API v1, `PATCH .../merchant-references` (204)
 */
export function updateMerchantReferences(work: Work, orderId: string): Answer {
  const order = findOrder(work, orderId);
  const references = readBody(work, referencesShape, 'order-management');
  if (order.cancelled) throw refusal('Can not update a cancelled order');
  if (isExpired(order, work.now) && work.world.switches.get('references_on_expired') === 'forbidden') {
    throw refusal('Can not update an expired order');
  }
  return changed(work, order, { purchase: { ...order.purchase, ...references } });
}

/**
 * Changes where the goods go, after a new assessment, which shoppers marked `+denied` fail. Nothing about who pays can be changed.
 * @see Order Management API v1, `PATCH .../customer-details` (204)
 */
export function updateCustomerDetails(work: Work, orderId: string): Answer {
  const order = findOrder(work, orderId);
  const { shipping_address: address, billing_address: billing } = readBody(work, customerDetailsShape, 'order-management') as {
    shipping_address?: JsonObject;
    billing_address?: JsonObject;
  };
  if (billing !== undefined) throw refusal('Billing address cannot be updated.');
  const status = statusNow(work, order);
  const captured = status === 'PART_CAPTURED' && work.world.switches.get('address_when_captured') === 'no_content';
  if ((status !== 'AUTHORIZED' && !captured) || isExpired(order, work.now)) throw refusal('Update not allowed.');
  if (typeof address?.email === 'string' && address.email.includes('+denied')) throw refusal('Update not allowed.');
  return changed(work, order, address === undefined ? {} : { purchase: { ...order.purchase, shipping_address: address } });
}

/**
 * Adds parcels to those that the order lists already, in any state: the document knows no refusal but an unknown order.
 * @see Order Management API v1, `POST .../shipping-info` (204)
 */
export function addShippingInfo(work: Work, orderId: string): Answer {
  const order = findOrder(work, orderId);
  const parcels = (readBody(work, shippingShape, 'order-management') as { shipping_info: JsonObject[] }).shipping_info;
  return changed(work, order, { shipping_info: [...(order.shipping_info ?? []), ...parcels] });
}

function changed(work: Work, order: Order, changes: Partial<Order>): Answer {
  work.put('orders', order.order_id, { ...order, ...changes });
  return bareAnswer(204);
}
