import { isPlainText } from '../http/text.js';
import { objectIn, type KlarnaAnswer } from '../klarna/answer-of-record.js';
import type { SessionFacts } from './sessions.repository.js';

/** What a session, or a request for one, says about itself. Everything is optional: the other side may be newer than we are. */
export interface SessionWords {
  status: string | null;
  facts: Omit<SessionFacts, 'status' | 'tokenHash'>;
  authorizationToken: string | null;
  sessionId: string | null;
}

/** Reads the members that are kept, from a body of ours or Klarna's; undefined when it is no JSON object. */
export function wordsIn(body: Buffer | null): SessionWords | undefined {
  const members = body === null ? undefined : objectIn(body);
  if (members === undefined) return undefined;
  const text = (name: string): string | null => {
    const value = members[name];
    return typeof value === 'string' && isPlainText(value) ? value : null;
  };
  const amount = members['order_amount'];
  return {
    status: text('status'),
    facts: {
      purchaseCountry: text('purchase_country'),
      purchaseCurrency: text('purchase_currency'),
      orderAmount: typeof amount === 'number' && Number.isSafeInteger(amount) ? amount : null,
      merchantReference1: text('merchant_reference1'),
      merchantReference2: text('merchant_reference2'),
      expiresAt: dateIn(text('expires_at')),
    },
    authorizationToken: text('authorization_token'),
    sessionId: text('session_id'),
  };
}

/** A session as Klarna showed it; undefined when the answer is not a session. */
export function sessionIn(answer: KlarnaAnswer): (SessionWords & { status: string }) | undefined {
  const words = answer.status >= 200 && answer.status < 300 ? wordsIn(answer.body) : undefined;
  return words === undefined || words.status === null ? undefined : { ...words, status: words.status };
}

function dateIn(text: string | null): Date | null {
  const time = Date.parse(text ?? '');
  return Number.isFinite(time) ? new Date(time) : null;
}
