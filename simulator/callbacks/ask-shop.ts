import { isObject, type JsonObject, type JsonValue } from '../json.js';
import { isCallbackUrl } from '../klarna/payments-shapes.js';

/** What a shop says when it is asked while the shopper waits. `message` is for the shopper; silence is every answer that is none of these. */
export type ShopSays =
  { kind: 'yes'; body: JsonValue | undefined } | { kind: 'no'; message: string } | { kind: 'elsewhere'; to: string } | { kind: 'silence' };

/** In what words a no without words of the shop's is told. */
const USUAL_WORDS: Record<string, string> = { unsupported_shipping_address: 'The shop does not ship to this address.' };

/**
 * Asks a shop something by a POST, once. Never throws.
 * @param patienceMs how long the shop may take, in real milliseconds
 */
export async function askShop(url: string, question: JsonObject, patienceMs: number, httpLoopback: boolean): Promise<ShopSays> {
  if (!isCallbackUrl(url, httpLoopback)) return { kind: 'silence' };
  try {
    const answer = await fetch(url, {
      method: 'POST',
      redirect: 'manual',
      headers: { 'Content-Type': 'application/json', 'User-Agent': 'Klarna-Simulator' },
      body: JSON.stringify(question),
      signal: AbortSignal.timeout(patienceMs),
    });
    const text = await answer.text();
    const to = answer.headers.get('location');
    if (answer.status === 200) return { kind: 'yes', body: jsonIn(text) };
    if (answer.status >= 300 && answer.status < 400 && to !== null && URL.canParse(to, url)) {
      return { kind: 'elsewhere', to: new URL(to, url).href };
    }
    return answer.status === 400 ? { kind: 'no', message: wordsIn(jsonIn(text)) } : { kind: 'silence' };
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
