import { jsonIn, objectIn } from '../json.js';
import type { KlarnaExchange, KlarnaVerdict } from './exchange.js';

export type KlarnaAnswer = Extract<KlarnaExchange, { kind: 'answer' }>;

/** What is kept of an answer's headers, in Klarna's spelling; everything else is the transport's business. */
const HEADERS_OF_RECORD = ['Location', 'Capture-Id', 'Refund-Id', 'Klarna-Correlation-Id'] as const;
const API_PATHS = /\/(?:payments|customer-token|checkout|ordermanagement|hpp)\/v\d+(?:\/|$)/;

/** Status, headers of record and bytes of an answer: what a caller gets, now and at every repeat. */
export function answerOfRecord(answer: KlarnaAnswer): NonNullable<KlarnaVerdict['answer']> {
  const headers: Record<string, string> = {};
  for (const name of HEADERS_OF_RECORD) {
    const value = answer.headers[name.toLowerCase()];
    if (value !== undefined) headers[name] = name === 'Location' ? relativeLocation(value) : value;
  }
  const type = answer.headers['content-type'];
  if (answer.body.length > 0 && type !== undefined) headers['Content-Type'] = type;
  return { status: answer.status, headers, body: answer.body.length > 0 ? answer.body : null };
}

/**
 * A resource of Klarna's without its host, which is ours towards callers and may change: from the API's path on, whatever stands
 * before it. Any other address is left alone.
 */
export function relativeLocation(location: string): string {
  if (!URL.canParse(location, 'http://relative.invalid')) return location;
  const { pathname, search } = new URL(location, 'http://relative.invalid');
  const api = API_PATHS.exec(pathname);
  return api === null ? location : pathname.slice(api.index) + search;
}

/** Whether a body is a JSON object or list, whole. */
export function isJson(body: Buffer): boolean {
  return typeof jsonIn(body) === 'object';
}

/** Klarna's error code, or undefined when the body is not Klarna's error object. */
export function errorCodeIn(body: Buffer): string | undefined {
  const code = objectIn(body)?.['error_code'];
  return typeof code === 'string' && code !== '' ? code : undefined;
}
