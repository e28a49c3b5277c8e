import type { KlarnaCall } from './exchange.js';

/** Klarna's APIs, in the words of the kinds of operations. Each may have its own host and credentials, and be sick for itself. */
export const APIS = ['payments', 'customer-token', 'checkout', 'order-management', 'hosted-payment-page'] as const;
export type Api = (typeof APIS)[number];

/** Where the first segment of a path is spelled otherwise. */
const API_BY_SEGMENT: Readonly<Record<string, string>> = { ordermanagement: 'order-management', hpp: 'hosted-payment-page' };

/** The API that a call belongs to. */
export function apiOf({ path }: Pick<KlarnaCall, 'path'>): string {
  const segment = path.split('/')[1] ?? '';
  return API_BY_SEGMENT[segment] ?? segment;
}
