import { policyOf } from './kinds.js';
import type { Attempt, OperationFacts, Reading } from './operation.js';

/** Durations of the durable operation, all in ms of business time. */
export interface Timing {
  /** A call is over at the latest this long after it began. */
  providerTimeoutMs: number;
  /** How long after the last attempt's end the provider may still be executing it. */
  quietMs: number;
  /** How far apart two readings must be to prove absence. */
  readAgainMs: number;
  /** How long after its first use a key is trusted to ask with. */
  keyCutoffMs: number;
  /** The service's own repeats end this long before the authorization does. */
  expiryMarginMs: number;
  /** How long an authorization token may be used without a caller, and how long it lives. */
  tokenSendsMs: number;
  tokenLifeMs: number;
  /** How long an account whose credentials were refused is left alone before it is tried again. */
  pauseMs: number;
  /** Unresolved for this long: each further attempt is followed by a look at the order. */
  lookAfterMs: number;
}

export const TIMING: Timing = {
  providerTimeoutMs: 65_000,
  quietMs: 75_000,
  readAgainMs: 60_000,
  keyCutoffMs: 20 * 3_600_000,
  expiryMarginMs: 600_000,
  tokenSendsMs: 50 * 60_000,
  tokenLifeMs: 60 * 60_000,
  pauseMs: 60_000,
  lookAfterMs: 15 * 60_000,
};

export type Decision =
  | { do: 'settle'; state: 'succeeded'; attempt: Attempt | null; reading: Reading | null }
  /** The attempt's answer is the answer of record; `configuration` answers ours instead and frees the key. */
  | { do: 'settle'; state: 'rejected'; attempt: Attempt }
  | { do: 'settle'; state: 'abandoned' | 'withdrawn' | 'manual'; reason: Reason }
  | { do: 'send'; notBefore: number; generation: number }
  | { do: 'read'; notBefore: number };

export type Reason =
  | 'wait-over' // the caller's wait ended before it was sent
  | 'in-doubt' // it may have happened, and is of a kind that is never sent twice
  | 'stopped' // a person or a caller asked that nothing more is sent
  | 'fraud-rejected' // it waited for Klarna's word on the order, which is no
  | 'nothing-at-risk' // of the service itself: the order does not need it any more
  | 'authorization-ends' // too close to the end of the authorization for a repeat of ours
  | 'not-found' // absence was established by reading
  | 'absent-twice' // absent again after the one new key
  | 'ambiguous' // more than one effect could be this one
  | 'placed-without-id' // an order exists for the session, its id can't be had
  | 'not-shown' // nobody answered, and the provider shows nothing of it
  | 'unreadable'; // nothing could be read for so long that a person must look

const settle = (state: 'abandoned' | 'withdrawn' | 'manual', reason: Reason): Decision => ({ do: 'settle', state, reason });

/** So many looks in a row must fail before a person is asked: with the schedule's last step, those of an hour. */
const LAST_LOOKS = 5;

/** Unknown, or never answered: a call under way, or one whose process died. */
export function mayHaveHappened(attempt: Attempt): boolean {
  return attempt.outcome === 'unknown' || attempt.outcome === null;
}

/**
 * What is to be done with an operation, from all its evidence. Pure: the same facts and time give the same decision, in every
 * process and in the model test. The pace of repeats is not decided here, only what is allowed and from when.
 *
 * Rules: a success of any attempt wins, whenever it arrives; a refusal counts only when no other attempt may have happened;
 * absence is believed after a quiet period and two readings; one new key at most, and only after absence.
 */
export function decide(op: OperationFacts, now: number, timing: Timing): Decision {
  const attempt = op.attempts.find((each) => each.outcome === 'succeeded');
  if (attempt) return { do: 'settle', state: 'succeeded', attempt, reading: null };
  const reading = op.readings.find((each) => each.finding === 'present');
  if (reading) return { do: 'settle', state: 'succeeded', attempt: null, reading };
  switch (op.class) {
    case 'interactive':
      return decideInteractive(op, now);
    case 'bounded':
      return decideBounded(op, now, timing);
    case 'durable':
      return decideDurable(op, now, timing);
  }
}

/**
 * Nothing of this class lasts at the provider unless it answers: the last answer is the answer, silence is given up. A refusal that an
 * earlier attempt of the same call may have brought about is looked into, where the kind can. What does harm twice ends with the first
 * attempt that may have happened.
 */
function decideInteractive(op: OperationFacts, now: number): Decision {
  const last = op.attempts.at(-1);
  const { readsBack = false, neverTwice = false } = policyOf(op.kind);
  const doubtful = op.attempts.some(mayHaveHappened);
  if (last?.outcome === 'rejected' && doubtful && readsBack) {
    const look = op.readings.findLast((each) => each.startedAt >= (last.endedAt ?? last.startedAt));
    if (look?.finding === 'absent') return { do: 'settle', state: 'rejected', attempt: last };
    return op.waitOver ? settle('abandoned', 'wait-over') : { do: 'read', notBefore: now };
  }
  if (last?.outcome === 'rejected' || last?.outcome === 'configuration') return { do: 'settle', state: 'rejected', attempt: last };
  if (doubtful && neverTwice) return settle('abandoned', 'in-doubt');
  if (op.stopped) return settle('withdrawn', 'stopped');
  if (op.waitOver) return settle('abandoned', 'wait-over');
  return { do: 'send', notBefore: now, generation: op.generation };
}

function decideDurable(op: OperationFacts, now: number, timing: Timing): Decision {
  const last = op.attempts.at(-1);
  const policy = policyOf(op.kind);
  const tooLate = policy.untilExpiry === true && op.expiresAt !== null && op.waitOver && now >= op.expiresAt - timing.expiryMarginMs;
  const send: Decision = { do: 'send', notBefore: Math.max(now, pausedUntil(last, timing)), generation: op.generation };

  if (!op.attempts.some(mayHaveHappened)) {
    if (last?.outcome === 'rejected') return { do: 'settle', state: 'rejected', attempt: last };
    if (last?.outcome === 'configuration' && !op.waitOver) return { do: 'settle', state: 'rejected', attempt: last };
    if (op.stopped) return settle('withdrawn', 'stopped');
    if (tooLate) return settle('withdrawn', 'authorization-ends');
    // A 404 of an order too young to be seen may be remembered under its key: it certainly did nothing, so the next key is free to use.
    return last?.outcome === 'retry' && last.status === 404 ? { ...send, generation: last.generation + 1 } : send;
  }

  // A new key was granted and not used yet.
  if (op.generation > 1 && !op.stopped && !tooLate && op.attempts.every((each) => each.generation < op.generation)) return send;
  const refused = last?.outcome === 'rejected' ? last : null;
  if (refused || op.stopped || tooLate || !canAsk(op, now, timing)) {
    const found = findOut(op, now, timing);
    if (found !== 'absent' && lookedInVain(op, timing)) {
      if (policy.twice === 'harmless' && op.generation === 1 && !op.stopped && !tooLate)
        return { do: 'send', notBefore: now, generation: 2 };
      if (policy.unseen === true || hiddenTwice(op, timing)) return settle('manual', 'not-shown');
    }
    // Past the cut-off the provider is read for as long again.
    if (found !== 'absent') return unreadableSince(op, 2 * timing.keyCutoffMs) ? settle('manual', 'unreadable') : found;
    if (refused) return { do: 'settle', state: 'rejected', attempt: refused };
    if (op.stopped) return settle('withdrawn', 'stopped');
    if (tooLate) return settle('withdrawn', 'authorization-ends');
    if (op.generation > 1) return settle('manual', 'absent-twice');
    return { do: 'send', notBefore: now, generation: op.generation + 1 };
  }
  // Long unresolved: whatever the key says, look at the order once per attempt.
  if (now - op.createdAt >= timing.lookAfterMs && !op.readings.some((each) => each.startedAt >= lastEnd(op, timing))) {
    return { do: 'read', notBefore: now };
  }
  return send;
}

/**
 * Whether a re-send is still the way to ask: the key is young enough, and was not already answered twice with rubbish, which is then what
 * it brings (unless there is no other way to ask). Without a key each repeat gets an answer of its own.
 */
function canAsk(op: OperationFacts, now: number, timing: Timing): boolean {
  const sent = op.attempts.filter((each) => each.generation === op.generation);
  const first = sent[0];
  if (!first) return true;
  const { key, unseen = false } = policyOf(op.kind);
  const keyed = key === 'provider';
  const hidden = unseen || op.readings.at(-1)?.notShown === true;
  if (keyed && !hidden && sent.filter((each) => each.garbled).length >= 2) return false;
  return now - first.startedAt < (keyed ? timing.keyCutoffMs : timing.tokenLifeMs);
}

/**
 * Reads until the effect is seen, or its absence is proven: quiet for long enough, then twice not there. An attempt that was refused is
 * not being executed, so a caller who repeats what is refused each time does not put the end off.
 */
function findOut(op: OperationFacts, now: number, timing: Timing): Decision | 'absent' {
  const latest = op.readings.at(-1);
  const end = lastDoubt(op, timing);
  if (latest?.finding === 'ambiguous' && latest.startedAt >= end) return settle('manual', 'ambiguous');
  const absences = op.readings.filter((each) => each.finding === 'absent' && isLate(each, op, timing));
  if (saidTwice(absences, timing)) return 'absent';
  const first = absences[0];
  if (first) return { do: 'read', notBefore: first.startedAt + timing.readAgainMs };
  const looked = op.readings.some((each) => each.startedAt >= end);
  return { do: 'read', notBefore: looked ? end + timing.quietMs : now };
}

/** When the last attempt that may have happened was over. */
function lastDoubt(op: OperationFacts, timing: Timing): number {
  return lastEnd({ attempts: op.attempts.filter(mayHaveHappened) }, timing);
}

/** Whether a look came late enough to show the effect of whatever happened. */
function isLate(look: Reading, op: OperationFacts, timing: Timing): boolean {
  return look.startedAt >= lastDoubt(op, timing) + timing.quietMs;
}

/** Whether these looks are far enough apart to be believed. */
function saidTwice(looks: readonly Reading[], timing: Timing): boolean {
  const [first, latest] = [looks[0], looks.at(-1)];
  return first !== undefined && latest !== undefined && latest.startedAt - first.startedAt >= timing.readAgainMs;
}

/** Whether a look that came late enough to show the effect could not tell: for what is not shown, no later one can. */
function lookedInVain(op: OperationFacts, timing: Timing): boolean {
  const latest = op.readings.at(-1);
  return latest?.finding === 'unreadable' && isLate(latest, op, timing);
}

/**
 * Whether the provider was read as often as proves absence, and showed neither: an order can lack what others show. Once is not enough, an
 * answer may leave something out.
 */
function hiddenTwice(op: OperationFacts, timing: Timing): boolean {
  const hidden = op.readings.filter((each) => each.notShown === true && isLate(each, op, timing));
  return hidden.at(-1) === op.readings.at(-1) && saidTwice(hidden, timing);
}

/** When the last attempt was over; one whose process died is over when its call must have been. */
export function lastEnd(op: Pick<OperationFacts, 'attempts'>, timing: Timing): number {
  return Math.max(0, ...op.attempts.map((each) => each.endedAt ?? each.startedAt + timing.providerTimeoutMs));
}

/**
 * Create order, customer token: the authorization token is the key, a repeat with the identical bytes is the way to ask, but only while a caller
 * waits (or the caller said `respond-async`): without one the shopper may have gone on to pay elsewhere.
 */
function decideBounded(op: OperationFacts, now: number, timing: Timing): Decision {
  const last = op.attempts.at(-1);
  const young = now < op.createdAt + timing.tokenSendsMs;
  const maySend = !op.stopped && (!op.waitOver || (op.sendsAlone && young));
  // Tokens have no concurrent sends: an attempt whose process died is waited out.
  const notBefore = Math.max(now, openUntil(op, timing), pausedUntil(last, timing));
  const send: Decision = { do: 'send', notBefore, generation: op.generation };

  if (!op.attempts.some(mayHaveHappened)) {
    if (last?.outcome === 'rejected' || last?.outcome === 'configuration') return { do: 'settle', state: 'rejected', attempt: last };
    if (op.stopped) return settle('withdrawn', 'stopped');
    return maySend ? send : settle('abandoned', 'wait-over');
  }

  const placed = op.readings.findLast((each) => each.finding === 'placed');
  if (placed) {
    // The order exists: sending the same bytes can only tell its id.
    const after = op.attempts.filter((each) => each.startedAt >= placed.endedAt);
    const refusedAgain = after.some((each) => each.outcome === 'rejected');
    return refusedAgain ? settle('manual', 'placed-without-id') : send;
  }
  const refused = last?.outcome === 'rejected' && last.startedAt >= op.openedAt ? last : null;
  if (maySend && !refused) return send;
  const found = findOut(op, now, timing);
  if (found === 'absent') {
    const answer = last?.outcome === 'rejected' ? last : null;
    if (answer) return { do: 'settle', state: 'rejected', attempt: answer };
    return op.stopped ? settle('withdrawn', 'stopped') : settle('abandoned', 'not-found');
  }
  // As long as the authorization lives, a caller may still ask by an equal repeat.
  const unaskable = policyOf(op.kind).unseen === true && now >= op.createdAt + timing.tokenLifeMs;
  if (unaskable && lookedInVain(op, timing)) return settle('manual', 'not-shown');
  return unreadableSince(op, timing.keyCutoffMs) ? settle('manual', 'unreadable') : found;
}

/**
 * Whether nothing could be read for so long after the operation was accepted: then a person must look. One look that fails after a long
 * time in which nobody looked (the service was away) is not enough.
 */
function unreadableSince(op: OperationFacts, ageMs: number): boolean {
  const late = op.readings.filter((each) => each.startedAt >= op.createdAt + ageMs);
  return late.length >= LAST_LOOKS && late.slice(-LAST_LOOKS).every((each) => each.finding === 'unreadable');
}

/** Refused credentials are a matter of the account: the same call comes again after a pause, not by the schedule. */
function pausedUntil(last: Attempt | undefined, timing: Timing): number {
  return last?.outcome === 'configuration' ? (last.endedAt ?? last.startedAt) + timing.pauseMs : 0;
}

/** Until when an attempt without an answer may still be under way. */
function openUntil(op: OperationFacts, timing: Timing): number {
  return Math.max(0, ...op.attempts.filter((each) => each.endedAt === null).map((each) => each.startedAt + timing.providerTimeoutMs));
}
