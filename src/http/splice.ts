import { findNodeAtLocation, parseTree } from 'jsonc-parser';

/**
 * A JSON text in which one member has another value and every other byte stays what it was, also one that is no UTF-8.
 * @param bytes JSON that was read before: the caller's or Klarna's
 * @param path of the member, in ASCII, which must be there
 */
export function spliced(bytes: Buffer, path: readonly (string | number)[], value: string): Buffer {
  // One character per byte, so that offsets are those of bytes; what JSON is made of is ASCII.
  const text = bytes.toString('latin1');
  const tree = parseTree(text);
  const node = tree && findNodeAtLocation(tree, [...path]);
  if (node === undefined) throw new Error(`There is no ${path.join('.')} to be replaced`);
  const written = Buffer.from(JSON.stringify(value)).toString('latin1');
  return Buffer.from(text.slice(0, node.offset) + written + text.slice(node.offset + node.length), 'latin1');
}
