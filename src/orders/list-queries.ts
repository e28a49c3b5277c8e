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
}

/**
 * Reads the query of `GET /orders`.
 * @throws Refusal BAD_VALUE, one message per parameter that is unknown, repeated or not readable
 */
export function ordersQueryIn(given: Given): OrdersQuery {
  const { text, refuse } = reading(given, ['reference', 'status', 'learned', 'created_from', 'created_to', 'limit', 'cursor']);
  const query = {
    ...page(text),
    reference: text('reference', (value) => (value !== '' && isPlainText(value) ? value : undefined)),
    status: text('status', (value) => ORDER_STATUSES.find((status) => status === value)),
    learnedLater: text('learned', (value) => (value === 'later' ? true : undefined)) ?? false,
    createdFrom: text('created_from', time),
    createdTo: text('created_to', time),
  };
  refuse();
  return query;
}
