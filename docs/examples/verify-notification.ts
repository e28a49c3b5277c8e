import { createHmac, timingSafeEqual } from 'node:crypto';

/** A message that nobody but the gateway can have written, and not an old one sent again. */
export class NotVerified extends Error {}

/** Seconds that the clocks of sender and receiver may differ. */
const TOLERANCE_S = 300;

/**
 * Checks a notification of the gateway (Standard Webhooks). Give it the body as it arrived, before anything parses it.
 * @param secret `whsec_...`, from POST /notifications/endpoints, or GET /notifications/signing-secret for your own merchant_urls
 * @returns the id to de-duplicate by: the same for every repeat of one message
 * @throws NotVerified: answer 400 or 401, and do nothing
 */
export function verifyNotification(
  secret: string,
  headers: Readonly<Record<string, string | string[] | undefined>>,
  body: Buffer | string,
  nowMs = Date.now(),
): string {
  const header = (name: string): string => {
    const value = headers[name];
    if (typeof value !== 'string' || value === '') throw new NotVerified(`There is no ${name} header`);
    return value;
  };
  const id = header('webhook-id');
  const timestamp = header('webhook-timestamp');
  const signatures = header('webhook-signature');
  if (!/^\d{1,12}$/.test(timestamp) || Math.abs(nowMs / 1000 - Number(timestamp)) > TOLERANCE_S) {
    throw new NotVerified('The message is too old, or from the future');
  }
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const expected = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest();
  // While a secret is exchanged there are two signatures; one that fits is enough.
  for (const one of signatures.split(' ')) {
    const [version, value] = one.split(',', 2);
    if (version !== 'v1' || value === undefined) continue;
    const given = Buffer.from(value, 'base64');
    if (given.length === expected.length && timingSafeEqual(given, expected)) return id;
  }
  throw new NotVerified('No signature fits');
}
