/** What may stand in one path segment as it is. Slashes, escapes and control characters would name another resource at Klarna. */
const POSSIBLE_ID = /^(?!\.+$)[\w!$&'()*+,\-.:;=@~]{1,255}$/;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * An id of the provider's as a caller wrote it in the path. A UUID is the same in capitals: one resource has one owner, however its id is
 * spelled.
 * @returns undefined for what can't be an id
 */
export function pathId(parameter: string): string | undefined {
  if (!POSSIBLE_ID.test(parameter)) return undefined;
  return UUID.test(parameter) ? parameter.toLowerCase() : parameter;
}
