/**
 * One path segment of a URL, from an id as the caller wrote it.
 * @throws RangeError on an empty id, `.` and `..`, which would name another resource
 */
export function segment(id: string): string {
  if (id === '' || id === '.' || id === '..') throw new RangeError('An id that is empty or made of dots names no resource');
  return encodeURIComponent(id);
}
