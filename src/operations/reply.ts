import type { AttemptRow, OperationRow } from '../persistence/repositories/operation-rows.js';
import { doubtWordsOf, unreadWordsOf } from './doubt-words.js';
import { Refusal } from './errors.js';
import { type OperationKind, policyOf } from './kinds.js';
import type { OperationState, RecordedAnswer } from './operation.js';
import { OperationReply } from './request.js';

/** Where a request never left: as good as never made. */
export const NOTHING_SENT = 'Nothing was sent, and nothing will be; try again.';

/** Klarna takes hours to decide. */
const PENDING_AGAIN_MS = 60_000;

/** What a reply is made of: the row as it was last read. */
export interface ReplyFacts {
  id: string;
  kind: OperationKind;
  state: OperationState;
  answer: RecordedAnswer | null;
  reason: string | null;
  /** The code of the newest attempt: tells a caller of an interactive kind what went wrong. */
  lastCode: string | null;
  nextAt: Date | null;
  /** An attempt may have happened: it got no answer that says otherwise, or none yet. */
  inDoubt: boolean;
  /** When a new request makes sense, in ms, as far as the provider told. */
  retryAfterMs?: number | null;
}

/**
 * The reply once there is nothing to wait for: the answer of record, or why there is none.
 * @param repeated the caller repeated an earlier request
 * @throws Refusal for operations that ended without an answer of the provider
 */
export function finalReply(facts: ReplyFacts, repeated: boolean): OperationReply {
  if (facts.answer) {
    const headers = repeated ? { ...facts.answer.headers, 'Idempotent-Replayed': 'true' } : facts.answer.headers;
    return new OperationReply(facts.answer.status, headers, facts.answer.body ?? undefined);
  }
  const operationId = facts.id;
  if (facts.reason === 'PROVIDER_CREDENTIALS') {
    throw new Refusal(
      'PROVIDER_CREDENTIALS',
      ["Klarna refused this gateway's credentials. Nothing was executed; the key can be used again."],
      {
        operationId,
      },
    );
  }
  if (facts.state === 'withdrawn' && (facts.reason === 'wait-over' || facts.reason === 'not-recorded-in-time')) {
    throw new Refusal('TEMPORARILY_UNAVAILABLE', [`${unsentBecause(facts.kind)} ${NOTHING_SENT}`], {
      retryAfterMs: 1_000,
    });
  }
  if (facts.state === 'withdrawn' && facts.reason === 'order-pending') {
    const message = 'Klarna has not decided on the order (fraud_status PENDING), and captures wait for that here.';
    throw new Refusal('TEMPORARILY_UNAVAILABLE', [`${message} ${NOTHING_SENT}`], { retryAfterMs: PENDING_AGAIN_MS });
  }
  if (facts.state === 'withdrawn') {
    throw new Refusal('OPERATION_WITHDRAWN', [withdrawnBecause(facts.reason)], { operationId });
  }
  throw unresolved(facts);
}

/** A bounded or interactive operation whose caller waited in vain: Klarna's own way of saying so. */
export function unresolved(facts: Omit<ReplyFacts, 'answer'>, now?: Date): Refusal {
  const bounded = policyOf(facts.kind).class === 'bounded';
  const code = !bounded && facts.lastCode === 'TIMEOUT' ? 'GATEWAY_TIMEOUT' : 'TEMPORARILY_UNAVAILABLE';
  const ended = facts.state === 'abandoned';
  const doubt = facts.inDoubt ? doubtWordsOf(facts.kind) : undefined;
  // Without Retry-After: clients take it for leave to repeat.
  if (doubt !== undefined) return new Refusal(code, [doubt], { operationId: facts.id });
  const message = ended
    ? 'Klarna gave no usable answer in time. Nothing will be sent later; try again.'
    : bounded
      ? 'Klarna gave no usable answer in time and it may have happened all the same. Look at the operation, or repeat the same request.'
      : 'Klarna gave no usable answer in time.';
  const retryAfterMs =
    now && facts.nextAt ? Math.max(1_000, facts.nextAt.getTime() - now.getTime()) : Math.max(1_000, facts.retryAfterMs ?? 0);
  return new Refusal(code, [message], { operationId: facts.id, retryAfterMs });
}

/**
 * What a caller gets when the record of an operation can't be read, or not written: it may be over by now.
 * @param words for kinds that may be repeated
 */
export function unread({ id, kind }: Pick<ReplyFacts, 'id' | 'kind'>, words: string, cause: unknown): Refusal {
  const doubt = unreadWordsOf(kind);
  // Without Retry-After: clients take it for leave to repeat.
  const more = doubt === undefined ? { retryAfterMs: 1_000 } : {};
  return new Refusal('TEMPORARILY_UNAVAILABLE', [doubt ?? words], { operationId: id, cause, ...more });
}

/** Why there was no call while the caller waited. */
function unsentBecause(kind: OperationKind): string {
  if (policyOf(kind).lane === 'cart') return 'An earlier change of this cart is still under way at Klarna.';
  return 'Klarna could not be reached in time.';
}

function withdrawnBecause(reason: string | null): string {
  switch (reason ?? '') {
    case 'overtaken-by-cancel':
      return 'The operation was withdrawn before it was sent: a cancel of the order overtook it.';
    case 'authorization-ends':
      return 'The operation was withdrawn: the authorization was about to end. It was not executed.';
    case 'fraud-rejected':
      return 'The operation was withdrawn before it was sent: it waited for the decision on the order, and Klarna has rejected it. Send a new one to take the risk.';
    default:
      return 'The operation was withdrawn on request. It was not executed.';
  }
}

/** Whether one of the attempts may have happened. */
export function isInDoubt(attempts: readonly AttemptRow[]): boolean {
  return attempts.some(({ outcome }) => outcome === null || outcome === 'unknown');
}

/** The code of the newest answered attempt. */
export function lastCode(attempts: readonly AttemptRow[]): string | null {
  return attempts.findLast((each) => each.outcome !== null)?.code ?? null;
}

/** For how long a caller with a pending answer should wait before it looks again, in seconds. */
export function retryAfterSeconds(row: Pick<OperationRow, 'next_at'>, now: Date): number {
  if (row.next_at === null) return 1;
  return Math.max(1, Math.min(60, Math.ceil((row.next_at.getTime() - now.getTime()) / 1000)));
}
