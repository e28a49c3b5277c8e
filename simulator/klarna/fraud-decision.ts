import { randomUUID } from 'node:crypto';
import type { FraudEvent } from '../callbacks/callbacks.js';
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

/** Why the assessment of an order cannot be made to change. */
export class CannotDecide extends Error {
  constructor(
    readonly status: 404 | 409,
    message: string,
  ) {
    super(message);
  }
}

/**
 * Decides a pending order now, or stops one that is pending or accepted; the merchant is notified.
 * @throws CannotDecide 404 unknown, 409 cancelled, decided or stopped already
 */
export function decideNow(world: World, orderId: string, event: FraudEvent): Order {
  const order = world.store.rows.orders.get(orderId);
  if (order === undefined) throw new CannotDecide(404, 'Nothing has this id');
  if (order.cancelled) throw new CannotDecide(409, 'The order is cancelled');
  if (order.stopped === true) throw new CannotDecide(409, 'The order is stopped');
  const open = order.fraud_status === 'PENDING' || (event === 'STOPPED' && order.fraud_status === 'ACCEPTED');
  if (!open) throw new CannotDecide(409, `The order is ${order.fraud_status.toLowerCase()}`);
  const at = world.clock.now();
  if (event !== 'STOPPED') return conclude(world, { ...order, decision: { outcome: event, at } }, event, at);
  const outcome = world.switches.get('stopped_order');
  return conclude(world, { ...order, stopped: true, decision: { outcome, at } }, event, at);
}

function decide(world: World, orderId: string): void {
  const order = world.store.rows.orders.get(orderId);
  if (order?.decision === undefined || order.fraud_status !== 'PENDING' || order.cancelled) return;
  conclude(world, order, order.decision.outcome, order.decision.at);
}

/** @param order with its decision */
function conclude(world: World, order: Order, event: FraudEvent, at: number): Order {
  const puts: Put[] = [];
  let decided: Order = { ...order, fraud_status: order.decision?.outcome ?? order.fraud_status };
  if (event === 'ACCEPTED' && order.purchase.auto_capture === true && order.capture_ids.length === 0) {
    const taken = withCapture(decided, randomUUID(), order.order_amount, at, null, { order_lines: order.purchase.order_lines });
    // That Klarna captures is no sign that the shop knows of the order.
    decided = { ...taken.order, acknowledged: order.acknowledged };
    puts.push(['captures', taken.capture.capture_id, taken.capture]);
  }
  puts.push(['orders', order.order_id, decided]);
  const start = world.callbacks.planNotification(puts, decided, event, at);
  world.store.commit(puts, at);
  start();
  watchFraudDecision(world, decided);
  return decided;
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
