import { isPlainText } from '../http/text.js';
import { Refusal } from '../operations/errors.js';

export const ORDER_STATUSES = ['AUTHORIZED', 'PART_CAPTURED', 'CAPTURED', 'CANCELLED', 'EXPIRED', 'CLOSED'] as const;
export const LIMIT = { least: 1, usual: 50, most: 200 } as const;

/** How a page of any list is asked for. */
export interface PageQuery {
  limit: number;
  cursor: string | null;
}

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

type Given = Readonly<Record<string, unknown>>;

const WHOLE_NUMBER = /^[1-9]\d{0,2}$/;
const TIME = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d))?$/;

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

/**
 * Reads the query of a list without filters.
 * @throws Refusal BAD_VALUE
 */
export function pageQueryIn(given: Given): PageQuery {
  const { text, refuse } = reading(given, ['limit', 'cursor']);
  const query = page(text);
  refuse();
  return query;
}

type Reader = <T>(name: string, read: (value: string) => T | undefined) => T | null;

function page(text: Reader): PageQuery {
  const limit = text('limit', (value) => (WHOLE_NUMBER.test(value) && Number(value) <= LIMIT.most ? Number(value) : undefined));
  return { limit: limit ?? LIMIT.usual, cursor: text('cursor', (value) => (value === '' ? undefined : value)) };
}

function reading(given: Given, known: readonly string[]): { text: Reader; refuse: () => void } {
  const bad = Object.keys(given).filter((name) => !known.includes(name));
  const text: Reader = (name, read) => {
    const value = given[name];
    if (value === undefined) return null;
    const found = typeof value === 'string' ? read(value) : undefined;
    if (found === undefined) bad.push(name);
    return found ?? null;
  };
  const refuse = (): void => {
    if (bad.length === 0) return;
    throw new Refusal(
      'BAD_VALUE',
      bad.map((name) => `Bad value: ${name.slice(0, 100)}`),
    );
  };
  return { text, refuse };
}

/** A day is its first moment in UTC; a time has to say its zone. */
function time(value: string): Date | undefined {
  const at = new Date(value);
  return TIME.test(value) && Number.isFinite(at.getTime()) ? at : undefined;
}
