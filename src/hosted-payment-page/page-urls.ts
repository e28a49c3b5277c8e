import { membersIn } from '../http/members.js';
import { spliced } from '../http/splice.js';
import { relativeLocation } from '../klarna/answer-of-record.js';
import { OperationReply } from '../operations/request.js';

/** What the shop's own program calls, with its API credentials. The other URLs of a page are for shoppers and browsers. */
const CALLED = ['session_url', 'distribution_url'] as const;
/** A page, or where its link is handed out, as this service serves them. */
const SERVED = /^\/hpp\/v1\/sessions\/[^/?]+(?:\/distribution)?(?:\?|$)/;

/**
 * Klarna's answer to a new page, with our address in front of the resources that the shop is meant to call: at Klarna's host its credentials
 * are not known. Every other byte stays; a URL that names nothing of what we serve does, too.
 * @param address under which callers reach this service, without a slash at the end
 */
export function atThisService(reply: OperationReply, address: string): OperationReply {
  if (reply.body === undefined) return reply;
  const body = CALLED.reduce((bytes, name) => {
    const path = relativeLocation(membersIn(bytes)?.text(name) ?? '');
    return SERVED.test(path) ? spliced(bytes, [name], address + path) : bytes;
  }, reply.body);
  return new OperationReply(reply.status, reply.headers, body);
}
