import { type Given, page, type PageQuery, reading, time } from '../http/list-query.js';
import { isOperationKind, type OperationKind } from './kinds.js';
import { isFinal, OPERATION_STATES, type OperationState } from './operation.js';

export const OPEN_STATES = OPERATION_STATES.filter((state) => !isFinal(state));

export interface OperationsQuery extends PageQuery {
  /** Which states; all of them when none was asked for. Sorted, each once. */
  states: readonly OperationState[];
  kind: OperationKind | null;
  /** At least so old, or accepted before. */
  olderThan: Age | null;
}

/** An age in ms, or a moment. */
export type Age = { ms: number } | { at: Date };

const UNITS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const DURATION = /^(\d{1,6})([smhd])$/;

/**
 * Reads the query of `GET /operations`.
 * @throws Refusal BAD_VALUE, one message per parameter that is unknown, not readable, or repeated where it may come once
 */
export function operationsQueryIn(given: Given): OperationsQuery {
  const { text, list, refuse } = reading(given, ['state', 'kind', 'older_than', 'limit', 'cursor']);
  const states = list('state', statesNamed)?.flat() ?? OPERATION_STATES;
  const query = {
    ...page(text),
    states: OPERATION_STATES.filter((state) => states.includes(state)),
    kind: text('kind', (value) => (isOperationKind(value) ? value : undefined)),
    olderThan: text('older_than', age),
  };
  refuse();
  return query;
}

/** `open` stands for all that are not final. */
function statesNamed(value: string): readonly OperationState[] | undefined {
  if (value === 'open') return OPEN_STATES;
  const state = OPERATION_STATES.find((each) => each === value);
  return state && [state];
}

function age(value: string): Age | undefined {
  const [, count = '', unit = ''] = DURATION.exec(value) ?? [];
  const factor = UNITS[unit];
  if (factor !== undefined) return { ms: Number(count) * factor };
  const at = time(value);
  return at && { at };
}

/**
 * The smallest id that an operation accepted at this time, or later, can have: ids are UUIDv7, which begin with the time in ms.
 * @param ms business time
 */
export function firstIdAt(ms: number): string {
  const hex = Math.max(0, ms).toString(16).padStart(12, '0').slice(-12);
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`;
}
