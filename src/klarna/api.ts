import type { KlarnaCall } from './exchange.js';

/** Klarna's APIs, by the first segment of their paths: each may be sick for itself. */
const API_BY_SEGMENT: Readonly<Record<string, string>> = { ordermanagement: 'order-management', hpp: 'hosted-payment-page' };

/** The API that a call belongs to, in the words of the kinds of operations. */
export function apiOf({ path }: Pick<KlarnaCall, 'path'>): string {
  const segment = path.split('/')[1] ?? '';
  return API_BY_SEGMENT[segment] ?? segment;
}
