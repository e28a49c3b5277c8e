import { isObject, type JsonObject, type JsonValue } from '../json.js';
import { isCallbackUrl } from '../klarna/payments-shapes.js';
import type { Switches } from '../switches.js';
import { checkoutSource } from './checkout-source.js';
import { post } from './post.js';

/** What a shop says when it is asked while the shopper waits. `message` is for the shopper; silence is every answer that is none of these. */
export type ShopSays =
  { kind: 'yes'; body: JsonValue | undefined } | { kind: 'no'; message: string } | { kind: 'elsewhere'; to: string } | { kind: 'silence' };

/** In what words a no without words of the shop's is told. */
const USUAL_WORDS: Record<string, string> = { unsupported_shipping_address: 'The shop does not ship to this address.' };

/**
 * Asks a shop something by a POST, once. Never throws.
 * @param patienceMs how long the shop may take, in real milliseconds
 */
export async function askShop(switches: Switches, url: string, question: JsonObject, patienceMs: number): Promise<ShopSays> {
  if (!isCallbackUrl(url, switches.get('callbacks_http_loopback'))) return { kind: 'silence' };
  try {
    const way = { readMs: patienceMs, from: checkoutSource(switches, url) };
    const { status, location: to, text } = await post(url, JSON.stringify(question), way);
    if (status === 200) return { kind: 'yes', body: jsonIn(text) };
    if (status >= 300 && status < 400 && to !== undefined && URL.canParse(to, url)) {
      return { kind: 'elsewhere', to: new URL(to, url).href };
    }
    return status === 400 ? { kind: 'no', message: wordsIn(jsonIn(text)) } : { kind: 'silence' };
  } catch {
    return { kind: 'silence' };
  }
}

function wordsIn(said: JsonValue | undefined): string {
  const { error_type: type, error_text: text } = said !== undefined && isObject(said) ? said : {};
  if (typeof text === 'string' && text !== '') return text;
  return (typeof type === 'string' ? USUAL_WORDS[type] : undefined) ?? 'The shop did not accept the purchase.';
}

function jsonIn(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return undefined;
  }
}
