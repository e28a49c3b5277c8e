import type { JsonObject } from '../json.js';
import type { Capture, Order, Refund } from './model.js';
import { remainingAmount, statusOf } from './order-state.js';
import type { World } from './work.js';

const METHOD_NAMES: Record<string, string> = { INVOICE: 'Pay later', CARD: 'Pay now by card', FIXED_AMOUNT: 'Slice it (fixed payments)' };

/** An order as Order Management shows it. @param now virtual time, for status and remaining amount */
export function orderView(world: World, order: Order, now: number): JsonObject {
  const { purchase } = order;
  return {
    order_id: order.order_id,
    status: statusOf(order, now, world.switches.get('status_after_expiry')),
    fraud_status: order.fraud_status,
    order_amount: order.order_amount,
    original_order_amount: order.original_order_amount,
    captured_amount: order.captured_amount,
    refunded_amount: order.refunded_amount,
    remaining_authorized_amount: remainingAmount(order, now),
    purchase_country: purchase.purchase_country,
    purchase_currency: purchase.purchase_currency,
    locale: purchase.locale ?? 'en-US',
    order_lines: purchase.order_lines,
    merchant_reference1: purchase.merchant_reference1 || undefined,
    merchant_reference2: purchase.merchant_reference2 || undefined,
    merchant_data: purchase.merchant_data,
    klarna_reference: order.klarna_reference,
    customer: orderCustomer(purchase.customer),
    billing_address: purchase.billing_address,
    shipping_address: purchase.shipping_address ?? purchase.billing_address,
    created_at: world.clock.iso(order.created_at),
    expires_at: world.clock.iso(order.expires_at),
    captures: capturesOf(world, order).map((capture) => captureView(world, order, capture)),
    refunds: refundsOf(world, order).map((refund) => refundView(world, refund)),
    shipping_info: order.shipping_info ?? [],
    initial_payment_method: {
      type: order.payment_method,
      description: METHOD_NAMES[order.payment_method],
      ...(order.payment_method === 'FIXED_AMOUNT' && { number_of_installments: 3 }),
    },
  };
}

/** A capture as Order Management shows it. */
export function captureView(world: World, order: Order, capture: Capture): JsonObject {
  return {
    capture_id: capture.capture_id,
    klarna_reference: capture.klarna_reference,
    captured_amount: capture.captured_amount,
    captured_at: world.clock.iso(capture.captured_at),
    refunded_amount: capture.refunded_amount,
    reference: capture.reference,
    description: capture.description,
    order_lines: capture.order_lines,
    billing_address: order.purchase.billing_address,
    shipping_address: order.purchase.shipping_address ?? order.purchase.billing_address,
    shipping_info: capture.shipping_info,
  };
}

/** A refund as Order Management shows it. It names no capture. */
export function refundView(world: World, refund: Refund): JsonObject {
  return {
    refund_id: refund.refund_id,
    refunded_amount: refund.refunded_amount,
    refunded_at: world.clock.iso(refund.refunded_at),
    reference: refund.reference,
    description: refund.description,
    order_lines: refund.order_lines,
    credit_invoice: false,
  };
}

/** The captures of an order, oldest first. */
export function capturesOf(world: World, order: Order): Capture[] {
  return order.capture_ids.flatMap((id) => world.store.rows.captures.get(id) ?? []);
}

/** The refunds of an order, oldest first. */
export function refundsOf(world: World, order: Order): Refund[] {
  return order.refund_ids.flatMap((id) => world.store.rows.refunds.get(id) ?? []);
}

function orderCustomer(customer: JsonObject | undefined): JsonObject | undefined {
  if (customer === undefined) return undefined;
  return { date_of_birth: customer.date_of_birth, national_identification_number: customer.national_identification_number };
}
