import { CLOCK_SKEW_MS } from '../../clock/skew.js';
import type { HookPurchase, PlacingOperation } from '../../persistence/repositories/callback-purchases.repository.js';
import type { Hook } from '../../persistence/repositories/hooks.repository.js';
import type { OrderSnapshot } from '../../orders/order-snapshot.js';

/** An order that a callback names, as Klarna shows it. */
export interface NamedOrder {
  providerOrderId: string;
  /** As the callback says; not believed, but it must fit. */
  providerSessionId: string | null;
  snapshot: Pick<OrderSnapshot, 'currency' | 'merchantReference1' | 'merchantReference2'>;
  /** It is stored, and this merchant's. */
  known: boolean;
}

/** Orders of a customer token share its data subject, and that of the checkout or session that it was made from. */
export function isOfToken({ kind }: HookPurchase): boolean {
  return kind?.startsWith('customer-token.') === true;
}

/**
 * Whether an order belongs to the purchase that an address was made for. A callback can name any order: one address' secret must not be
 * good for another order. `unknown`: nothing that is stored speaks for it or against it.
 */
export function belonging(purchase: HookPurchase, order: NamedOrder): 'ours' | 'foreign' | 'unknown' {
  const { providerOrderId: id, providerSessionId: session, snapshot } = order;
  const { checkoutIds, orderIds, pageOrderIds, sessionIds, currencies, references } = purchase;
  const ofToken = isOfToken(purchase);
  // A checkout's order keeps the checkout's id.
  if (checkoutIds.length > 0 && !ofToken) return checkoutIds.includes(id) ? 'ours' : 'foreign';
  if (pageOrderIds.includes(id) || orderIds.includes(id)) return 'ours';
  if (purchase.anothersOrder) return 'foreign';
  // A session places one order.
  if (orderIds.length > 0 && !ofToken) return 'foreign';
  if (session !== null && sessionIds.length > 0 && !sessionIds.includes(session)) return 'foreign';
  if (snapshot.currency !== null && currencies.length > 0 && !currencies.includes(snapshot.currency)) return 'foreign';
  const shown = [snapshot.merchantReference1, snapshot.merchantReference2].filter((each) => each !== null && each !== '');
  if (shown.some((each) => each !== null && references.includes(each))) return 'ours';
  // References may be set when the order is placed, and later: that they differ says something only where neither can have happened here.
  const comparable = shown.length > 0 && references.length > 0 && !order.known && purchase.placing.length === 0;
  return comparable ? 'foreign' : 'unknown';
}

/**
 * Which open operation has placed an order that nobody knew: the one whose request the address was put in, else the only one of a session,
 * which places one order. Klarna must have got it before, and amount and reference must be what it asked for.
 */
export function placedBy(
  purchase: HookPurchase,
  { operationId }: Pick<Hook, 'operationId'>,
  { originalOrderAmount, orderAmount, merchantReference1, createdAt }: OrderSnapshot,
): PlacingOperation | undefined {
  const one = purchase.placing.find(({ id }) => id === operationId) ?? ofSession(purchase);
  if (one === undefined || one.amount === null || one.amount !== (originalOrderAmount ?? orderAmount)) return undefined;
  if (one.sentAt === null || (createdAt !== null && createdAt.getTime() < Date.parse(one.sentAt) - CLOCK_SKEW_MS)) return undefined;
  return one.reference === null || one.reference === merchantReference1 ? one : undefined;
}

/** Charges to a token share the data subject of what it was made from; and an equal one may be the session's, before that is known. */
function ofSession(purchase: HookPurchase): PlacingOperation | undefined {
  if (isOfToken(purchase)) return undefined;
  const one = onlyOne(purchase.placing.filter(({ kind }) => kind === 'payments.create-order'));
  return one?.twin === true ? undefined : one;
}

/** The one there is; undefined also when there are more. */
export function onlyOne<T>(all: readonly T[]): T | undefined {
  return all.length === 1 ? all[0] : undefined;
}
