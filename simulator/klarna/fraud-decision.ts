import { randomUUID } from 'node:crypto';
import type { Put } from '../state/store.js';
import type { Order, Purchase } from './model.js';
import { withCapture } from './order-state.js';
import type { Change, World } from './work.js';

/** After a rejection the merchant has 4 hours to take the risk and capture; then Klarna cancels the order. */
const GRACE_AFTER_REJECTION_MS = 4 * 3_600_000;

/** Plans what follows an order: the push to the merchant, and the decision of a pending one. */
export function orderPlaced({ world, puts, afterCommit, now }: Change, order: Order): void {
  const start = world.callbacks.planPush(puts, order, now);
  afterCommit.push(start, () => watchFraudDecision(world, order));
}

/** Sets the alarms for a pending or rejected order: when it is placed, and again after a restart. */
export function watchFraudDecision(world: World, order: Order): void {
  if (order.decision === undefined) return;
  const { at } = order.decision;
  if (order.fraud_status === 'PENDING') world.clock.schedule(at, () => decide(world, order.order_id));
  else if (order.fraud_status === 'REJECTED' && !order.cancelled) {
    world.clock.schedule(at + GRACE_AFTER_REJECTION_MS, () => cancelRejected(world, order.order_id));
  }
}

function decide(world: World, orderId: string): void {
  const order = world.store.rows.orders.get(orderId);
  if (order?.decision === undefined || order.fraud_status !== 'PENDING' || order.cancelled) return;
  const { outcome, at } = order.decision;
  const puts: Put[] = [];
  let decided: Order = { ...order, fraud_status: outcome };
  if (outcome === 'ACCEPTED' && order.purchase.auto_capture === true && order.capture_ids.length === 0) {
    const taken = withCapture(decided, randomUUID(), order.order_amount, at, null, { order_lines: order.purchase.order_lines });
    decided = taken.order;
    puts.push(['captures', taken.capture.capture_id, taken.capture]);
  }
  puts.push(['orders', orderId, decided]);
  const start = world.callbacks.planNotification(puts, decided, at);
  world.store.commit(puts, at);
  start();
  watchFraudDecision(world, decided);
}

function cancelRejected(world: World, orderId: string): void {
  const order = world.store.rows.orders.get(orderId);
  if (order === undefined || order.cancelled || order.capture_ids.length > 0) return;
  world.store.commit([['orders', orderId, { ...order, cancelled: true }]], world.clock.now());
}

/** The part of the shopper's e-mail address that decides the fraud outcome: `jane+pend-accept@example.com`. */
export function fraudMarker(purchase: Purchase): 'denied' | 'ACCEPTED' | 'REJECTED' | undefined {
  const email = [purchase.billing_address?.email, purchase.shipping_address?.email].find((value) => typeof value === 'string') ?? '';
  if (String(email).includes('+denied')) return 'denied';
  if (String(email).includes('+pend-accept')) return 'ACCEPTED';
  if (String(email).includes('+pend-reject')) return 'REJECTED';
  return undefined;
}
