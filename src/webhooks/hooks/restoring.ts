import { findNodeAtOffset, parseTree, type Node } from 'jsonc-parser';
import { byteText, edited, type Edit } from '../../http/splice.js';
import { type FoundUrl, HIDDEN_SECRET, ourUrlsIn } from './our-urls.js';
import { filledIn, type FilledIds } from './templates.js';

/** Whether there can be an address of ours in it: a look that costs nothing. */
export function mayNameUs(bytes: Buffer): boolean {
  return bytes.includes('webhooks');
}

/** What stands in place of an address of ours: the caller's own URL; null: the caller sent none; undefined: it is none that we know. */
export type TemplateOf = (found: FoundUrl) => string | null | undefined;

/**
 * What Klarna said with the caller's own URLs in place of ours. A member that the caller never sent goes, with its comma; where our address
 * stands inside other words and there is nothing to put in its place, its secret goes. Every other byte stays.
 */
export function restored(bytes: Buffer, templateOf: TemplateOf): Buffer {
  const text = byteText(bytes);
  const edits: Edit[] = [];
  const unsent: FoundUrl[] = [];
  for (const found of ourUrlsIn(text)) {
    const template = templateOf(found);
    if (template === null) unsent.push(found);
    else if (template !== undefined) edits.push({ ...found, text: inJson(filledIn(template, idsIn(found))) });
  }
  return edited(bytes, unsent.length === 0 ? edits : [...edits, ...withoutMembers(text, unsent)]);
}

/** The same text without the secrets of addresses of ours. */
export function hidden(bytes: Buffer): Buffer {
  const secrets = ourUrlsIn(byteText(bytes)).map((found) => hiding(found));
  return edited(bytes, secrets);
}

function hiding({ end, secret, query }: FoundUrl): Edit {
  const secretEnd = end - query.length;
  return { start: secretEnd - secret.length, end: secretEnd, text: HIDDEN_SECRET };
}

/** A text as it stands between quotes. Outside of JSON (a page for people) a URL looks the same. */
function inJson(url: string): string {
  return JSON.stringify(url).slice(1, -1);
}

/** What Klarna has filled into our query, should it show URLs that way. */
function idsIn({ query }: FoundUrl): FilledIds {
  const plain = query.replace(/\\u00([0-9a-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  const ids: FilledIds = {};
  for (const [, name, value] of plain.matchAll(/[?&](order_id|session_id)=([\w.~-]+)(?=&|$)/g)) {
    if (name === 'order_id') ids.orderId = value;
    else ids.sessionId = value;
  }
  return ids;
}

function withoutMembers(text: string, urls: readonly FoundUrl[]): Edit[] {
  const root = parseTree(text);
  const members = new Map<Node, Node[]>();
  const edits: Edit[] = [];
  for (const url of urls) {
    const member = root && memberThatIs(root, url);
    if (member?.parent === undefined) edits.push(hiding(url));
    else members.set(member.parent, [...(members.get(member.parent) ?? []), member]);
  }
  for (const [object, unsent] of members) edits.push(...removals(object, unsent));
  return edits;
}

/** The member whose whole value is this URL. */
function memberThatIs(root: Node, { start, end }: FoundUrl): Node | undefined {
  const value = findNodeAtOffset(root, start);
  const isWhole = value?.type === 'string' && value.offset + 1 === start && value.offset + value.length === end + 1;
  const member = isWhole ? value.parent : undefined;
  return member?.type === 'property' && member.children?.[1] === value ? member : undefined;
}

/** Takes members out of an object, each with the comma before it; those before the first that stays with the one behind them. */
function removals({ children = [] }: Node, unsent: readonly Node[]): Edit[] {
  const endOf = ({ offset, length }: Node): number => offset + length;
  const [first, last] = [children[0], children.at(-1)];
  if (first === undefined || last === undefined) return [];
  const firstKept = children.findIndex((child) => !unsent.includes(child));
  if (firstKept < 0) return [{ start: first.offset, end: endOf(last), text: '' }];
  return children.flatMap((child, at) => {
    if (!unsent.includes(child)) return [];
    const before = at > firstKept ? children[at - 1] : undefined;
    const behind = children[at + 1];
    if (before !== undefined) return [{ start: endOf(before), end: endOf(child), text: '' }];
    return behind === undefined ? [] : [{ start: child.offset, end: behind.offset, text: '' }];
  });
}
