import type { SealedEnvelope } from '../persistence/sealed-envelope.js';

/** What a caller proves itself with. */
export type ApiSecret = { scheme: 'basic'; username: string; password: string } | { scheme: 'bearer'; key: string };

/** Under what a secret is stored and looked for; it says nothing about the secret without DATA_KEY. */
export function secretHash(envelope: SealedEnvelope, secret: ApiSecret): Buffer {
  return secret.scheme === 'basic'
    ? envelope.fingerprint('api-credential', 'basic', secret.username, secret.password)
    : envelope.fingerprint('api-credential', 'bearer', secret.key);
}

const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;
/** RFC 7617 forbids control characters in both halves; Postgres would refuse U+0000. */
// eslint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u001f\u007f]/;

/** Reads an `Authorization` header; undefined when it is none that this service understands. */
export function secretIn(authorization: string | undefined): ApiSecret | undefined {
  const [, scheme = '', value = ''] = /^(\S+) +(\S+) *$/.exec(authorization ?? '') ?? [];
  switch (scheme.toLowerCase()) {
    case 'bearer':
      return { scheme: 'bearer', key: value };
    case 'basic': {
      const text = BASE64.test(value) ? utf8Of(Buffer.from(value, 'base64')) : undefined;
      const colon = text?.indexOf(':') ?? -1;
      if (text === undefined || colon < 0 || CONTROL.test(text)) return undefined;
      return { scheme: 'basic', username: text.slice(0, colon), password: text.slice(colon + 1) };
    }
    default:
      return undefined;
  }
}

function utf8Of(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
