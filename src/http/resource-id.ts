/** What may stand in one path segment as it is. Slashes, escapes and control characters would name another resource at Klarna. */
const POSSIBLE_ID = /^(?!\.+$)[\w!$&'()*+,\-.:;=@~]{1,255}$/;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Whether a text may be an id of Klarna's. */
export function isPossibleId(text: string): boolean {
  return POSSIBLE_ID.test(text);
}

/** An id as it is stored and looked up: a UUID is the same in capitals, so that one resource has one owner, however it is spelled. */
export function canonicalId(id: string): string {
  return UUID.test(id) ? id.toLowerCase() : id;
}
