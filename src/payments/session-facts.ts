import { membersIn } from '../http/members.js';
import type { KlarnaAnswer } from '../klarna/answer-of-record.js';
import type { SessionFacts } from '../persistence/repositories/sessions.repository.js';

/** What a session, or a request for one, says about itself. Everything is optional: the other side may be newer than we are. */
export interface SessionWords {
  status: string | null;
  facts: Omit<SessionFacts, 'status' | 'tokenHash'>;
  authorizationToken: string | null;
  sessionId: string | null;
  /** Klarna's document has none; one that is shown is the order's that was placed. */
  orderId: string | null;
}

/** Reads the members that are kept, from a body of ours or Klarna's; undefined when it is no JSON object. */
export function wordsIn(body: Buffer | null): SessionWords | undefined {
  const members = membersIn(body);
  if (members === undefined) return undefined;
  return {
    status: members.text('status'),
    facts: {
      purchaseCountry: members.text('purchase_country'),
      purchaseCurrency: members.text('purchase_currency'),
      orderAmount: members.whole('order_amount'),
      merchantReference1: members.text('merchant_reference1'),
      merchantReference2: members.text('merchant_reference2'),
      expiresAt: members.date('expires_at'),
    },
    authorizationToken: members.text('authorization_token'),
    sessionId: members.text('session_id'),
    orderId: members.text('order_id'),
  };
}

/** A session as Klarna showed it; undefined when the answer is not a session. */
export function sessionIn(answer: KlarnaAnswer): (SessionWords & { status: string }) | undefined {
  const words = answer.status >= 200 && answer.status < 300 ? wordsIn(answer.body) : undefined;
  return words === undefined || words.status === null ? undefined : { ...words, status: words.status };
}
