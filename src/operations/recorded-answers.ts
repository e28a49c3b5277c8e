import { Refusal } from './errors.js';
import type { RecordedAnswer } from './operation.js';

/** What Klarna answers to a change that took effect and has nothing to say. */
export function bareAnswer(status: number): RecordedAnswer {
  return { status, headers: {}, body: null };
}

/**
 * The answer of record of something of which only the id is known any more: the id alone, which is all that callers may rely on.
 * @param member under which Klarna answers the id: `order_id`
 * @throws Refusal BAD_VALUE without an id
 */
export function foundAnswer(status: number, member: string, providerId: string | null): RecordedAnswer {
  const body = Buffer.from(JSON.stringify({ [member]: named(providerId) }));
  return { status, headers: { 'Content-Type': 'application/json' }, body };
}

/**
 * The id that an answer of record has to name.
 * @throws Refusal BAD_VALUE without one
 */
export function named(providerId: string | null): string {
  if (providerId === null || providerId === '') throw new Refusal('BAD_VALUE', ['Bad value: provider_id']);
  return providerId;
}
