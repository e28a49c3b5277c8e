import { type Answer, type Cart, cartOf, type Client } from './client.js';

/** What a shop asks a customer token for. */
export const REQUEST = {
  purchase_country: 'SE',
  purchase_currency: 'SEK',
  locale: 'sv-SE',
  description: 'Shoes every month',
  intended_use: 'SUBSCRIPTION',
};

export const tokenPath = (token: string, suffix = ''): string => `/customer-token/v1/tokens/${token}${suffix}`;
export const orderIn = ({ json }: Answer): string => (json as { order_id: string }).order_id;
export const tokenIn = ({ json }: Answer): string => (json as { token_id: string }).token_id;

/** A customer token of a shopper who agreed to charges alone. */
export async function customerToken(client: Client): Promise<string> {
  const { token } = await client.authorized(cartOf(10_000, { intent: 'tokenize' }));
  const answer = await client.post(`/payments/v1/authorizations/${token}/customer-token`, REQUEST);
  if (answer.status !== 200) throw new Error(`No customer token: ${answer.status} ${answer.text}`);
  return tokenIn(answer);
}

/** What is charged to a token, with a subscription on its line. @param amount minor units, including 25 % tax */
export function chargeOf(amount: number, more: Record<string, unknown> = {}): Cart {
  const { purchase_currency, order_amount, order_tax_amount, order_lines } = cartOf(amount);
  const subscription = { name: 'Shoes every month', interval: 'MONTH', interval_count: 1 };
  const lines = (order_lines as object[]).map((line) => ({ ...line, subscription }));
  return { purchase_currency, order_amount, order_tax_amount, order_lines: lines, ...more };
}

interface TokenMade {
  token_id: string;
  authorization_token: string;
  status: string;
  payment_method_category: string;
  order_ids: string[];
}

/** The customer tokens that Klarna has made, with the orders that were charged to each; or one of them. */
export function tokensMade(client: Client): Promise<TokenMade[]>;
export function tokensMade(client: Client, token: string): Promise<TokenMade | undefined>;
export async function tokensMade(client: Client, token?: string): Promise<TokenMade[] | TokenMade | undefined> {
  const { customer_tokens: made } = (await client.simulate('GET', '/simulator/ledger/customer-tokens')) as { customer_tokens: TokenMade[] };
  return token === undefined ? made : made.find(({ token_id: id }) => id === token);
}
