import { type Answer, cartOf, type Cart, type Client } from './client.js';

export const CHECKOUTS = '/checkout/v3/orders';

/** A checkout of one line that Klarna's arithmetic accepts. @param amount minor units, including 25 % tax */
export function checkoutOf(amount: number, more: Record<string, unknown> = {}): Cart {
  const page = (name: string) => `https://shop.example/${name}?order={checkout.order.id}`;
  const merchant_urls = { terms: page('terms'), checkout: page('checkout'), confirmation: page('thanks'), push: page('push') };
  return cartOf(amount, { merchant_urls, ...more });
}

/** Opens a checkout at the gateway. */
export async function opened(gateway: Client, checkout: Cart = checkoutOf(10_000)): Promise<{ id: string; answer: Answer }> {
  const answer = await gateway.post(CHECKOUTS, checkout);
  if (answer.status !== 201) throw new Error(`No checkout: ${answer.status} ${answer.text}`);
  return { id: (answer.json as { order_id: string }).order_id, answer };
}

/** Plays the shopper: completes a checkout. */
export async function completed(gateway: Client, id: string, given: Record<string, unknown> = {}): Promise<void> {
  await gateway.simulate('POST', `/simulator/checkouts/${id}/complete`, given);
}

/** A checkout at Klarna, asked for by somebody else than the gateway. */
export async function direct(simulatorUrl: string, id: string): Promise<Response> {
  const headers = { Authorization: `Basic ${Buffer.from('simulator:simulator').toString('base64')}` };
  return fetch(`${simulatorUrl}${CHECKOUTS}/${id}`, { headers });
}
