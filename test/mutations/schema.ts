import { type ApiDocument, resolved, type Schema } from '../support/api-document.js';

/** A place in a body; a number is an element of a list. */
export type Path = readonly (string | number)[];

export interface Field {
  path: Path;
  schema: Schema;
  required: boolean;
}

const MOST_DEEP = 6;

/** Every field that a schema knows, at any depth; of a list the first element and the list itself. */
export function fieldsIn(schema: Schema, document: ApiDocument, path: Path = []): Field[] {
  if (path.length > MOST_DEEP) return [];
  const { properties = {}, required = [], items } = resolved(schema, document);
  const members = Object.entries(properties).flatMap(([name, each]): Field[] => {
    const at = [...path, name];
    return [{ path: at, schema: resolved(each, document), required: required.includes(name) }, ...fieldsIn(each, document, at)];
  });
  if (items === undefined) return members;
  const element = [...path, 0];
  return [...members, { path: element, schema: resolved(items, document), required: true }, ...fieldsIn(items, document, element)];
}

/** As Klarna writes it: `order_lines[2].name`. */
export function written(path: Path): string {
  return path
    .map((key) => (typeof key === 'number' ? `[${key}]` : `.${key}`))
    .join('')
    .replace(/^\./, '');
}

/** Whether a path is a place, or inside of it: `order_lines[0].name` is within `order_lines[0]` and `order_lines`, not within `order`. */
export function isWithin(path: string, place: string): boolean {
  return path === place || path.startsWith(`${place}.`) || path.startsWith(`${place}[`);
}

/** What a value in this place breaks; the value alone counts, not what is inside of it. Limits are lengths, patterns and lists of words. */
export function breaks({ schema, required }: Pick<Field, 'schema' | 'required'>, value: unknown): 'nothing' | 'limit' | 'rule' {
  if (value === undefined || value === null) return required ? 'rule' : 'nothing';
  const { type, minimum = -Infinity, maximum = Infinity, minItems = 0, maxItems = Infinity } = schema;
  switch (type) {
    case 'integer':
      return typeof value === 'number' && Number.isSafeInteger(value) && value >= minimum && value <= maximum ? 'nothing' : 'rule';
    case 'boolean':
      return typeof value === 'boolean' ? 'nothing' : 'rule';
    case 'string':
      return typeof value === 'string' && isStorable(value) ? limitsOfText(schema, value) : 'rule';
    case 'array':
      if (!Array.isArray(value)) return 'rule';
      return value.length < minItems || value.length > maxItems ? 'limit' : 'nothing';
    case undefined:
    case 'object':
      // A field that the document does not know may be anything.
      if (schema.properties === undefined && type === undefined) return 'nothing';
      return typeof value === 'object' && !Array.isArray(value) ? 'nothing' : 'rule';
    default:
      throw new Error(`What is allowed in a field of the type ${type} is not known here`);
  }
}

/** Postgres keeps no U+0000, and UTF-8 has no bytes for a lone surrogate. */
function isStorable(text: string): boolean {
  return !text.includes('\u0000') && Buffer.from(text).toString() === text;
}

function limitsOfText({ enum: words, pattern, minLength = 0, maxLength = Infinity }: Schema, text: string): 'nothing' | 'limit' {
  const length = [...text].length;
  const listed = words === undefined || words.includes(text);
  const shaped = pattern === undefined || new RegExp(pattern).test(text);
  return listed && shaped && length >= minLength && length <= maxLength ? 'nothing' : 'limit';
}
