import { kindOf } from './kinds.js';
import type { IntentRecord, Told } from './records.js';

/** What an answer means for who got it. `announced`: it says itself that it may still happen. */
export type Meaning = 'success' | 'announced' | 'refused' | 'not-now';

/**
 * - `refused`: an answer of record, or a request that is over for ever (Klarna's 4xx, `OPERATION_WITHDRAWN`);
 * - `not-now`: an error after which the same request may be repeated as a new one (nothing was recorded, or it was withdrawn).
 */
export function meaningOf(told: Told): Meaning {
  const { status, code, operation } = told;
  // Klarna's own 202 names no operation: it will cancel the token.
  if (status === 202 && operation !== null) return 'announced';
  if (status < 400) return 'success';
  if (status === 409 && code === 'OPERATION_PENDING') return 'announced';
  // PROVIDER_CREDENTIALS names an operation, and it is an end all the same.
  if (status === 503 && operation !== null) return 'announced';
  if (status >= 500 || status === 429 || status === 408) return 'not-now';
  return 'refused';
}

/** The service itself has withdrawn it and given its key back: the same request is a new intent. */
export function freesKey({ code, text }: Told): boolean {
  return code === 'OPERATION_WITHDRAWN' && text.includes('the authorization was about to end');
}
/** One request for ever, however often it is sent: it has a key, or a token. */
export function isOnce({ kind, key }: Pick<IntentRecord, 'kind' | 'key'>): boolean {
  return key !== null || kindOf(kind).sameBy === 'token';
}

/** The id of what was made, as an answer names it. */
export function idIn({ text }: Pick<Told, 'text'>, member: string): string | null {
  try {
    const id = (JSON.parse(text) as Record<string, unknown>)[member];
    return typeof id === 'string' ? id : null;
  } catch {
    return null;
  }
}
