import { SWITCHES, type Switches } from '../switches.js';

const LOOPBACK = new Set(['localhost', '127.0.0.1']);

/**
 * From which address of this machine a callback of Checkout comes; undefined: from the usual one. Seen by shops on this machine alone.
 * @param url of the shop
 */
export function checkoutSource(switches: Switches, url: string): string | undefined {
  const address = switches.get('checkout_callbacks_from');
  if (address === SWITCHES.checkout_callbacks_from.default || !URL.canParse(url)) return undefined;
  return LOOPBACK.has(new URL(url).hostname) ? address : undefined;
}
