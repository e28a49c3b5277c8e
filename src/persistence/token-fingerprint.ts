import type { SealedEnvelope } from './sealed-envelope.js';

/** Under what an authorization token is stored and found, by whoever sees it: operations, sessions, hosted pages. */
export function tokenFingerprint(envelope: SealedEnvelope, authorizationToken: string): Buffer {
  return envelope.fingerprint('authorization-token', authorizationToken);
}
