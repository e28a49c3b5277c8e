import { isObject, jsonIn, objectIn } from '../json.js';
import type { MovementKind, NewMovement } from '../persistence/repositories/movements.repository.js';
import type { Anomaly } from './order-picture.js';

/** An order as Klarna showed it at one moment. Null: not shown, or not readable. Amounts in minor units of `currency`. */
export interface OrderSnapshot {
  orderId: string | null;
  status: string | null;
  fraudStatus: string | null;
  currency: string | null;
  orderAmount: number | null;
  originalOrderAmount: number | null;
  capturedAmount: number | null;
  refundedAmount: number | null;
  remainingAuthorizedAmount: number | null;
  merchantReference1: string | null;
  merchantReference2: string | null;
  klarnaReference: string | null;
  expiresAt: Date | null;
  createdAt: Date | null;
  /** Null when the answer lists none at all, which is not the same as an empty list. */
  captures: NewMovement[] | null;
  refunds: NewMovement[] | null;
  anomalies: Anomaly[];
}

const LONE_SURROGATE = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g;

/**
 * Reads Klarna's order. Fields that are missing, unknown or of another type never make it fail: Klarna adds and changes fields without notice.
 * @returns undefined when the bytes are no order at all (HTML, cut short, another resource)
 * @see Order Management API v1, `GET /ordermanagement/v1/orders/{order_id}`
 */
export function orderSnapshotIn(body: Buffer): OrderSnapshot | undefined {
  const order = objectIn(body);
  if (order === undefined || text(order['status']) === null) return undefined;
  const anomalies = new Set<Anomaly>();
  const amount = (value: unknown) => amountIn(value, anomalies);
  const snapshot = {
    orderId: text(order['order_id']),
    status: text(order['status']),
    fraudStatus: text(order['fraud_status']),
    currency: text(order['purchase_currency']),
    orderAmount: amount(order['order_amount']),
    originalOrderAmount: amount(order['original_order_amount']),
    capturedAmount: amount(order['captured_amount']),
    refundedAmount: amount(order['refunded_amount']),
    remainingAuthorizedAmount: amount(order['remaining_authorized_amount']),
    merchantReference1: text(order['merchant_reference1']),
    merchantReference2: text(order['merchant_reference2']),
    klarnaReference: text(order['klarna_reference']),
    expiresAt: time(order['expires_at']),
    createdAt: time(order['created_at']),
    captures: movements('capture', order['captures'], anomalies),
    refunds: movements('refund', order['refunds'], anomalies),
  };
  return { ...snapshot, anomalies: [...anomalies] };
}

/** The captures (refunds) in an answer that shows one or a list of them; what is neither shows none. */
export function movementsIn(kind: MovementKind, body: Buffer): NewMovement[] {
  const shown = jsonIn(body);
  return movements(kind, Array.isArray(shown) ? shown : [shown], new Set()) ?? [];
}

const NAMES = {
  capture: { id: 'capture_id', amount: 'captured_amount', at: 'captured_at' },
  refund: { id: 'refund_id', amount: 'refunded_amount', at: 'refunded_at' },
} as const satisfies Record<MovementKind, Record<string, string>>;

function movements(kind: MovementKind, value: unknown, anomalies: Set<Anomaly>): NewMovement[] | null {
  if (!Array.isArray(value)) return null;
  const { id, amount, at } = NAMES[kind];
  const found = new Map<string, NewMovement>();
  for (const item of value as unknown[]) {
    const entry = isObject(item) ? item : {};
    const providerId = text(entry[id]);
    if (providerId === null || providerId === '') anomalies.add('MOVEMENT_WITHOUT_ID');
    else {
      found.set(providerId, {
        providerId,
        amount: amountIn(entry[amount], anomalies),
        reference: text(entry['reference']),
        description: text(entry['description']),
        klarnaReference: text(entry['klarna_reference']),
        at: time(entry[at]),
      });
    }
  }
  return [...found.values()];
}

/** Postgres keeps no U+0000 and no half of a surrogate pair; what Klarna shows is kept without them rather than not at all. */
function text(value: unknown): string | null {
  return typeof value === 'string' ? value.replaceAll('\u0000', '\uFFFD').replace(LONE_SURROGATE, '\uFFFD') : null;
}

function amountIn(value: unknown, anomalies: Set<Anomaly>): number | null {
  if (value === undefined || value === null) return null;
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
  anomalies.add('UNREADABLE_AMOUNT');
  return null;
}

/** A time that Postgres and JSON can hold, too: years of four digits. */
function time(value: unknown): Date | null {
  if (typeof value !== 'string') return null;
  const at = new Date(value);
  const year = at.getUTCFullYear();
  return year >= 1900 && year <= 9999 ? at : null;
}
