import type { JsonObject } from '../json.js';
import { isObject } from '../json.js';
import { isCallbackUrl } from '../klarna/payments-shapes.js';

/** What the merchant says to a purchase. `message` is for the shopper. */
export type Verdict = { kind: 'approved' } | { kind: 'refused'; message: string } | { kind: 'redirected'; to: string };

/** How long Klarna waits, in real milliseconds: for any answer, and for the yes that it must have. */
const PATIENCE_MS = 3_000;
const PATIENCE_FOR_A_YES_MS = 10_000;

/**
 * Asks the merchant's validation URL about a purchase, as Klarna does when the shopper buys. Silence is a yes, unless a yes is required.
 * @param order the whole checkout, as the merchant would read it
 */
export async function askForValidation(url: string, order: JsonObject, mustSayYes: boolean, httpLoopback: boolean): Promise<Verdict> {
  const silence: Verdict = mustSayYes ? { kind: 'refused', message: 'The shop did not confirm the purchase.' } : { kind: 'approved' };
  if (!isCallbackUrl(url, httpLoopback)) return silence;
  try {
    const answer = await fetch(url, {
      method: 'POST',
      redirect: 'manual',
      headers: { 'Content-Type': 'application/json', 'User-Agent': 'Klarna-Simulator' },
      body: JSON.stringify(order),
      signal: AbortSignal.timeout(mustSayYes ? PATIENCE_FOR_A_YES_MS : PATIENCE_MS),
    });
    const text = await answer.text();
    const to = answer.headers.get('location');
    if (answer.status === 200) return { kind: 'approved' };
    if (answer.status >= 300 && answer.status < 400 && to !== null && URL.canParse(to, url)) {
      return { kind: 'redirected', to: new URL(to, url).href };
    }
    return answer.status === 400 ? { kind: 'refused', message: wordsIn(text) } : silence;
  } catch {
    return silence;
  }
}

function wordsIn(text: string): string {
  const usual = 'The shop did not accept the purchase.';
  try {
    const said: unknown = JSON.parse(text);
    return isObject(said) && typeof said.error_text === 'string' ? said.error_text : usual;
  } catch {
    return usual;
  }
}
