import { objectIn } from '../json.js';
import { errorCodeIn, isJson, type KlarnaAnswer } from './answer-of-record.js';

/** Looks whether a 2xx is what this kind of call is answered with; undefined: it is not, whatever its status says. */
export type SuccessCheck = (answer: KlarnaAnswer) => { providerId: string | null } | undefined;

/**
 * Klarna asks not to test for one exact 2xx, and calls answered without a body have nothing else to check. With a body it must be Klarna's: a
 * proxy's login or maintenance page comes with 200, and an error object under a 2xx, or half an answer, proves nothing.
 */
export const anySuccess: SuccessCheck = ({ body }) =>
  isBlank(body) || (isJson(body) && errorCodeIn(body) === undefined) ? { providerId: null } : undefined;

/** Captures and refunds: the id is in a header of its own, else at the end of `Location`; there is no body to rely on. */
export function createdWith(header: 'capture-id' | 'refund-id'): SuccessCheck {
  return ({ headers }) => {
    const id = headers[header] ?? lastSegment(headers['location']);
    return id === undefined || id === '' ? undefined : { providerId: id };
  };
}

/** Calls answered with a JSON object that names what was made. */
export function jsonWith(member: 'session_id' | 'order_id' | 'token_id'): SuccessCheck {
  return ({ body }) => {
    const id = objectIn(body)?.[member];
    return typeof id === 'string' && id !== '' ? { providerId: id } : undefined;
  };
}

function isBlank(body: Buffer): boolean {
  return body.toString('utf8').trim() === '';
}

function lastSegment(location: string | undefined): string | undefined {
  // `.../captures` without an id is the collection itself.
  const last = location === undefined ? undefined : /\/(?:captures|refunds)\/([^/?#]+)\/?(?:[?#].*)?$/.exec(location)?.[1];
  try {
    return last === undefined ? undefined : decodeURIComponent(last);
  } catch {
    return undefined;
  }
}
