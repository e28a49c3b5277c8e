import { readJson } from '../../http/json-body.js';
import { isObject } from '../../json.js';
import { asksForCart, type QuestionAnswer, type QuestionEntry } from './question-entries.js';

/** What is answered in a shop's place when it is slow or wrong. */
export type Fallback = 'approve' | 'deny';

/** The members of a question that its answer has, too. */
const KEPT = ['order_amount', 'order_tax_amount', 'order_lines', 'purchase_currency', 'locale', 'tags'] as const;
const DENIED = { error_type: 'approval_failed', error_text: 'The shop could not confirm the purchase. Please try again.' };

/**
 * The answer in a shop's place: made from this question alone, never an old answer. Approving a change means that the cart stays as Klarna
 * has it; where the question can't be read there is no cart to give back, and only a no is left.
 */
export function fallbackAnswer(entry: QuestionEntry, body: Buffer, fallback: Fallback): QuestionAnswer {
  if (fallback === 'approve') {
    if (!asksForCart(entry)) return { status: 200, location: null, body: null };
    const cart = unchanged(body);
    if (cart !== undefined) return { status: 200, location: null, body: cart };
  }
  return { status: 400, location: null, body: Buffer.from(JSON.stringify(DENIED)) };
}

function unchanged(body: Buffer): Buffer | undefined {
  let asked: unknown;
  try {
    asked = readJson(body);
  } catch {
    return undefined;
  }
  if (!isObject(asked) || !Array.isArray(asked['order_lines'])) return undefined;
  const members = KEPT.filter((name) => Object.hasOwn(asked, name)).map((name) => [name, asked[name]] as const);
  return Buffer.from(JSON.stringify(Object.fromEntries(members)));
}
