import type { Purchase } from './model.js';
import type { World } from './work.js';

/** A purchase with what a later call says of it; what is given replaces what was there. Of merchant URLs the switch says whether as a whole. */
export function saidAgain<P extends Purchase>({ switches }: World, before: P, again: Partial<P>): P {
  const urls = { ...before.merchant_urls, ...again.merchant_urls };
  const merged = again.merchant_urls !== undefined && switches.get('merchant_urls_again') === 'merged';
  return { ...before, ...again, ...(merged && { merchant_urls: urls }) };
}
