import { visit } from 'jsonc-parser';
import { Refusal } from '../operations/errors.js';

/** Deeper than any request of Klarna's, and far from what a recursive reader can't bear. */
const MAX_DEPTH = 100;

/**
 * Reads a request body for judging; what is forwarded is always the bytes. Stricter than JSON.parse where readers disagree about the
 * meaning: duplicate members, `__proto__`, a byte-order mark, text that is not UTF-8. A number that JavaScript can't hold exactly
 * although it looks whole (9007199254740993, 1.00000000000000000001) reads as NaN, so that no rule takes the rounded value for it.
 * @returns undefined when there is nothing but white space
 * @throws Refusal BAD_REQUEST
 */
export function readJson(bytes: Buffer): unknown {
  const text = textOf(bytes);
  if (/^[ \t\r\n]*$/.test(text)) return undefined;
  const inexact = inspect(text);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw unreadable('The body is not JSON');
  }
  return inexact.reduce(withNaN, value);
}

type Path = readonly (string | number)[];

function textOf(bytes: Buffer): string {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    if (!text.startsWith('\uFEFF')) return text;
  } catch {
    throw unreadable('The body is not UTF-8');
  }
  throw unreadable('The body starts with a byte-order mark');
}

/** Refuses what JSON.parse would let pass. @returns the places of numbers that are not what they look like */
function inspect(text: string): Path[] {
  const members: Set<string>[] = [];
  const inexact: Path[] = [];
  let depth = 0;
  const deeper = () => {
    if (++depth > MAX_DEPTH) throw unreadable(`The body is nested more than ${MAX_DEPTH} levels deep`);
  };
  visit(
    text,
    {
      onObjectBegin: () => {
        deeper();
        members.push(new Set());
      },
      onObjectEnd: () => {
        depth--;
        members.pop();
      },
      onArrayBegin: deeper,
      onArrayEnd: () => void depth--,
      onObjectProperty: (name) => {
        const names = members.at(-1);
        if (name === '__proto__') throw unreadable('The body has a member called __proto__');
        if (names?.has(name)) throw unreadable(`The body has two members called ${JSON.stringify(name.slice(0, 100))} in one object`);
        names?.add(name);
      },
      onLiteralValue: (value, offset, length, _line, _column, pathSupplier) => {
        if (typeof value === 'number' && Number.isInteger(value) && !isExactly(value, text.slice(offset, offset + length))) {
          inexact.push(pathSupplier());
        }
      },
      onError: () => {
        throw unreadable('The body is not JSON');
      },
    },
    { disallowComments: true, allowTrailingComma: false, allowEmptyContent: false },
  );
  return inexact;
}

/** Whether a number literal says exactly this whole number. */
function isExactly(value: number, literal: string): boolean {
  if (/^-?\d{1,15}$/.test(literal)) return true;
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(literal) ?? [];
  const digits = (whole + fraction).replace(/^0+/, '');
  const significant = digits.replace(/0+$/, '');
  if (significant === '') return value === 0;
  const zeros = Number(exponent) - fraction.length + (digits.length - significant.length);
  if (zeros < 0 || zeros > 20 || significant.length > 20) return false;
  return BigInt(sign + significant + '0'.repeat(zeros)) === BigInt(value);
}

function withNaN(root: unknown, path: Path): unknown {
  const last = path.at(-1);
  if (last === undefined) return Number.NaN;
  const parent = path.slice(0, -1).reduce<unknown>((value, key) => (value as Record<string | number, unknown>)[key], root);
  (parent as Record<string | number, unknown>)[last] = Number.NaN;
  return root;
}

function unreadable(message: string): Refusal {
  return new Refusal('BAD_REQUEST', [message]);
}
