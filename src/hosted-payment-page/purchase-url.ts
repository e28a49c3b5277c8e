import { canonicalId, isPossibleId } from '../http/resource-id.js';

/** What a page is made for: a payment session or a checkout order, by its id at Klarna. */
export interface Purchase {
  api: 'payments' | 'checkout';
  id: string;
}

const COLLECTIONS = { '/payments/v1/sessions': 'payments', '/checkout/v3/orders': 'checkout' } as const;
const RESOURCE = /(\/payments\/v1\/sessions|\/checkout\/v3\/orders)\/([^/]+)\/?$/i;
const ORIGIN = /^[a-z][a-z0-9+.-]*:\/\/[^/?#\\]*/i;

/** What a `payment_session_url` names, at whatever host; undefined when it names neither. */
export function purchaseIn(url: string): Purchase | undefined {
  if (!URL.canParse(url)) return undefined;
  const [, collection = '', id = ''] = RESOURCE.exec(plainPath(new URL(url))) ?? [];
  const api = (COLLECTIONS as Partial<Record<string, Purchase['api']>>)[collection.toLowerCase()];
  return api === undefined || !isPossibleId(id) ? undefined : { api, id: canonicalId(id) };
}

/**
 * The same resource at Klarna, when the URL names it at this service: our address in front is replaced, the rest stays as it is written.
 * The scheme is not compared: TLS may end before us.
 * @param ours addresses under which this service is reached, without a slash at the end; they may have a path
 * @param klarna the base URL of the account that the purchase was made with
 * @returns undefined when the URL is not ours
 */
export function atKlarna(url: string, ours: readonly string[], klarna: string): string | undefined {
  const origin = ORIGIN.exec(url)?.[0];
  if (origin === undefined || !URL.canParse(url)) return undefined;
  const { host } = new URL(url);
  const rest = url.slice(origin.length);
  for (const address of ours.filter((each) => URL.canParse(each))) {
    const own = new URL(address);
    const prefix = own.pathname.replace(/\/$/, '');
    if (own.host === host && rest.startsWith(`${prefix}/`)) return klarna + rest.slice(prefix.length);
  }
  return undefined;
}

/** The path as a reader takes it who is generous with escapes and slashes. */
function plainPath({ pathname }: URL): string {
  try {
    return decodeURIComponent(pathname).replace(/\/{2,}/g, '/');
  } catch {
    return pathname;
  }
}
