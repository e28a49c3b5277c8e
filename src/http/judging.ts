import { validateSync, type ValidationError } from 'class-validator';
import { isObject } from '../json.js';
import { fieldsOf, type Dto, type RuleContext } from './fields.js';

/** A field that is not as its DTO wants it. */
export interface BrokenRule {
  /** As Klarna writes it: `order_lines[2].total_tax_amount`. */
  path: string;
  /** A length, a pattern or a list of words, which a merchant may have reported instead of enforced. */
  limit: boolean;
  /** What the value has to be, to be read after "must be". */
  says: string;
}

/** The one rule without a context: the field is not there, or null. */
const REQUIRED = 'isDefined';

/** What a value breaks of its DTO's rules, in the order of the DTO. Nothing is changed. */
export function brokenRules(dto: Dto, value: object): BrokenRule[] {
  // The instance is for judging alone, and is thrown away.
  const instance = instanceOf(dto, value);
  return validateSync(instance, { forbidUnknownValues: false, validationError: { target: false } }).flatMap((error) => brokenIn(error, ''));
}

/**
 * The known fields of a value, as class-validator wants them: an instance of the class, down to its objects and lists of objects. Unknown ones
 * stay out, because one that is called `constructor` would be taken for the class.
 */
function instanceOf(dto: Dto, value: object): object {
  const instance = Object.create(dto.prototype as object) as Record<string, unknown>;
  for (const [name, nested] of fieldsOf(dto)) {
    if (!Object.hasOwn(value, name)) continue;
    const member = (value as Record<string, unknown>)[name];
    instance[name] = nested === null ? member : instances(nested(), member);
  }
  return instance;
}

/** What is neither an object nor a list of them stays as it is: the rules say what is wrong with it. */
function instances(dto: Dto, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((each: unknown) => (isObject(each) ? instanceOf(dto, each) : each));
  return isObject(value) ? instanceOf(dto, value) : value;
}

function brokenIn(error: ValidationError, prefix: string): BrokenRule[] {
  const path = pathOf(error, prefix);
  const names = Object.keys(error.constraints ?? {});
  // class-validator's own word on what is no object has no context; ours has said it already.
  const contexts = names.map((name) => error.contexts?.[name] as RuleContext | undefined).filter((context) => context !== undefined);
  // What is not there breaks every rule about its type; the first says what it is.
  if (names.includes(REQUIRED))
    return [{ path, limit: false, says: ['there', ...contexts.slice(0, 1).map(({ says }) => says)].join(': ') }];
  const own = contexts.flatMap(({ limit, says, element }) => pathsOf(error.value, path, element).map((at) => ({ path: at, limit, says })));
  // What is of another type has no fields to be judged.
  const mistyped = new Set(own.filter(({ limit }) => !limit).map((rule) => rule.path));
  const children = mistyped.has(path) ? [] : (error.children ?? []).filter((child) => !mistyped.has(pathOf(child, path)));
  return [...own, ...children.flatMap((child) => brokenIn(child, path))];
}

function pathOf({ property }: ValidationError, prefix: string): string {
  if (/^\d+$/.test(property)) return `${prefix}[${property}]`;
  return prefix === '' ? property : `${prefix}.${property}`;
}

/** The field itself, or those of its elements that are at fault. */
function pathsOf(value: unknown, path: string, element: RuleContext['element']): string[] {
  if (element === undefined || !Array.isArray(value)) return [path];
  return value.flatMap((each: unknown, index) => (element(each) ? [] : [`${path}[${index}]`]));
}
