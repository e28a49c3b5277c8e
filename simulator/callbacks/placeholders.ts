import type { Switches } from '../switches.js';
import type { CallbackKind } from './callback.js';

const PAYMENTS = ['{session.id}', '{order.id}'];
const CHECKOUT = ['{checkout.order.id}'];
const ALL = [...PAYMENTS, ...CHECKOUT];

/** Whose callback it is: each API has placeholders of its own. Those of hosted pages have double braces and are filled in elsewhere. */
export interface Named {
  kind: CallbackKind;
  session_id: string | null;
  order_id: string | null;
  /** The order came from a checkout. */
  fromCheckout: boolean;
}

/** A merchant's URL with what Klarna knows in place of its placeholders; everything else stays, byte for byte, what is not known too. */
export function filledIn(url: string, { kind, session_id, order_id, fromCheckout }: Named, switches: Switches): string {
  const ids: Record<string, string | null> = { '{session.id}': session_id, '{order.id}': order_id, '{checkout.order.id}': order_id };
  if (kind === 'status_update') return url;
  const own = fromCheckout ? CHECKOUT : PAYMENTS;
  const known = switches.get('other_placeholders') === 'filled' ? ALL : own;
  return known.reduce((filled, name) => filled.replaceAll(name, () => ids[name] ?? name), url);
}
