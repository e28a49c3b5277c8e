import { readJson } from '../../http/json-body.js';
import { brokenRules } from '../../http/judging.js';
import { isObject, objectsIn, type JsonObject } from '../../json.js';
import { CartAnswer, NoAnswer } from './cart-answer.dto.js';
import { asksForCart, type QuestionAnswer, type QuestionEntry } from './question-entries.js';

/** What a shop answered, before anybody has looked at it. */
export interface ShopAnswer {
  status: number;
  location: string | null;
  body: Buffer;
}

export type Judged = { fits: true; answer: QuestionAnswer } | { fits: false; reason: string };

/** Statuses by which a shop takes the shopper elsewhere, which is a no. */
const ELSEWHERE = [301, 302, 303, 307];
/** Longer than any list of findings that a person reads. */
const MOST_FINDINGS = 5;

/**
 * Holds a shop's answer against Klarna's document about Checkout callbacks and against the question. An answer that fits goes to Klarna as
 * the shop wrote it; what Klarna would stumble over does not.
 * @param question the cart that Klarna asked about, minor units
 * @see Checkout API v3, callbacks; `shipping_service_response`, `shipping_service_error_response`
 */
export function judge(entry: QuestionEntry, question: JsonObject | undefined, { status, location, body }: ShopAnswer): Judged {
  if (status === 200 && !asksForCart(entry)) return { fits: true, answer: { status, location: null, body: null } };
  if (ELSEWHERE.includes(status)) {
    return isPage(location)
      ? { fits: true, answer: { status, location, body: null } }
      : wrong(`it answered ${status} without a Location that is an absolute http(s) URL`);
  }
  if (status !== 200 && status !== 400) return wrong(`it answered ${status}`);
  const said = read(body);
  if (said === undefined) return wrong(`it answered ${status} with a body that is no JSON object`);
  const findings = status === 400 ? noFindings(said) : cartFindings(question, said);
  if (findings.length > 0) return wrong(`it answered ${status} with ${findings.slice(0, MOST_FINDINGS).join('; ')}`);
  return { fits: true, answer: { status, location: null, body } };
}

function wrong(reason: string): Judged {
  return { fits: false, reason };
}

/** Klarna sends the shopper there. */
function isPage(location: string | null): boolean {
  return location !== null && URL.canParse(location) && /^https?:$/.test(new URL(location).protocol);
}

function read(body: Buffer): JsonObject | undefined {
  try {
    const value = readJson(body);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function noFindings(said: JsonObject): string[] {
  const findings = brokenRules(NoAnswer, said).map(({ path, says }) => `${path} that must be ${says}`);
  const needsWords = said['error_type'] === 'address_error' || said['error_type'] === 'approval_failed';
  const text = said['error_text'];
  return needsWords && (typeof text !== 'string' || text === '') ? [...findings, 'no error_text, which this error_type needs'] : findings;
}

/** Field by field, then the sums: an invalid cart keeps the shopper from buying. */
function cartFindings(question: JsonObject | undefined, said: JsonObject): string[] {
  const findings = brokenRules(CartAnswer, said).map(({ path, says }) => `${path} that must be ${says}`);
  if (findings.length > 0) return findings;
  const lines = objectsIn(said['order_lines']) ?? [];
  const sum = (member: string) => lines.reduce((total, line) => total + Number(line[member]), 0);
  if (lines.length === 0) findings.push('no order_lines');
  else if (sum('total_amount') !== said['order_amount']) findings.push('an order_amount that is not the sum of its order_lines');
  const taxed = sum('total_tax_amount');
  if (lines.length > 0 && taxed !== said['order_tax_amount'] && !lines.some(({ type }) => type === 'sales_tax')) {
    findings.push('an order_tax_amount that is not the sum of its order_lines');
  }
  const asked = question?.['purchase_currency'];
  if (typeof asked === 'string' && asked.toUpperCase() !== String(said['purchase_currency']).toUpperCase()) {
    findings.push('a purchase_currency that is not the one of the question');
  }
  return findings;
}
