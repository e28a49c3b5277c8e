import { Refusal } from '../operations/errors.js';
import type { RecordedAnswer } from '../operations/operation.js';

/** Klarna's answer to a page that was disabled, or a link that was sent. */
export const DONE: RecordedAnswer = { status: 204, headers: {}, body: null };

/**
 * The answer of record of a page of which only the id is known any more.
 * @throws Refusal BAD_VALUE without an id
 */
export function madeAnswer(pageId: string | null): RecordedAnswer {
  if (pageId === null) throw new Refusal('BAD_VALUE', ['Bad value: provider_id']);
  const body = Buffer.from(JSON.stringify({ session_id: pageId }));
  return { status: 201, headers: { 'Content-Type': 'application/json' }, body };
}
