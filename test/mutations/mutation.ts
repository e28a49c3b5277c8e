import fc from 'fast-check';
import type { Field, Path } from './schema.js';

/** A JSON value as it is written; the text may say what no JavaScript value does (20 digits, 1.0). */
export interface Raw {
  text: string;
  /** What a reader has to take it for; NaN for a number that JavaScript does not hold exactly. */
  value: unknown;
}

export interface Mutated {
  text: string;
  /** The field that was changed, or the first thing that had to be made for it. */
  root: Path;
  /** Nothing but the field was changed: what stood around it was there already. */
  alone: boolean;
}

/** Stands for the raw text until the body is written. */
const PLACE = '\uE000';

const raw = (text: string, value: unknown = JSON.parse(text)): Raw => told({ text, value }, text);

/** Says in a few words what it is, when it is part of a counterexample. */
export function told<T extends object>(it: T, words: string): T {
  return Object.assign(it, {
    [fc.toStringMethod]: () => (words.length > 200 ? `${words.slice(0, 200)}... (${words.length} characters)` : words),
  });
}

/** What people and programs put into fields, and some of what they never should. */
export const anyRaw: fc.Arbitrary<Raw | undefined> = fc.oneof(
  fc.constantFrom<(Raw | undefined)[]>(
    ...[undefined, raw('null'), raw('true'), raw('""'), raw('" "'), raw('{}'), raw('[]'), raw('[[]]'), raw('[null]'), raw('{"a":{}}')],
    ...[raw('0'), raw('-1'), raw('1.5'), raw('100.0'), raw('1e2'), raw('-0'), raw('9007199254740993', Number.NaN), raw('1e400', Infinity)],
    ...[
      raw('200000001'),
      raw('100000001'),
      raw('1.00000000000000000001', Number.NaN),
      raw('"100"'),
      raw('"1.5"'),
      raw('"SE"'),
      raw('"SEK"'),
    ],
    ...[raw('"physical"'), raw('"no such word"'), raw('"http://a.example"'), raw('"https://a.example/{order.id}"'), raw('"\\u0000"')],
    ...[raw('"\\ud800"'), raw('"\\ud83d\\ude00"'), raw('"constructor"'), raw('{"constructor":1,"toString":2}')],
  ),
  fc
    .tuple(fc.constantFrom('x', '😀', 'å'), fc.constantFrom(8, 9, 10, 11, 20, 21, 99, 100, 101, 255, 256, 257, 1_024, 1_025, 6_000, 6_001))
    .map(([letter, count]) => raw(JSON.stringify(letter.repeat(count)))),
  fc.integer({ min: -200_000_001, max: 200_000_001 }).map((number) => raw(String(number))),
  fc.string({ unit: 'binary', maxLength: 20 }).map((text) => raw(JSON.stringify(text))),
  fc.constantFrom(1_000, 1_001).map((count) => raw(`[${Array.from({ length: count }, () => '{}').join(',')}]`)),
  // `__proto__` and repeated members are refused as unreadable, whatever the field.
  fc
    .jsonValue()
    .filter((value) => !JSON.stringify(value).includes('__proto__'))
    .map((value) => raw(JSON.stringify(value))),
);

/** Puts a value into a place of a body, and makes what is missing on the way; undefined takes the field out. */
export function mutated(body: unknown, path: Path, value: Raw | undefined): Mutated {
  const copy = structuredClone(body) as Record<string | number, unknown>;
  let at = copy;
  let root: Path = path;
  for (const [depth, key] of path.slice(0, -1).entries()) {
    const there = at[key];
    if (typeof there !== 'object' || there === null) {
      if (root === path) root = path.slice(0, depth + 1);
      at[key] = typeof path[depth + 1] === 'number' ? [] : {};
    }
    at = at[key] as Record<string | number, unknown>;
  }
  const last = path.at(-1) ?? '';
  if (value !== undefined) at[last] = PLACE;
  else if (Array.isArray(at)) at.splice(Number(last), 1);
  else delete at[last];
  return { text: JSON.stringify(copy).replace(`"${PLACE}"`, () => value?.text ?? ''), root, alone: root === path };
}

/** A field that nobody knows, as Klarna adds them without notice. */
export const UNKNOWN: Field = { path: ['x_new_field'], schema: {}, required: false };
