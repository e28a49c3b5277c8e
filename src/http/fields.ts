import { applyDecorators } from '@nestjs/common';
import { ApiProperty, type ApiPropertyOptions } from '@nestjs/swagger';
import { IsDefined, IsOptional, ValidateBy, ValidateNested } from 'class-validator';
import { isObject } from '../json.js';
import { isPlainText, lengthOf } from './text.js';

/**
 * Fields of a request body, each described once: the rules that judge it and its entry in the OpenAPI document. Rules only judge;
 * the caller's bytes go to Klarna unchanged. Unless `required`, a field may be absent or null.
 *
 * A rule is a *limit* (length, pattern, list of words) or not (type, range of a number, being there). Limits are what Klarna's documents
 * say and Klarna itself does not always keep to, so a merchant may have them reported instead of enforced; everything else always holds.
 */
export interface FieldOptions {
  required?: boolean;
  description?: string;
  example?: unknown;
}

export interface NumberOptions extends FieldOptions {
  min?: number;
  max?: number;
}

export interface TextOptions extends FieldOptions {
  /** Characters (code points). */
  min?: number;
  max?: number;
  pattern?: RegExp;
  /** A hint for readers of the document, such as `date`; not a rule. */
  format?: string;
}

export interface ListOptions extends FieldOptions {
  min?: number;
  max?: number;
}

/** A class of fields. */
export type Dto = abstract new (...args: never[]) => object;

/** Where the fields of a class are noted. */
const FIELDS = Symbol('fields');

/** The fields of a class by name; null, or the class of those that have fields of their own. */
export type Fields = ReadonlyMap<string, (() => Dto) | null>;

/** @returns no field for a class without any */
export function fieldsOf(dto: Dto): Fields {
  return (Reflect.getMetadata(FIELDS, dto.prototype as object) as Fields | undefined) ?? new Map();
}

/** Where it is noted that a class says what its fields have to be. */
const EXPLAINED = Symbol('explained');

/**
 * Marks the body of a route of ours: a refusal says of each field what it has to be. Without this it is Klarna's bare `Bad value: path`, which
 * clients of Klarna's routes know.
 */
export function Explained(): ClassDecorator {
  return (dto) => Reflect.defineMetadata(EXPLAINED, true, dto);
}

export function isExplained(dto: Dto): boolean {
  return Reflect.getMetadata(EXPLAINED, dto) === true;
}

/** An amount in minor units of the order's currency (1000 is SEK 10.00): a whole number, 0 to 200 000 000 unless told, required unless told. */
export function MinorUnits({ min = 0, max = 200_000_000, required = true, ...rest }: NumberOptions = {}): PropertyDecorator {
  return WholeNumber({ min, max, required, ...rest });
}

/** A whole number that JavaScript holds exactly; `100.0` is one, `"100"` and 9007199254740993 are not. */
export function WholeNumber({
  min = Number.MIN_SAFE_INTEGER,
  max = Number.MAX_SAFE_INTEGER,
  required = false,
  ...rest
}: NumberOptions = {}): PropertyDecorator {
  const document: ApiPropertyOptions = { type: 'integer', format: 'int64' };
  if (min !== Number.MIN_SAFE_INTEGER) document.minimum = min;
  if (max !== Number.MAX_SAFE_INTEGER) document.maximum = max;
  return field(
    document,
    { required, ...rest },
    rule('wholeNumber', (value) => Number.isSafeInteger(value) && inside(value, min, max), { says: wholeNumberInWords(min, max) }),
  );
}

/** A text within its limits, without U+0000 and lone surrogates. */
export function Text({ min = 0, max, pattern, format, required = false, ...rest }: TextOptions = {}): PropertyDecorator {
  const document: ApiPropertyOptions = { type: 'string' };
  if (min > 0) document.minLength = min;
  if (max !== undefined) document.maxLength = max;
  if (pattern !== undefined) document.pattern = pattern.source;
  if (format !== undefined) document.format = format;
  const rules = [rule('text', isText, { says: 'a text' })];
  if (min > 0 || max !== undefined)
    rules.push(rule('length', ifText(lengthRule(min, max)), { limit: true, says: lengthInWords(min, max, 'character') }));
  if (pattern !== undefined)
    rules.push(
      rule(
        'pattern',
        ifText((text) => pattern.test(text)),
        { limit: true, says: `a text like ${pattern.source}` },
      ),
    );
  return field(document, { required, ...rest }, ...rules);
}

/** One of a closed list of words, spelled exactly. */
export function OneOf(values: readonly string[], { required = false, ...rest }: FieldOptions = {}): PropertyDecorator {
  const says = `one of ${values.join(', ')}`;
  return field(
    { type: 'string', enum: [...values] },
    { required, ...rest },
    rule('text', isText, { says }),
    rule(
      'oneOf',
      ifText((text) => values.includes(text)),
      { limit: true, says },
    ),
  );
}

export function Flag({ required = false, ...rest }: FieldOptions = {}): PropertyDecorator {
  return field(
    { type: 'boolean' },
    { required, ...rest },
    rule('flag', (value) => typeof value === 'boolean', { says: 'true or false' }),
  );
}

/** An object with fields of its own. */
export function Nested(dto: () => Dto, { required = false, ...rest }: FieldOptions = {}): PropertyDecorator {
  return field(lazily(dto), { required, ...rest }, rule('object', isObject, { says: 'an object' }), ValidateNested(), note(dto));
}

/** A list of objects with fields of their own. */
export function ListOf(dto: () => Dto, { min = 0, max, required = false, ...rest }: ListOptions = {}): PropertyDecorator {
  return field(
    { ...lazily(dto), isArray: true, ...listDocument(min, max) },
    { required, ...rest },
    ...listRules(min, max, isObject, 'an object'),
    ValidateNested({ each: true }),
    note(dto),
  );
}

/** A list whose elements are judged elsewhere. */
export function AnyList({ required = false, ...rest }: FieldOptions = {}): PropertyDecorator {
  const document: ApiPropertyOptions = { type: 'array', items: { type: 'object', additionalProperties: true } };
  return field(
    document,
    { required, ...rest },
    rule('list', (value) => Array.isArray(value), { says: 'a list' }),
  );
}

/** A list of texts. */
export function TextList({ min = 0, max, required = false, ...rest }: ListOptions = {}): PropertyDecorator {
  return field(
    { type: 'string', isArray: true, ...listDocument(min, max) },
    { required, ...rest },
    ...listRules(min, max, isText, 'a text'),
  );
}

/** A list of words, each one of a closed list, spelled exactly. */
export function WordList(values: readonly string[], { min = 0, max, required = false, ...rest }: ListOptions = {}): PropertyDecorator {
  const isWord = ifText((text) => values.includes(text));
  const wordsRule = rule('words', (value) => !Array.isArray(value) || value.every(isWord), {
    limit: true,
    says: `one of ${values.join(', ')}`,
    element: isWord,
  });
  return field(
    { type: 'string', enum: [...values], isArray: true, ...listDocument(min, max) },
    { required, ...rest },
    ...listRules(min, max, isText, 'a text'),
    wordsRule,
  );
}

/** Fields by name. Shapes that several APIs share, with other limits, are functions that make such a table. */
export type FieldTable = Readonly<Record<string, PropertyDecorator>>;

/** A class that has these fields; the class that extends it gives it its name in the OpenAPI document. */
export function withFields(fields: FieldTable): new () => object {
  const Described = class {};
  for (const [name, decorate] of Object.entries(fields)) decorate(Described.prototype, name);
  return Described;
}

/** What a broken rule carries. */
export interface RuleContext {
  /** Whether a merchant may have it reported instead of enforced. */
  limit: boolean;
  /** What the value has to be, to be read after "must be". */
  says: string;
  /** Of the rules `elements` and `words`: what each element has to be, so that those at fault can be named. */
  element?: Predicate;
}

type Predicate = (value: unknown) => boolean;

function field(document: ApiPropertyOptions, options: FieldOptions, ...rules: PropertyDecorator[]): PropertyDecorator {
  const { required = false, description, example } = options;
  const described = {
    ...document,
    required,
    ...(description === undefined ? {} : { description }),
    ...(example === undefined ? {} : { example }),
  } as ApiPropertyOptions;
  return applyDecorators(ApiProperty(described), required ? IsDefined() : IsOptional(), note(null), ...rules);
}

/** Notes a field, for `fieldsOf`; the last word on it counts. */
function note(dto: (() => Dto) | null): PropertyDecorator {
  return (target, name) => {
    // A class has the fields of the one that it extends, and adds its own to them.
    const fields = new Map(fieldsOf(target.constructor as Dto)).set(String(name), dto);
    Reflect.defineMetadata(FIELDS, fields, target);
  };
}

/** Swagger asks a function for the class, at the end, only when the function is called `type`; DTOs may name each other. */
function lazily(dto: () => Dto): ApiPropertyOptions {
  return { type: () => dto() as never };
}

function rule(name: string, validate: Predicate, context: Omit<RuleContext, 'limit'> & Partial<RuleContext>): PropertyDecorator {
  const carried: RuleContext = { limit: false, ...context };
  // class-validator leaves out the context of a rule whose message is empty.
  return ValidateBy({ name, validator: { validate, defaultMessage: () => name } }, { context: carried });
}

function listRules(min: number, max: number | undefined, element: Predicate, says: string): PropertyDecorator[] {
  const rules = [
    rule('list', (value) => Array.isArray(value), { says: 'a list' }),
    // Not a list is the `list` rule's finding.
    rule('elements', (value) => !Array.isArray(value) || value.every(element), { says, element }),
  ];
  const bounded = (value: unknown) => !Array.isArray(value) || (value.length >= min && (max === undefined || value.length <= max));
  if (min > 0 || max !== undefined) rules.push(rule('size', bounded, { limit: true, says: lengthInWords(min, max, 'element') }));
  return rules;
}

function inside(value: unknown, min: number, max: number): boolean {
  return typeof value === 'number' && value >= min && value <= max;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && isPlainText(value);
}

/** A rule about texts; what is none is the `text` rule's finding. */
function ifText(judge: (text: string) => boolean): Predicate {
  return (value) => typeof value !== 'string' || judge(value);
}

function lengthRule(min: number, max: number | undefined): (text: string) => boolean {
  return (text) => {
    // Counting code points only where counting units does not decide: a text has at most as many characters as units.
    if (max !== undefined && text.length > max && lengthOf(text) > max) return false;
    return min === 0 || lengthOf(text) >= min;
  };
}

function wholeNumberInWords(min: number, max: number): string {
  const least = min === Number.MIN_SAFE_INTEGER ? '' : `, ${min} or more`;
  const most = max === Number.MAX_SAFE_INTEGER ? '' : `, ${max} at most`;
  return `a whole number${least}${most}`;
}

function lengthInWords(min: number, max: number | undefined, unit: string): string {
  const counted = (count: number) => `${count} ${unit}${count === 1 ? '' : 's'}`;
  if (max === undefined) return `at least ${counted(min)} long`;
  return min > 0 ? `${min} to ${counted(max)} long` : `at most ${counted(max)} long`;
}

function listDocument(min: number, max: number | undefined): { minItems?: number; maxItems?: number } {
  return { ...(min > 0 ? { minItems: min } : {}), ...(max === undefined ? {} : { maxItems: max }) };
}
