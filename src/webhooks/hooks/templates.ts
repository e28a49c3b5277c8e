/** What Klarna fills into the URLs of `merchant_urls`, as far as it is known. */
export interface FilledIds {
  /** The order's id, which a checkout has from the beginning. */
  orderId?: string;
  /** The payment session's id; in the URLs of a hosted payment page, the page's. */
  sessionId?: string;
}

/** Checkout's, Payments' and Hosted Payment Page's spelling. Double braces first: `{order_id}` alone is nothing to Klarna. */
const PLACEHOLDERS = /\{\{(order_id|session_id)\}\}|\{(checkout\.order\.id|order\.id|session\.id)\}/g;

/**
 * A caller's own URL, with Klarna's placeholders filled in as Klarna would have. Ids are escaped: they are words from outside. What is not
 * known stays as it is written.
 */
export function filledIn(template: string, ids: FilledIds): string {
  return template.replace(PLACEHOLDERS, (written, double: string | undefined, single: string | undefined) => {
    const id = (double ?? single)?.startsWith('session') ? ids.sessionId : ids.orderId;
    return id === undefined ? written : encodeURIComponent(id);
  });
}
