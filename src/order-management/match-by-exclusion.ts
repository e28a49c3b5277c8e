import { CLOCK_SKEW_MS, OWN_SKEW_MS } from '../clock/skew.js';

/** What an operation should have made. */
export interface Wanted {
  operationId: string;
  /** Minor units. */
  amount: number | null;
  /** The caller's; empty is the same as none, because Klarna shows neither. */
  reference: string | null;
  firstSentAt: Date;
}

/** A capture or refund as Klarna shows it. */
export interface Shown {
  providerId: string;
  amount: number | null;
  reference: string | null;
  at: Date | null;
}

/** A capture or refund that we have a row of. */
export interface Known {
  providerId: string;
  operationId: string | null;
  /** Since when we know it. */
  createdAt: Date;
}

/**
 * Finds the effect of an operation among the captures (refunds) of its order, by exclusion: only one operation of a kind is unresolved at
 * a time and all others are linked to what they made. What belongs to another operation, was known before this one was first sent, was
 * made before, or differs in amount or reference can't be its effect.
 * @returns every candidate: one is the effect, none means absent, more can't be told apart
 */
export function matchByExclusion(wanted: Wanted, shown: readonly Shown[], known: readonly Known[]): Shown[] {
  const linked = known.find(({ operationId }) => operationId === wanted.operationId);
  if (linked !== undefined) return shown.filter(({ providerId }) => providerId === linked.providerId);
  const excluded = new Set(
    known
      .filter(({ operationId, createdAt }) => operationId !== null || createdAt.getTime() < wanted.firstSentAt.getTime() - OWN_SKEW_MS)
      .map(({ providerId }) => providerId),
  );
  const since = wanted.firstSentAt.getTime() - CLOCK_SKEW_MS;
  return shown.filter(
    ({ providerId, amount, reference, at }) =>
      !excluded.has(providerId) &&
      amount === wanted.amount &&
      (reference ?? '') === (wanted.reference ?? '') &&
      // One without a time may be it: that it is taken for one too many ends with a person, the other way round money moves twice.
      (at === null || at.getTime() >= since),
  );
}
