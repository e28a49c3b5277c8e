import { Refusal } from '../operations/errors.js';

export const LIMIT = { least: 1, usual: 50, most: 200 } as const;

/** How a page of any list is asked for. */
export interface PageQuery {
  limit: number;
  cursor: string | null;
}

/** Parameters as they came: text, or a list of texts when one was repeated. */
export type Given = Readonly<Record<string, unknown>>;

/** Reads one parameter that may come once. @returns null when it did not come */
export type Reader = <T>(name: string, read: (value: string) => T | undefined) => T | null;

/** Reads one parameter whose values may be repeated or separated by commas. @returns null when it did not come */
export type ListReader = <T>(name: string, read: (value: string) => T | undefined) => T[] | null;

const WHOLE_NUMBER = /^[1-9]\d{0,2}$/;
const TIME = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d))?$/;

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

/** `limit` and `cursor`. */
export function page(text: Reader): PageQuery {
  const limit = text('limit', (value) => (WHOLE_NUMBER.test(value) && Number(value) <= LIMIT.most ? Number(value) : undefined));
  return { limit: limit ?? LIMIT.usual, cursor: text('cursor', (value) => (value === '' ? undefined : value)) };
}

/**
 * Readers of a query's parameters. What can't be read, is repeated or is not known is gathered, and `refuse` names all of it at once.
 * @param known every parameter that there is
 */
export function reading(given: Given, known: readonly string[]): { text: Reader; list: ListReader; refuse: () => void } {
  const bad = Object.keys(given).filter((name) => !known.includes(name));
  const text: Reader = (name, read) => {
    const value = given[name];
    if (value === undefined) return null;
    const found = typeof value === 'string' ? read(value) : undefined;
    if (found === undefined) bad.push(name);
    return found ?? null;
  };
  const list: ListReader = (name, read) => {
    const value: unknown = given[name];
    if (value === undefined) return null;
    const values = (Array.isArray(value) ? (value as unknown[]) : [value]).flatMap((each) => String(each).split(','));
    const found = values.map((each) => read(each));
    if (found.includes(undefined)) bad.push(name);
    return found.filter((each) => each !== undefined);
  };
  const refuse = (): void => {
    if (bad.length === 0) return;
    throw new Refusal(
      'BAD_VALUE',
      bad.map((name) => `Bad value: ${name.slice(0, 100)}`),
    );
  };
  return { text, list, refuse };
}

/** A day is its first moment in UTC; a time has to say its zone. */
export function time(value: string): Date | undefined {
  const at = new Date(value);
  return TIME.test(value) && Number.isFinite(at.getTime()) ? at : undefined;
}
