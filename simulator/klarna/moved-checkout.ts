import { KlarnaRefusal } from './answers.js';
import { namedByPath } from './routes.js';
import type { World } from './work.js';

/**
 * Checkout is Kustom's today: a host of Klarna's may answer for checkouts, and for the orders that they became, no more.
 * @throws KlarnaRefusal as the switch `moved_checkout` says
 */
export function refuseMoved({ switches, store }: World, path: string): void {
  const answers = switches.get('moved_checkout');
  if (answers === 'answered') return;
  const { orderId } = namedByPath(path);
  if (!path.startsWith('/checkout/') && !(orderId !== null && store.rows.checkouts.has(orderId))) return;
  if (answers === 'forbidden') throw new KlarnaRefusal(403, 'NOT_ALLOWED', ['Checkout has moved']);
  throw new KlarnaRefusal(404, 'NOT_FOUND', [`Nothing is found at ${path}`]);
}
