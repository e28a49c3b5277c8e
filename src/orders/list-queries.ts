import { durationIn } from '../clock/durations.js';
import { page, type Given, type PageQuery, reading, time } from '../http/list-query.js';
import { isPlainText } from '../http/text.js';

export const ORDER_STATUSES = ['AUTHORIZED', 'PART_CAPTURED', 'CAPTURED', 'CANCELLED', 'EXPIRED', 'CLOSED'] as const;

export interface OrdersQuery extends PageQuery {
  /** Equal to either of the merchant's references. */
  reference: string | null;
  status: string | null;
  /** Only what was learned later than it happened. */
  learnedLater: boolean;
  /** Inclusive. */
  createdFrom: Date | null;
  /** Exclusive. */
  createdTo: Date | null;
  /** Only orders whose authorization ends within so many ms with money not captured; goes with no other filter. */
  expiringWithinMs: number | null;
}

const FILTERS = ['reference', 'status', 'learned', 'created_from', 'created_to'];

/**
 * Reads the query of `GET /orders`.
 * @throws Refusal BAD_VALUE, one message per parameter that is unknown, repeated, not readable or does not go with the others
 */
export function ordersQueryIn(given: Given): OrdersQuery {
  const { text, refuse } = reading(given, [...FILTERS, 'expiring_within', 'limit', 'cursor']);
  const alone = FILTERS.every((name) => given[name] === undefined);
  const query = {
    ...page(text),
    reference: text('reference', (value) => (value !== '' && isPlainText(value) ? value : undefined)),
    status: text('status', (value) => ORDER_STATUSES.find((status) => status === value)),
    learnedLater: text('learned', (value) => (value === 'later' ? true : undefined)) ?? false,
    createdFrom: text('created_from', time),
    createdTo: text('created_to', time),
    expiringWithinMs: text('expiring_within', (value) => (alone ? durationIn(value) : undefined)),
  };
  refuse();
  return query;
}
