import { visit } from 'jsonc-parser';
import { isObject, type JsonObject, type JsonValue } from '../json.js';
import { KlarnaRefusal } from './answers.js';
import type { Problem, Shape } from './fields.js';
import type { Work } from './work.js';

const UTF8 = new TextDecoder('utf-8', { fatal: true });

/** Payments and Checkout: 400 for every broken field. Order Management: 422 when a text or its length is the problem, 400 otherwise. */
export type FieldErrors = 'payments' | 'checkout' | 'order-management';

/** @throws KlarnaRefusal when there are problems: one `Bad value: path` message per field */
export function refuseProblems(problems: Problem[], api: FieldErrors): void {
  if (problems.length === 0) return;
  const messages = [...new Set(problems.map(({ path }) => `Bad value: ${path}`))];
  if (api === 'order-management' && problems.every(({ reason }) => reason === 'length')) {
    throw new KlarnaRefusal(422, 'UNPROCESSABLE_ENTITY', messages);
  }
  throw new KlarnaRefusal(400, 'BAD_VALUE', messages);
}

/**
 * The request's JSON object, checked against its documented form.
 * @returns the known members only
 * @throws KlarnaRefusal 415 without a JSON content type, 400 BAD_REQUEST when unreadable, else by field
 */
export function readBody(work: Work, shape: Shape, api: FieldErrors): JsonObject {
  const type = String(work.call.headers['content-type'] ?? '');
  if (!/^application\/([\w.-]+\+)?json\s*(;|$)/i.test(type)) {
    throw new KlarnaRefusal(415, 'UNSUPPORTED_MEDIA_TYPE', ['Content-Type must be application/json']);
  }
  const { text, value } = parse(work.call.body);
  const problems: Problem[] = work.world.switches.get('whole_decimals') === 'rejected' ? decimalPoints(text) : [];
  shape.check(value, '', problems);
  refuseProblems(problems, api);
  return shape.keep(value) as JsonObject;
}

function parse(bytes: Buffer): { text: string; value: JsonObject } {
  try {
    const text = UTF8.decode(bytes);
    const value = JSON.parse(text) as JsonValue;
    if (isObject(value)) return { text, value };
  } catch {
    // Bytes that are no UTF-8 or no JSON: the refusal below says so.
  }
  throw new KlarnaRefusal(400, 'BAD_REQUEST', ['Request body is not a JSON object']);
}

/** Numbers written with a point or an exponent: JSON.parse cannot tell 100.0 from 100. */
function decimalPoints(text: string): Problem[] {
  const problems: Problem[] = [];
  visit(text, {
    onLiteralValue(value, offset, length, _line, _character, path) {
      if (typeof value !== 'number' || !/[.eE]/.test(text.slice(offset, offset + length))) return;
      const at = path().reduce<string>(
        (whole, part) => (typeof part === 'number' ? `${whole}[${part}]` : whole ? `${whole}.${part}` : part),
        '',
      );
      problems.push({ path: at, reason: 'value' });
    },
  });
  return problems;
}
