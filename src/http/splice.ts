import { findNodeAtLocation, parseTree } from 'jsonc-parser';

/**
 * A JSON text in which one member has another value and every other byte stays what it was.
 * @param bytes JSON that was read before (src/http/json-body.ts): UTF-8, no member twice
 * @param path of the member, which must be there
 */
export function spliced(bytes: Buffer, path: readonly (string | number)[], value: string): Buffer {
  const text = bytes.toString('utf8');
  const tree = parseTree(text);
  const node = tree && findNodeAtLocation(tree, [...path]);
  if (node === undefined) throw new Error(`There is no ${path.join('.')} to be replaced`);
  return Buffer.from(text.slice(0, node.offset) + JSON.stringify(value) + text.slice(node.offset + node.length));
}
