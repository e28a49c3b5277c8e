import { errorCodeIn, type KlarnaAnswer } from '../klarna/answer-of-record.js';
import type { KlarnaExchange } from '../klarna/exchange.js';
import { type OrderSnapshot, orderSnapshotIn } from './order-snapshot.js';

/** What Klarna answered to the question for an order. */
export type OrderLook =
  | { kind: 'order'; snapshot: OrderSnapshot; answer: KlarnaAnswer }
  /** Klarna says there is none under this id. A very young order may not be readable yet. */
  | { kind: 'no-such-order'; answer: KlarnaAnswer }
  /** Another order than was asked for: the id is another spelling of its id. Neither absence nor presence follows. */
  | { kind: 'other-order' }
  /** Nothing follows from this: no answer, 5xx, refused credentials, or bytes that are no order. */
  | { kind: 'unreadable'; code: string; exchange: KlarnaExchange };

const NO_SUCH_ORDER = new Set(['NO_SUCH_ORDER', 'NOT_FOUND', 'INVALID_ORDER_ID']);

/** Judges the answer to `GET /ordermanagement/v1/orders/{order_id}`. A 404 counts only in Klarna's own words, not a proxy's. */
export function lookOf(exchange: KlarnaExchange, providerOrderId: string): OrderLook {
  if (exchange.kind !== 'answer') return { kind: 'unreadable', code: exchange.code, exchange };
  const { status, body } = exchange;
  if (status >= 200 && status < 300) {
    const snapshot = orderSnapshotIn(body);
    if (snapshot === undefined) return { kind: 'unreadable', code: 'GARBLED', exchange };
    const other = snapshot.orderId !== null && snapshot.orderId !== providerOrderId;
    return other ? { kind: 'other-order' } : { kind: 'order', snapshot, answer: exchange };
  }
  const code = errorCodeIn(body);
  const unknown = (status === 404 || status === 400) && code !== undefined && NO_SUCH_ORDER.has(code);
  return unknown ? { kind: 'no-such-order', answer: exchange } : { kind: 'unreadable', code: code ?? `HTTP_${status}`, exchange };
}
