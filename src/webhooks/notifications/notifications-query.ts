import { validate } from 'uuid';
import { type Given, page, type PageQuery, reading, time } from '../../http/list-query.js';
import { isPlainText } from '../../http/text.js';
import { EVENT_TYPES } from '../../persistence/repositories/events.repository.js';
import { ASKED, TOLD } from '../../persistence/repositories/hooks.repository.js';

export const DELIVERY_STATES = ['due', 'delivered', 'dead', 'cancelled'] as const;
export const CALLBACK_STATES = ['received', 'done', 'given-up'] as const;
export const DIRECTIONS = ['out', 'in'] as const;
/** What may be asked for: types of events, and entries of the provider's callbacks. */
export const NOTIFICATION_TYPES: readonly string[] = [...EVENT_TYPES, ...TOLD, ...ASKED];

export interface NotificationsQuery extends PageQuery {
  direction: (typeof DIRECTIONS)[number] | null;
  /** Ours or the provider's. */
  orderId: string | null;
  type: string | null;
  /** All of them when none was asked for. Each once. */
  deliveryStates: readonly string[];
  callbackStates: readonly string[];
  endpointId: string | null;
  /** Inclusive. */
  createdFrom: Date | null;
  /** Exclusive. */
  createdTo: Date | null;
}

export interface EventsQuery {
  /** Ours or the provider's; or our id of what else events are about. */
  orderId: string;
  afterSequence: number;
  limit: number;
}

const SEQUENCE = /^\d{1,15}$/;

/**
 * Reads the query of `GET /notifications`.
 * @throws Refusal BAD_VALUE, one message per parameter that is unknown, not readable, or repeated where it may come once
 */
export function notificationsQueryIn(given: Given): NotificationsQuery {
  const filters = ['direction', 'order_id', 'type', 'state', 'endpoint_id', 'created_from', 'created_to'];
  const { text, list, refuse } = reading(given, [...filters, 'limit', 'cursor']);
  const all: readonly string[] = [...DELIVERY_STATES, ...CALLBACK_STATES];
  const states = list('state', (value) => all.find((state) => state === value)) ?? all;
  const query = {
    ...page(text),
    direction: text('direction', (value) => DIRECTIONS.find((direction) => direction === value)),
    orderId: text('order_id', orderId),
    type: text('type', (value) => NOTIFICATION_TYPES.find((type) => type === value)),
    deliveryStates: DELIVERY_STATES.filter((state) => states.includes(state)),
    callbackStates: CALLBACK_STATES.filter((state) => states.includes(state)),
    endpointId: text('endpoint_id', (value) => (validate(value) ? value.toLowerCase() : undefined)),
    createdFrom: text('created_from', time),
    createdTo: text('created_to', time),
  };
  refuse();
  return query;
}

/**
 * Reads the query of `GET /notifications/events`.
 * @throws Refusal BAD_VALUE
 */
export function eventsQueryIn(given: Given): EventsQuery {
  // An order has to be named: one that is not is one that can't be read.
  const { text, refuse } = reading({ order_id: '', ...given }, ['order_id', 'after_sequence', 'limit']);
  const query = {
    orderId: text('order_id', orderId) ?? '',
    afterSequence: text('after_sequence', (value) => (SEQUENCE.test(value) ? Number(value) : undefined)) ?? 0,
    limit: page(text).limit,
  };
  refuse();
  return query;
}

function orderId(value: string): string | undefined {
  return value !== '' && isPlainText(value) ? value : undefined;
}
