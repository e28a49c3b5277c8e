import { Refusal } from '../operations/errors.js';
import type { RecordedAnswer } from '../operations/operation.js';

/** Klarna's answer to an update or a cancel that took effect. */
export const DONE: RecordedAnswer = { status: 204, headers: {}, body: null };

/**
 * The answer of record of something that a person found at Klarna: the id alone, which is all that callers may rely on.
 * @throws Refusal BAD_VALUE without an id
 */
export function foundAnswer(member: 'session_id' | 'order_id' | 'token_id', providerId: string | null): RecordedAnswer {
  if (providerId === null) throw new Refusal('BAD_VALUE', ['Bad value: provider_id']);
  return { status: 200, headers: { 'Content-Type': 'application/json' }, body: Buffer.from(JSON.stringify({ [member]: providerId })) };
}
