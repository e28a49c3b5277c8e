import { randomUUID } from 'node:crypto';
import type { JsonObject } from '../json.js';
import type { CustomerToken } from './model.js';
import type { Change } from './work.js';

/** Methods that the shopper can be charged by later. */
const TOKENIZED: readonly string[] = ['pay_later', 'pay_now'];

export function isTokenized(category: string): boolean {
  return TOKENIZED.includes(category);
}

/** What a customer token is made of: an authorization, or a recurring purchase in a checkout. */
export interface TokenSource extends Pick<
  CustomerToken,
  'merchant' | 'authorization_token' | 'purchase_country' | 'purchase_currency' | 'locale' | 'payment_method_category'
> {
  billing_address: JsonObject | undefined;
  customer: JsonObject | undefined;
  /** Of its session; a checkout has none. */
  intent: string | undefined;
}

/** Makes a customer token, which can be charged from now on. */
export function makeToken({ puts, now }: Change, { billing_address, customer, intent, ...source }: TokenSource): CustomerToken {
  const token: CustomerToken = {
    token_id: randomUUID(),
    ...source,
    created_at: now,
    status: 'ACTIVE',
    charges: 'accepted',
    purchase_currency: source.purchase_currency.toUpperCase(),
    ...(billing_address !== undefined && { billing_address }),
    ...(customer !== undefined && { customer }),
    ...(intent !== undefined && { intent }),
  };
  puts.push(['customer_tokens', token.token_id, token]);
  return token;
}
