import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { isLoopback } from '../../config/provider-host.js';

/** Where Klarna's callbacks arrive. */
export const HOOK_PATH = '/webhooks/klarna';
/** Klarna's limit. */
const LONGEST_URL = 2000;
/** Leaves room for path, secret and placeholders. */
const LONGEST_BASE = 1500;
const SECRET_BYTES = 32;

/** What stands in logs and errors in place of a secret. */
export const HIDDEN_SECRET = '***';

/** A secret for one address. It stands in the address alone; what is kept of it is its hash (and the request itself, which is sealed). */
export function newSecret(): { secret: string; hash: Buffer } {
  const secret = randomBytes(SECRET_BYTES).toString('base64url');
  return { secret, hash: hashOf(secret) };
}

/** Whether this is the secret with that hash; takes the same time for every wrong one, also where there is no hash. */
export function isSecret(secret: string, hash: Buffer | undefined): boolean {
  const given = hashOf(secret);
  return timingSafeEqual(given, hash?.length === given.length ? hash : Buffer.alloc(given.length));
}

function hashOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}

/** Whether Klarna is a simulator on this machine, which alone reaches the machine's loopback; and so does its shop. */
export function isAllHere(simulatorUrl: string | undefined): boolean {
  return simulatorUrl !== undefined && isLoopback(new URL(simulatorUrl).hostname);
}

/**
 * What our addresses begin with; else why there are none.
 * @param allHere see `isAllHere`
 */
export function hookBase(publicUrl: string | undefined, allHere: boolean): { base: string } | { reason: string } {
  if (publicUrl === undefined) return { reason: 'PUBLIC_URL is not set' };
  if (publicUrl.length > LONGEST_BASE) return { reason: `PUBLIC_URL is longer than ${LONGEST_BASE} characters` };
  if (isReachable(publicUrl, allHere)) return { base: publicUrl + HOOK_PATH };
  return { reason: 'PUBLIC_URL is not https' };
}

/**
 * Whether a URL of the caller's is one that callbacks can be passed on to: https as Klarna asks for, and of a length that Klarna takes; http to
 * this machine while Klarna is there, too; with nothing in it for which every message would be refused, such as a user name. Not one of our
 * own, which somebody who read it at Klarna has sent back: it works as it is.
 */
export function canBePassedOnTo(url: string, allHere: boolean): boolean {
  return url.length <= LONGEST_URL && URL.canParse(url) && isReachable(url, allHere) && isPlain(url) && !OURS.test(url);
}

/** Nothing in it for which messages are refused whatever its host (see AddressRules): user names, white space, backslashes. */
function isPlain(url: string): boolean {
  const { username, password } = new URL(url);
  // eslint-disable-next-line no-control-regex
  return username === '' && password === '' && !/[\u0000-\u0020\u007f\\]/.test(url);
}

function isReachable(url: string, allHere: boolean): boolean {
  if (url.startsWith('https://')) return true;
  return allHere && url.startsWith('http://') && isLoopback(new URL(url).hostname);
}

const UUID = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';
/** A slash as JSON may have it. */
const SLASH = String.raw`(?:\\?/|\\u002[fF])`;
const ORIGIN = String.raw`https?:${SLASH}${SLASH}(?:[^\s"\\?#<>]|\\/|\\u002[fF])+?`;
/** The characters of our query and of what is filled into it, some of which writers of JSON like to escape. */
const QUERY = String.raw`(?:(?:\?|\\u003[fF])(?:(?:[\w.{}=&%~-]|\\u00(?:26|3[dD]|7[bBdD]))*(?:[\w}=%~-]|\\u007[dD]))?)?`;
const SECRET = String.raw`[\w-]{43}(?![\w-])|\*\*\*`;

/** An address of ours, under whatever origin this service was reached when it was made; as plain text or in JSON. */
const PATTERN = `${ORIGIN}${SLASH}webhooks${SLASH}klarna${SLASH}(?<id>${UUID})${SLASH}(?<secret>${SECRET})(?<query>${QUERY})`;
const OURS = new RegExp(PATTERN);

/** An address of ours somewhere in a text. */
export interface FoundUrl {
  start: number;
  end: number;
  hookId: string;
  /** `***` where it was hidden before. */
  secret: string;
  /** As it is written, escapes and all. */
  query: string;
}

/** Every address of ours in a text. */
export function ourUrlsIn(text: string): FoundUrl[] {
  return [...text.matchAll(new RegExp(PATTERN, 'g'))].map((match) => {
    const { id = '', secret = '', query = '' } = match.groups ?? {};
    return { start: match.index, end: match.index + match[0].length, hookId: id, secret, query };
  });
}
