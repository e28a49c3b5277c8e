import { isObject, type JsonObject, type JsonValue } from '../json.js';

/** A field that breaks a documented rule. `length` is kept apart: Order Management answers it with another status. */
export interface Problem {
  path: string;
  reason: 'value' | 'length';
}

/** The documented form of a value. */
export interface Shape {
  /** Adds a problem for each rule that the value breaks. */
  check(value: JsonValue, path: string, problems: Problem[]): void;
  /** The value without the members that Klarna does not know, and without nulls. */
  keep(value: JsonValue): JsonValue;
}

const fits = (size: number, { min = 0, max = Infinity }: { min?: number; max?: number }): boolean => size >= min && size <= max;
const as = (check: Shape['check']): Shape => ({ check, keep: (value) => value });

/** Text with a documented length (in characters: code points, as JSON Schema counts) and form. */
export function text(limits: { min?: number; max?: number; pattern?: RegExp; also?: (value: string) => boolean } = {}): Shape {
  return as((value, path, problems) => {
    if (typeof value !== 'string') problems.push({ path, reason: 'value' });
    else if (!fits([...value].length, limits)) problems.push({ path, reason: 'length' });
    else if (limits.pattern?.test(value) === false || limits.also?.(value) === false) problems.push({ path, reason: 'value' });
  });
}

/**
 * A whole number. Documented as int64, but numbers beyond 2^53 - 1 are refused too: the simulator adds amounts up and would
 * rather refuse than be off by one.
 */
export function integer(limits: { min?: number; max?: number } = {}): Shape {
  return as((value, path, problems) => {
    if (!Number.isSafeInteger(value) || !fits(Number(value), { min: -Infinity, ...limits })) problems.push({ path, reason: 'value' });
  });
}

export function oneOf(...allowed: readonly string[]): Shape {
  return as((value, path, problems) => {
    if (typeof value !== 'string' || !allowed.includes(value)) problems.push({ path, reason: 'value' });
  });
}

export const flag: Shape = as((value, path, problems) => {
  if (typeof value !== 'boolean') problems.push({ path, reason: 'value' });
});

export function list(item: Shape, limits: { min?: number; max?: number } = {}): Shape {
  return {
    check(value, path, problems) {
      if (!Array.isArray(value) || !fits(value.length, limits)) {
        problems.push({ path, reason: 'value' });
        return;
      }
      value.forEach((entry, index) => item.check(entry, `${path}[${index}]`, problems));
    },
    keep: (value) => (Array.isArray(value) ? value.map((entry) => item.keep(entry)) : value),
  };
}

/** An object with known members. Unknown ones are accepted and ignored; null on an optional member is the same as leaving it out. */
export function object(members: Record<string, Shape>, required: readonly string[] = []): Shape {
  const known = Object.entries(members);
  return {
    check(value, path, problems) {
      if (!isObject(value)) {
        problems.push({ path, reason: 'value' });
        return;
      }
      for (const [name, shape] of known) {
        const member = Object.hasOwn(value, name) ? value[name] : undefined;
        const at = path === '' ? name : `${path}.${name}`;
        if (member !== undefined && member !== null) shape.check(member, at, problems);
        else if (required.includes(name)) problems.push({ path: at, reason: 'value' });
      }
    },
    keep(value) {
      const kept: JsonObject = {};
      if (!isObject(value)) return kept;
      for (const [name, shape] of known) {
        const member = Object.hasOwn(value, name) ? value[name] : undefined;
        if (member !== undefined && member !== null) kept[name] = shape.keep(member);
      }
      return kept;
    },
  };
}
