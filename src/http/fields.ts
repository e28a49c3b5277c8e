import { applyDecorators } from '@nestjs/common';
import { ApiProperty, type ApiPropertyOptions } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsDefined, IsOptional, ValidateBy, ValidateNested, type ValidationOptions } from 'class-validator';
import { isPlainText, lengthOf } from './text.js';

/**
 * Fields of a request body, each described once: the rule that judges it and its entry in the OpenAPI document. Rules only judge;
 * the caller's bytes go to Klarna unchanged. Unless `required`, a field may be absent or null.
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

type Class = abstract new (...args: never[]) => object;

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
    rule('wholeNumber', (value) => Number.isSafeInteger(value) && inside(value, min, max)),
  );
}

/** A text within its limits, without U+0000 and lone surrogates. */
export function Text({ min = 0, max, pattern, format, required = false, ...rest }: TextOptions = {}): PropertyDecorator {
  const document: ApiPropertyOptions = { type: 'string' };
  if (min > 0) document.minLength = min;
  if (max !== undefined) document.maxLength = max;
  if (pattern !== undefined) document.pattern = pattern.source;
  if (format !== undefined) document.format = format;
  return field(document, { required, ...rest }, rule('text', textRule(min, max, pattern)));
}

/** One of a closed list of words, spelled exactly. */
export function OneOf(values: readonly string[], { required = false, ...rest }: FieldOptions = {}): PropertyDecorator {
  return field(
    { type: 'string', enum: [...values] },
    { required, ...rest },
    rule('oneOf', (value) => typeof value === 'string' && values.includes(value)),
  );
}

export function Flag({ required = false, ...rest }: FieldOptions = {}): PropertyDecorator {
  return field(
    { type: 'boolean' },
    { required, ...rest },
    rule('flag', (value) => typeof value === 'boolean'),
  );
}

/** An object with fields of its own. */
export function Nested(dto: () => Class, { required = false, ...rest }: FieldOptions = {}): PropertyDecorator {
  return field(lazily(dto), { required, ...rest }, rule('object', isObject), ValidateNested(), Type(dto));
}

/** A list of objects with fields of their own. */
export function ListOf(dto: () => Class, { min = 0, max, required = false, ...rest }: ListOptions = {}): PropertyDecorator {
  return field(
    { ...lazily(dto), isArray: true, ...listDocument(min, max) },
    { required, ...rest },
    rule('list', listRule(min, max)),
    rule('elements', everyElement(isObject), { context: { element: isObject } satisfies ElementContext }),
    ValidateNested({ each: true }),
    Type(dto),
  );
}

/** A list of texts. */
export function TextList({ min = 0, max, required = false, ...rest }: ListOptions = {}): PropertyDecorator {
  const isText = textRule(0, undefined, undefined);
  return field(
    { type: 'string', isArray: true, ...listDocument(min, max) },
    { required, ...rest },
    rule('list', listRule(min, max)),
    rule('elements', everyElement(isText), { context: { element: isText } satisfies ElementContext }),
  );
}

/** A list of words, each one of a closed list. */
export function WordList(values: readonly string[], { min = 0, max, required = false, ...rest }: ListOptions = {}): PropertyDecorator {
  const isWord: Predicate = (value) => typeof value === 'string' && values.includes(value);
  return field(
    { type: 'string', enum: [...values], isArray: true, ...listDocument(min, max) },
    { required, ...rest },
    rule('list', listRule(min, max)),
    rule('elements', everyElement(isWord), { context: { element: isWord } satisfies ElementContext }),
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

/** What a failed `elements` rule carries, so that the refusal can name the elements at fault. */
export interface ElementContext {
  element: Predicate;
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
  return applyDecorators(ApiProperty(described), required ? IsDefined() : IsOptional(), ...rules);
}

/** Swagger asks a function for the class, at the end, only when the function is called `type`; DTOs may name each other. */
function lazily(dto: () => Class): ApiPropertyOptions {
  return { type: () => dto() as never };
}

function rule(name: string, validate: Predicate, options?: ValidationOptions): PropertyDecorator {
  // class-validator leaves out the context of a rule whose message is empty.
  return ValidateBy({ name, validator: { validate, defaultMessage: () => name } }, options);
}

function inside(value: unknown, min: number, max: number): boolean {
  return typeof value === 'number' && value >= min && value <= max;
}

function textRule(min: number, max: number | undefined, pattern: RegExp | undefined): Predicate {
  return (value) => {
    if (typeof value !== 'string' || !isPlainText(value) || (pattern !== undefined && !pattern.test(value))) return false;
    // Counting code points only where counting units does not decide: a text has at most as many characters as units.
    if (max !== undefined && value.length > max && lengthOf(value) > max) return false;
    return min === 0 || lengthOf(value) >= min;
  };
}

function listRule(min: number, max: number | undefined): Predicate {
  return (value) => Array.isArray(value) && value.length >= min && (max === undefined || value.length <= max);
}

function listDocument(min: number, max: number | undefined): { minItems?: number; maxItems?: number } {
  return { ...(min > 0 ? { minItems: min } : {}), ...(max === undefined ? {} : { maxItems: max }) };
}

/** Not a list is the `list` rule's finding. */
function everyElement(isElement: Predicate): Predicate {
  return (value) => !Array.isArray(value) || value.every(isElement);
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
