/** Words for what Node says; what they are about is in the delivery. */
const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'The connection was refused',
  ECONNRESET: 'The connection was closed before there was an answer',
  EPIPE: 'The connection was closed before there was an answer',
  EHOSTUNREACH: 'There is no way to the host',
  ENETUNREACH: 'There is no way to the host',
  ETIMEDOUT: 'The host does not answer',
  ENOTFOUND: 'The name has no address',
  ENODATA: 'The name has no address',
  EAI_AGAIN: 'The name servers do not answer',
  ETIMEOUT: 'The name servers do not answer',
  ESERVFAIL: 'The name servers fail',
  SWITCHED_PROTOCOLS: 'It answered 101, which nobody asked for',
  TOO_MANY_INTERIM_ANSWERS: 'It sent one interim answer (1xx) after the other',
  HPE_HEADER_OVERFLOW: "The answer's headers are too long",
  CERT_HAS_EXPIRED: 'Its certificate has expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'Its certificate is for another name',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'Its certificate is self-signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'Its certificate is signed by nobody who is trusted',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'Its certificate is signed by nobody who is trusted',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'Its certificate is signed by nobody who is trusted',
};

/** Codes whose message is ours: it says what was refused, and holds neither path nor query. */
const SPEAK_FOR_THEMSELVES = new Set(['FORBIDDEN_ADDRESS', 'CONNECT_TIMEOUT']);

/** A stable code and words for people. Node's own messages are left out: some hold whole addresses. */
export function failureOf(error: unknown): { code: string; reason: string } {
  const { code, message } = error as { code?: unknown; message?: string };
  if (typeof code !== 'string') return { code: 'NETWORK', reason: 'There was no answer' };
  if (SPEAK_FOR_THEMSELVES.has(code) && message) return { code, reason: message };
  return { code, reason: WORDS[code] ?? otherWords(code) };
}

function otherWords(code: string): string {
  if (code.startsWith('HPE_')) return `What it answered is not HTTP (${code})`;
  if (code.startsWith('ERR_SSL') || code.includes('CERT')) return `There is no safe connection to it (${code})`;
  return `There was no answer (${code})`;
}

/** What an answer that is no success means, for people. */
export function answerWords(status: number): string {
  if (status >= 300 && status < 400) return `It answered ${status}: redirects are not followed`;
  if (status === 410) return 'It answered 410: it wants no more of these';
  return `It answered ${status}`;
}
