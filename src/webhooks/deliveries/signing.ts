import { createHmac } from 'node:crypto';

/** What a signed message carries, by Standard Webhooks. */
export interface SignatureHeaders {
  readonly 'webhook-id': string;
  readonly 'webhook-timestamp': string;
  readonly 'webhook-signature': string;
}

/**
 * Signs a message as Standard Webhooks says: HMAC-SHA256 of `id.timestamp.body`, once per key, so that a receiver which knows either of two
 * keys accepts it while they are exchanged.
 * @param sentAtMs milliseconds since 1970 on the clock of the world: receivers refuse what is five minutes off
 * @param body the bytes as they are sent; may be empty
 * @see https://www.standardwebhooks.com, "Signature scheme"
 */
export function signed(messageId: string, sentAtMs: number, body: Buffer, keys: readonly Buffer[]): SignatureHeaders {
  const timestamp = String(Math.floor(sentAtMs / 1_000));
  const signatureBy = (key: Buffer) => createHmac('sha256', key).update(`${messageId}.${timestamp}.`).update(body).digest('base64');
  return {
    'webhook-id': messageId,
    'webhook-timestamp': timestamp,
    'webhook-signature': keys.map((key) => `v1,${signatureBy(key)}`).join(' '),
  };
}

/** A key as merchants get it. */
export function shownKey(key: Buffer): string {
  return `whsec_${key.toString('base64')}`;
}
