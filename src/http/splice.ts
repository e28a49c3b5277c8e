import { findNodeAtLocation, parseTree } from 'jsonc-parser';

/** A change to bytes: what stands from `start` to before `end` becomes `text`. */
export interface Edit {
  start: number;
  end: number;
  /** Written in UTF-8. */
  text: string;
}

/**
 * One character per byte, so that offsets are those of bytes; what JSON is made of is ASCII. Whatever is no UTF-8 stays what it was.
 * @see edited
 */
export function byteText(bytes: Buffer): string {
  return bytes.toString('latin1');
}

/** The bytes with these changes, which don't overlap; every other byte stays what it was. */
export function edited(bytes: Buffer, edits: readonly Edit[]): Buffer {
  const parts: Buffer[] = [];
  let at = 0;
  for (const { start, end, text } of [...edits].sort((a, b) => a.start - b.start)) {
    parts.push(bytes.subarray(at, start), Buffer.from(text));
    at = end;
  }
  return Buffer.concat([...parts, bytes.subarray(at)]);
}

/**
 * A JSON text in which one member has another value and every other byte stays what it was, also one that is no UTF-8.
 * @param bytes JSON that was read before: the caller's or Klarna's
 * @param path of the member, in ASCII, which must be there
 */
export function spliced(bytes: Buffer, path: readonly (string | number)[], value: string): Buffer {
  const tree = parseTree(byteText(bytes));
  const node = tree && findNodeAtLocation(tree, [...path]);
  if (node === undefined) throw new Error(`There is no ${path.join('.')} to be replaced`);
  return edited(bytes, [{ start: node.offset, end: node.offset + node.length, text: JSON.stringify(value) }]);
}
