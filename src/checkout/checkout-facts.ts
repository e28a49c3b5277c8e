import { membersIn, type Members } from '../http/members.js';
import { objectIn } from '../json.js';
import { errorCodeIn, type KlarnaAnswer } from '../klarna/answer-of-record.js';
import { COMPLETE, type CheckoutFacts } from '../persistence/repositories/checkout-orders.repository.js';

/** Klarna ends an unfinished checkout so long after the shop or the shopper last changed it. */
const LIFETIME_MS = 48 * 3_600_000;

/** A checkout as Klarna shows it. */
export interface ShownCheckout {
  orderId: string | null;
  complete: boolean;
  /** The customer token of a recurring purchase, once it is complete. */
  recurringToken: string | null;
  facts: CheckoutFacts;
  members: Readonly<Record<string, unknown>>;
}

/** A checkout in an answer of Klarna's; undefined when it is none (refused, empty, HTML, cut short). @param at when it was asked for */
export function checkoutIn({ status, body }: Pick<KlarnaAnswer, 'status'> & { body: Buffer | null }, at: Date): ShownCheckout | undefined {
  const members = status >= 200 && status < 300 ? membersIn(body) : undefined;
  if (body === null || members === undefined || members.text('status') === null) return undefined;
  const facts = factsOf(members, at);
  const complete = facts.status === COMPLETE;
  const recurringToken = complete ? members.text('recurring_token') : null;
  return { orderId: members.text('order_id'), complete, recurringToken, facts, members: objectIn(body) ?? {} };
}

/** Whether Klarna says that there is no such checkout (any more), which it does without a body. A page of a proxy's says nothing. */
export function isGone({ status, body }: Pick<KlarnaAnswer, 'status' | 'body'>): boolean {
  return status === 404 && (body.length === 0 || errorCodeIn(body) !== undefined);
}

/** What a request says of the checkout that it makes or changes. Its state is Klarna's to say, whatever the caller sends back. */
export function factsInRequest(body: Buffer | null, at: Date): CheckoutFacts {
  return { ...factsOf(membersIn(body), at), status: null, completedAt: null, expiresAt: new Date(at.getTime() + LIFETIME_MS) };
}

/** Klarna writes statuses in either case. */
function factsOf(members: Members | undefined, at: Date): CheckoutFacts {
  const changed = members?.date('last_modified_at') ?? members?.date('started_at') ?? at;
  return {
    status: members?.text('status')?.toLowerCase() ?? null,
    purchaseCountry: members?.text('purchase_country') ?? null,
    purchaseCurrency: members?.text('purchase_currency') ?? null,
    orderAmount: members?.whole('order_amount') ?? null,
    orderTaxAmount: members?.whole('order_tax_amount') ?? null,
    merchantReference1: members?.text('merchant_reference1') ?? null,
    merchantReference2: members?.text('merchant_reference2') ?? null,
    completedAt: members?.date('completed_at') ?? null,
    expiresAt: new Date(changed.getTime() + LIFETIME_MS),
  };
}
