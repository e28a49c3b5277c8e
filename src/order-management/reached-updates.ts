import { isObject, type JsonObject, objectsIn } from '../json.js';
import type { OrderSnapshot } from '../orders/order-snapshot.js';
import type { References } from './asked-for.js';

/** An order as a look found it. */
export interface ShownOrder {
  snapshot: OrderSnapshot;
  /** All that Klarna showed; what is personal in it is compared and forgotten. */
  order: JsonObject;
  now: Date;
}

/** By which lines are told from one another; what a line has besides, Klarna may show in other words. */
const OF_A_LINE = ['name', 'reference', 'quantity', 'unit_price', 'total_amount'] as const;
const TRACKING = ['tracking_number', 'return_tracking_number'] as const;

/** Klarna shows no acknowledgement; but a capture counts as one. */
export function isAcknowledged({ capturedAmount }: OrderSnapshot): true | undefined {
  return capturedAmount !== null && capturedAmount > 0 ? true : undefined;
}

/**
 * Whether an order has the amount and the lines that it was to get. Lines that were left out are deleted.
 * @param orderAmount minor units
 */
export function hasAuthorization({ snapshot, order }: ShownOrder, orderAmount: number | null, asked: JsonObject): boolean | undefined {
  if (snapshot.orderAmount === null || orderAmount === null) return undefined;
  if (snapshot.orderAmount !== orderAmount) return false;
  const [wanted, shown] = [objectsIn(asked['order_lines']) ?? [], objectsIn(order['order_lines'])];
  if (shown === undefined) return undefined;
  return (
    wanted.length === shown.length && wanted.every((line, place) => OF_A_LINE.every((name) => agree(line[name], shown[place]?.[name])))
  );
}

/** Whether the authorization ends later than it did when that was asked for; it may have been anybody's doing. */
export function isExtended({ expiresAt }: OrderSnapshot, before: string | undefined): boolean | undefined {
  if (expiresAt === null || before === undefined) return undefined;
  return expiresAt.getTime() > Date.parse(before);
}

/** Whether an order has the references that it was to get. */
export function hasReferences(order: JsonObject, { merchantReference1: one, merchantReference2: two }: References): boolean {
  const has = (shown: unknown, wanted: string | null | undefined) => wanted === undefined || (shown ?? '') === (wanted ?? '');
  return has(order['merchant_reference1'], one) && has(order['merchant_reference2'], two);
}

/** Whether the goods go where they were to go. Klarna may write an address in other letters. */
export function shipsTo(order: JsonObject, asked: JsonObject): boolean | undefined {
  const [wanted, shown] = [asked['shipping_address'], order['shipping_address']];
  if (!isObject(wanted)) return undefined;
  if (!isObject(shown)) return undefined;
  return Object.entries(wanted).every(([name, value]) => typeof value !== 'string' || plain(value) === plain(shown[name]));
}

/**
 * Whether parcels are listed, by their tracking numbers: a list is added to, so an entry without one may be an older one.
 * @param shown undefined: there is no list to be seen; null: what should have one is not there
 */
export function listsParcels(shown: readonly JsonObject[] | null | undefined, wanted: readonly JsonObject[]): boolean | undefined {
  if (shown === null) return false;
  const numbers = wanted.flatMap((parcel) => TRACKING.map((name) => [name, parcel[name]] as const)).filter(([, number]) => isText(number));
  if (shown === undefined || numbers.length === 0) return undefined;
  return numbers.every(([name, number]) => shown.some((parcel) => parcel[name] === number));
}

export function parcelsOfOrder(order: JsonObject): JsonObject[] | undefined {
  return objectsIn(order['shipping_info']);
}

/** @returns null when the order has no such capture */
export function parcelsOfCapture(order: JsonObject, captureId: string): JsonObject[] | null | undefined {
  const captures = objectsIn(order['captures']);
  const capture = captures?.find(({ capture_id: id }) => id === captureId);
  if (capture === undefined) return captures === undefined ? undefined : null;
  return objectsIn(capture['shipping_info']);
}

/** What Klarna does not show can still not have happened to a capture that is not there. */
export function showsCapture({ captures }: OrderSnapshot, captureId: string): false | undefined {
  return captures !== null && !captures.some(({ providerId }) => providerId === captureId) ? false : undefined;
}

/** What was not asked for, and what Klarna leaves out, says nothing. */
function agree(wanted: unknown, shown: unknown): boolean {
  return wanted === undefined || wanted === null || shown === undefined || shown === null || wanted === shown;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function plain(value: unknown): string {
  return typeof value === 'string' ? value.normalize('NFC').trim().toLowerCase() : '';
}
