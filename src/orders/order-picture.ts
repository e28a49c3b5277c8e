import type { MovementKind } from '../persistence/repositories/movements.repository.js';
import type { OrderState, Origin } from '../persistence/repositories/stored-order.js';

/** What does not add up, and what it means to people. Codes of the first group stay until someone has looked; the others until the next read. */
export const LASTING_ANOMALIES = [
  'PLACED_BY_ANOTHER_MERCHANT',
  'SECOND_CAPTURE_OF_ONE_OPERATION',
  'SECOND_REFUND_OF_ONE_OPERATION',
  'ONE_CAPTURE_OF_TWO_OPERATIONS',
  'ONE_REFUND_OF_TWO_OPERATIONS',
] as const;

export type Anomaly =
  | (typeof LASTING_ANOMALIES)[number]
  | 'CAPTURED_MORE_THAN_REMAINED'
  | 'REFUNDED_MORE_THAN_CAPTURED'
  | 'CAPTURES_DO_NOT_ADD_UP'
  | 'REFUNDS_DO_NOT_ADD_UP'
  | 'UNREADABLE_AMOUNT'
  | 'MOVEMENT_WITHOUT_ID'
  | 'WENT_BACK'
  | 'CURRENCY_DIFFERS'
  | 'NO_SUCH_ORDER_AT_PROVIDER';

/** An order is read soon after it became known, and that settles when it is compared next; this is for when that read never comes. */
const FIRST_COMPARISON_MS = 3_600_000;

/** What is known of an order before anything was read or done. */
export function unknownOrder(dataSubject: string, at: Date, origin: Origin = 'adopted'): OrderState {
  return {
    dataSubject,
    status: null,
    fraudStatus: null,
    currency: null,
    orderAmount: null,
    originalOrderAmount: null,
    capturedAmount: 0,
    refundedAmount: 0,
    remainingAuthorizedAmount: null,
    merchantReference1: null,
    merchantReference2: null,
    klarnaReference: null,
    expiresAt: null,
    createdAt: at,
    updatedAt: at,
    readAt: null,
    refreshAt: at,
    anomaly: null,
    compareAt: new Date(at.getTime() + FIRST_COMPARISON_MS),
    flaggedDifferences: null,
    origin,
    learnedAt: at,
    movedElsewhereAt: null,
  };
}

/**
 * The order after a capture: `captured` grows, what remains shrinks, and the status follows from what remains. A capture above the
 * remaining amount (someone raised the authorization elsewhere) is taken as it is and flagged. Amounts in minor units.
 */
export function afterCapture(order: OrderState, amount: number): OrderState {
  const { remainingAuthorizedAmount: before } = order;
  const capturedAmount = added(order.capturedAmount, amount);
  if (before === null) return { ...order, capturedAmount };
  const remaining = Math.max(0, before - amount);
  return flagged(
    {
      ...order,
      capturedAmount,
      remainingAuthorizedAmount: remaining,
      status: remaining === 0 ? 'CAPTURED' : 'PART_CAPTURED',
    },
    amount > before ? 'CAPTURED_MORE_THAN_REMAINED' : null,
  );
}

/** The order after a refund. Nothing can be captured again by it, and no status says it. */
export function afterRefund(order: OrderState, amount: number): OrderState {
  const refundedAmount = added(order.refundedAmount, amount);
  const tooMuch = order.readAt !== null && refundedAmount > order.capturedAmount;
  return flagged({ ...order, refundedAmount }, tooMuch ? 'REFUNDED_MORE_THAN_CAPTURED' : null);
}

export function afterMovement(kind: MovementKind, order: OrderState, amount: number): OrderState {
  return kind === 'capture' ? afterCapture(order, amount) : afterRefund(order, amount);
}

/** The order after a cancel: nothing remains. */
export function afterCancel(order: OrderState): OrderState {
  return { ...order, status: 'CANCELLED', remainingAuthorizedAmount: 0 };
}

/** The order after what remained was released. Whether Klarna calls it CAPTURED or CLOSED then, only a read tells. */
export function afterRelease(order: OrderState): OrderState {
  return { ...order, remainingAuthorizedAmount: 0 };
}

/**
 * The order after its authorization was set anew, in minor units: what remains of it is what was not captured. Whether Klarna calls an
 * order captured that is lowered to what was captured, only a read tells.
 */
export function afterAuthorizationUpdate(order: OrderState, orderAmount: number): OrderState {
  const { remainingAuthorizedAmount: before, capturedAmount } = order;
  return { ...order, orderAmount, remainingAuthorizedAmount: before === null ? null : Math.max(0, orderAmount - capturedAmount) };
}

/** The order with a note for people beside those it has. */
export function flagged<State extends OrderState>(order: State, code: Anomaly | null): State {
  if (code === null || anomaliesOf(order).includes(code)) return order;
  return { ...order, anomaly: order.anomaly === null ? code : `${order.anomaly}, ${code}` };
}

export function anomaliesOf(order: OrderState): string[] {
  return order.anomaly === null ? [] : order.anomaly.split(', ');
}

/** Earlier of two times; null is never. */
export function earlier(one: Date | null, other: Date | null): Date | null {
  if (one === null || other === null) return one ?? other;
  return one < other ? one : other;
}

/** A sum that can't be held exactly is no reason to lose a capture: the total stays and the next read corrects it. */
function added(total: number, amount: number): number {
  return Number.isSafeInteger(total + amount) ? total + amount : total;
}
