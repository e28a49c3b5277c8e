import type { KlarnaCall } from './exchange.js';

/** Everything of a call that is not its place: bytes, key, passed-on headers, the last word before the first byte. */
export type CallExtras = Pick<KlarnaCall, 'by' | 'body' | 'idempotencyKey' | 'headers' | 'maySend' | 'timeoutMs'>;
/** For calls that have no body: what a caller sent is not passed on. */
export type BodilessExtras = Omit<CallExtras, 'body'>;
/** Payments, Checkout and hosted pages take no idempotency key. */
export type KeylessExtras = Omit<CallExtras, 'idempotencyKey'>;
/** Reads are the service's own unless a caller asked. */
export type ReadExtras = Partial<Pick<KlarnaCall, 'by' | 'headers' | 'timeoutMs'>>;

/** What judging a write at Order Management takes besides the exchange. */
export interface OrderAge {
  /** See `isYoungOrder`. */
  youngOrder?: boolean;
}
