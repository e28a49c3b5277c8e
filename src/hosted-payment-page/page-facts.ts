import { membersIn } from '../http/members.js';
import type { KlarnaAnswer } from '../klarna/answer-of-record.js';

/** What of a page is kept, and what it tells of the purchase. Null: not shown. Personal data stays at Klarna. */
export interface PageFacts {
  status: string;
  /** Klarna's word on when the status was last changed. */
  statusAt: Date | null;
  expiresAt: Date | null;
  /** Shown once an order was placed on the page. */
  orderId: string | null;
  /** Shown once the shopper has authorized a page that places no order itself. */
  authorizationToken: string | null;
}

/** Klarna's words for a page that has ended well, disabled, and just made. */
export const COMPLETED = 'COMPLETED';
export const DISABLED = 'DISABLED';
export const WAITING = 'WAITING';
/** Nothing follows these. FAILED is not among them: the shopper may try again. */
export const FINAL: readonly string[] = [COMPLETED, 'CANCELLED', DISABLED, 'TIMEOUT'];

/** A page as Klarna showed it; undefined when the answer is not one. */
export function pageIn({ status: answered, body }: KlarnaAnswer): PageFacts | undefined {
  const members = answered >= 200 && answered < 300 ? membersIn(body) : undefined;
  const status = members?.text('status') ?? null;
  if (members === undefined || status === null) return undefined;
  return {
    status: status.toUpperCase(),
    statusAt: members.date('updated_at'),
    expiresAt: members.date('expires_at'),
    orderId: members.text('order_id'),
    authorizationToken: members.text('authorization_token'),
  };
}
