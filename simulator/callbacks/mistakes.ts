import { randomUUID } from 'node:crypto';
import { isObject, type JsonObject, type JsonValue } from '../json.js';
import type { Callback } from './callback.js';
import type { Instead } from './callbacks.js';

/** What can be wrong with a callback that is sent again. */
export const MISTAKES = ['order', 'session', 'token', 'event_type', 'json', 'size', 'secret'] as const;
export type Mistake = (typeof MISTAKES)[number];

/** Larger than anything that takes callbacks should read. */
const LARGE_BYTES = 2 * 1024 * 1024;

/** The ids that a callback names, with others in their place. */
export interface OtherIds {
  order_id?: string;
  session_id?: string;
  authorization_token?: string;
}

/** A mistake that a callback has no place for; the message says what is missing. */
export class NoPlaceForIt extends Error {}

/** A callback with other ids in its URL and body, and with a mistake. @throws NoPlaceForIt when it has nothing of what is to be wrong */
export function mistaken(callback: Callback, others: OtherIds, mistake: Mistake | undefined): Instead {
  const unknown: OtherIds = {
    ...(mistake === 'order' && { order_id: randomUUID() }),
    ...(mistake === 'session' && { session_id: randomUUID() }),
    ...(mistake === 'token' && { authorization_token: randomUUID() }),
  };
  const said: Instead = { url: callback.url, body: callback.body };
  const own = { ...callback, authorization_token: tokenIn(callback) };
  const renamed = Object.entries({ ...others, ...unknown }).reduce((before, [name, id]) => {
    const known = own[name as keyof OtherIds];
    if (known === null || !`${before.url}${before.body}`.includes(known)) throw new NoPlaceForIt(`The callback names no ${name}`);
    return { url: before.url.replaceAll(known, encodeURIComponent(id)), body: before.body.replaceAll(known, () => escaped(id)) };
  }, said);
  return misspelt(renamed, mistake);
}

function misspelt({ url, body }: Instead, mistake: Mistake | undefined): Instead {
  switch (mistake) {
    case 'event_type': {
      const event = objectIn(body);
      if (event?.event_type === undefined) throw new NoPlaceForIt('The callback has no event_type');
      return { url, body: JSON.stringify({ ...event, event_type: 'FRAUD_RISK_UNHEARD_OF' }) };
    }
    case 'json':
      return { url, body: body === '' ? '{' : body.slice(0, -1) };
    case 'size':
      return { url, body: JSON.stringify({ ...objectIn(body), padding: '.'.repeat(LARGE_BYTES) }) };
    case 'secret':
      return { url: withOtherSecret(url), body };
    case 'order':
    case 'session':
    case 'token':
    case undefined:
      return { url, body };
  }
}

/** The last part of the path, as long as before, with another beginning: where secrets are that shops put into their URLs. */
function withOtherSecret(url: string): string {
  const [address = '', ...query] = url.split(/(?=[?#])/);
  const [, before, first, rest] = /^(https?:\/\/[^/]+\/(?:.*\/)?)([^/])([^/]*\/?)$/.exec(address) ?? [];
  if (before === undefined || first === undefined) throw new NoPlaceForIt('The URL of the callback has no path');
  return `${before}${first === 'A' ? 'B' : 'A'}${rest ?? ''}${query.join('')}`;
}

function tokenIn({ body }: Callback): string | null {
  const token = objectIn(body)?.authorization_token;
  return typeof token === 'string' ? token : null;
}

function objectIn(body: string): JsonObject | undefined {
  const value = body === '' ? undefined : (JSON.parse(body) as JsonValue);
  return isObject(value) ? value : undefined;
}

/** As it is written between the quotation marks of JSON. */
function escaped(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}
