import { isObject, type JsonObject } from '../../json.js';
import { readJson } from '../../http/json-body.js';

/** What a callback says by its address and its body. Hints: whoever wants to know looks at Klarna. */
export interface CallbackWords {
  providerOrderId: string | null;
  providerSessionId: string | null;
  eventType: string | null;
}

/** Longer than any id of Klarna's. */
const MOST_CHARACTERS = 255;

/**
 * Reads what a callback says. What Klarna filled into our address comes first, then the body; what can't be read says nothing. A body that
 * JSON readers could understand in two ways (a member twice) says nothing either.
 * @param query of the address, as the router took it apart
 */
export function wordsOf(query: unknown, body: Buffer | null): CallbackWords {
  const asked = isObject(query) ? query : {};
  const said = bodyOf(body);
  const session = isObject(said['session']) ? said['session'] : {};
  return {
    providerOrderId: word(asked['order_id']) ?? word(said['order_id']) ?? word(session['order_id']),
    providerSessionId: word(asked['session_id']) ?? word(said['session_id']) ?? word(session['session_id']),
    eventType: word(said['event_type']),
  };
}

/** The body as a JSON object; an empty one when it is none. */
export function bodyOf(body: Buffer | null): JsonObject {
  if (body === null) return {};
  try {
    const value = readJson(body);
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}

/** Null: none, or a placeholder that nobody filled in (braces), or nothing that could be an id: ids go into paths, logs and columns. */
function word(value: unknown): string | null {
  return typeof value === 'string' && value.length <= MOST_CHARACTERS && /^(?!\.+$)[!-z|~]+$/.test(value) ? value : null;
}
