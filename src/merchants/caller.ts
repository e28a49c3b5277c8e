import type { Api } from '../klarna/api.js';

/** A provider account as callers of this module need it; the password is open here and sealed in the database. */
export interface ProviderAccount {
  id: string;
  provider: 'klarna';
  /** Which provider this is, in the database: `simulator` or the host's name. */
  host: string;
  baseUrl: string;
  username: string;
  password: string;
}

/** Who called: one credential of one merchant. */
export interface Caller {
  credentialId: string;
  merchantId: string;
  /** What this caller gets while an outcome is open: 202, or Klarna's 503 for SDKs that accept nothing else. */
  pendingAnswer: 202 | 503;
  /** Writes without an idempotency key are refused for this merchant. */
  keyRequired: boolean;
  /** What happens to a body beyond the lengths, patterns and lists of words of Klarna's documents: refused here, or forwarded and reported. */
  limits: 'enforce' | 'report';
  /** Gateway: the provider's callbacks come to this service. Direct: they go to the shop as if it were not there. */
  callbacks: 'gateway' | 'direct';
  /** The provider account of each API. */
  accounts: Readonly<Record<Api, string>>;
}
