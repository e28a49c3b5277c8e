import { createHash } from 'node:crypto';
import { type CallbackEntry, HOOK_TEMPLATE } from '../../src/persistence/repositories/hooks.repository.js';
import { SealedEnvelope } from '../../src/persistence/sealed-envelope.js';
import { type FoundUrl, ourUrlsIn } from '../../src/webhooks/hooks/our-urls.js';
import { checkoutOf, CHECKOUTS } from '../support/checkouts.js';
import { cartOf } from '../support/client.js';
import { DATA_KEY, type TestGateway } from '../support/gateway.js';
import { chargeOf, customerToken, tokenPath } from '../support/tokens.js';

export const SESSIONS = '/payments/v1/sessions';
export const PAGES = '/hpp/v1/sessions';
/** Nobody listens there. */
export const PUBLIC_URL = 'http://127.0.0.1:9/gateway';

const envelope = new SealedEnvelope(Buffer.from(DATA_KEY, 'base64'));

/** A write that takes `merchant_urls`, with what it needs made before. */
export interface UrlWrite {
  kind: string;
  path: string;
  /** Everything but `merchant_urls`. */
  request: Record<string, unknown>;
  /** The members of `merchant_urls` without which it is refused. */
  required: Record<string, string>;
}

export const WRITES = [
  'create session',
  'update session',
  'create order',
  'create checkout',
  'update checkout',
  'token order',
  'create page',
] as const;
export type WriteName = (typeof WRITES)[number];

const { merchant_urls: checkoutUrls, ...CHECKOUT } = checkoutOf(10_000) as ReturnType<typeof checkoutOf> & {
  merchant_urls: Record<string, string>;
};

/** Prepares one write of each kind, through a gateway or at Klarna itself. */
export const prepared: Record<WriteName, (gateway: TestGateway) => Promise<UrlWrite>> = {
  'create session': () => Promise.resolve({ kind: 'payments.create-session', path: SESSIONS, request: cartOf(10_000), required: {} }),
  'update session': async (gateway) => {
    const { session_id: id } = (await gateway.post(SESSIONS, cartOf(10_000))).json as { session_id: string };
    return { kind: 'payments.update-session', path: `${SESSIONS}/${id}`, request: cartOf(10_000), required: {} };
  },
  'create order': async (gateway) => {
    const { token, cart } = await gateway.authorized();
    const path = `/payments/v1/authorizations/${token}/order`;
    return { kind: 'payments.create-order', path, request: cart, required: {} };
  },
  'create checkout': () => Promise.resolve({ kind: 'checkout.create-order', path: CHECKOUTS, request: CHECKOUT, required: checkoutUrls }),
  'update checkout': async (gateway) => {
    const { order_id: id } = (await gateway.post(CHECKOUTS, checkoutOf(10_000))).json as { order_id: string };
    return { kind: 'checkout.update-order', path: `${CHECKOUTS}/${id}`, request: CHECKOUT, required: checkoutUrls };
  },
  'token order': async (gateway) => ({
    kind: 'customer-token.create-order',
    path: tokenPath(await customerToken(gateway), '/order'),
    request: chargeOf(10_000),
    required: { confirmation: 'https://shop.example/thanks' },
  }),
  'create page': async (gateway) => {
    const { session_id: id } = (await gateway.post(SESSIONS, cartOf(10_000))).json as { session_id: string };
    const request = { payment_session_url: `${gateway.simulator.url}${SESSIONS}/${id}` };
    return { kind: 'hosted-payment-page.create-session', path: PAGES, request, required: {} };
  },
};

/** The request as text, with `merchant_urls` written as a test wants it. */
export function textWith(request: Record<string, unknown>, urls: string): string {
  return JSON.stringify({ merchant_urls: '@', ...request }).replace('"@"', () => urls);
}

/** An address of ours in a text, with all of it. */
export type Ours = FoundUrl & { url: string };

export function oursIn(text: string): Ours[] {
  return ourUrlsIn(text).map((found) => ({ ...found, url: text.slice(found.start, found.end) }));
}

export interface HookRow {
  id: string;
  entry: CallbackEntry;
  operation_id: string;
  secret_hash: Buffer;
  template: Buffer | null;
  resource_id: string | null;
  expires_at: Date;
  created_at: Date;
}

/** A caller's own URL, as the database keeps it. */
export function templateOf({ template }: Pick<HookRow, 'template'>): string | null {
  return template && envelope.open(template, HOOK_TEMPLATE).toString('utf8');
}

export function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** The bytes of what reached Klarna on a path after a request of this number, as text. */
export async function sentTo(gateway: TestGateway, path: string, since: number, method = 'POST'): Promise<string[]> {
  const { requests } = (await gateway.simulate('GET', `/simulator/ledger/requests?full=true&since=${since}`)) as {
    requests: { method: string; path: string; body_base64: string }[];
  };
  return requests
    .filter((each) => each.path === path && each.method === method)
    .map((each) => Buffer.from(each.body_base64, 'base64').toString('utf8'));
}
