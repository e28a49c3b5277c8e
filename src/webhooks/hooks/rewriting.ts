import { parseTree, type Node } from 'jsonc-parser';
import { byteText, edited, type Edit } from '../../http/splice.js';
import type { CallbackEntry } from '../../persistence/repositories/hooks.repository.js';

const MERCHANT_URLS = 'merchant_urls';

/** Which entries of a request are replaced, and which are added. */
export interface Rewriting {
  replaced: readonly CallbackEntry[];
  added: readonly CallbackEntry[];
  /** Whether a URL of the caller's can be passed on to later. Any other is left where it is: Klarna judges and calls it itself. */
  isOurs: (url: string) => boolean;
  /** Our URL for an entry. @param template the caller's own; null: there was none */
  place: (entry: CallbackEntry, template: string | null) => string;
}

/**
 * The request with our URLs in place of the caller's. Nothing else of it is touched: white space, escapes and the order of members stay. What
 * is not a text, stands there twice, or names nothing that can be passed on to, stays too.
 * @param body JSON that was judged before
 * @returns undefined where there is nothing to be put
 */
export function rewritten(body: Buffer, { replaced, added, isOurs, place }: Rewriting): Buffer | undefined {
  // Most requests name no URL; a name that is written with escapes is still the name.
  if (!body.includes(MERCHANT_URLS) && !body.includes('\\u')) return undefined;
  const root = parseTree(byteText(body));
  const urls = root && memberOf(root, MERCHANT_URLS);
  if (urls?.type !== 'object') return undefined;
  const edits: Edit[] = [];
  const missing: string[] = [];
  for (const entry of new Set([...replaced, ...added])) {
    const values = valuesOf(urls, entry);
    const [value] = values;
    if (value === undefined) {
      if (added.includes(entry)) missing.push(`${JSON.stringify(entry)}:${JSON.stringify(place(entry, null))}`);
      continue;
    }
    const { offset: start, length, type } = value;
    if (values.length > 1 || type !== 'string' || !replaced.includes(entry)) continue;
    const url = JSON.parse(body.toString('utf8', start, start + length)) as string;
    if (isOurs(url)) edits.push({ start, end: start + length, text: JSON.stringify(place(entry, url)) });
  }
  if (missing.length > 0) edits.push(insertion(urls, missing.join(',')));
  return edits.length === 0 ? undefined : edited(body, edits);
}

/** After the last member, or directly behind the brace. */
function insertion({ offset, children = [] }: Node, text: string): Edit {
  const last = children.at(-1);
  const at = last === undefined ? offset + 1 : last.offset + last.length;
  return { start: at, end: at, text: last === undefined ? text : `,${text}` };
}

/** The one member of this name; undefined when there is none, or more than one. */
function memberOf(object: Node, name: string): Node | undefined {
  const values = valuesOf(object, name);
  return values.length === 1 ? values[0] : undefined;
}

function valuesOf({ type, children = [] }: Node, name: string): Node[] {
  if (type !== 'object') return [];
  return children.flatMap(({ children: [key, value] = [] }) => (key?.value === name && value !== undefined ? [value] : []));
}
