import { Injectable } from '@nestjs/common';
import { timingSafeEqual } from 'node:crypto';
import { Database } from '../persistence/database.js';
import { SealedEnvelope } from '../persistence/sealed-envelope.js';
import { secretHash, secretIn, type ApiSecret } from './api-secret.js';
import type { Api } from '../klarna/api.js';
import type { Caller } from './caller.js';
import { ShortMemory } from './short-memory.js';

/** A revoked credential works for at most this long. */
const REMEMBERED_MS = 5_000;
const REMEMBERED_CREDENTIALS = 10_000;

interface Credential {
  secretHash: Buffer;
  caller: Caller;
}

interface CredentialRow {
  id: string;
  merchant_id: string;
  secret_hash: Buffer;
  pending_answer: 202 | 503;
  key_required: boolean;
  limits: 'enforce' | 'report';
  callbacks: 'gateway' | 'direct';
  accounts: Record<Api, string>;
}

/** Tells who calls. */
@Injectable()
export class Merchants {
  readonly #remembered = new ShortMemory<Credential | null>(REMEMBERED_MS, REMEMBERED_CREDENTIALS);

  constructor(
    private readonly database: Database,
    private readonly envelope: SealedEnvelope,
  ) {}

  /**
   * Recognises the caller by its `Authorization` header: HTTP Basic, or a bearer key.
   * An unknown name, a wrong password and a revoked key cost the same work and give the same answer.
   * @returns undefined when the header is missing, unreadable or proves nothing
   * @throws DatabaseUnavailable; the request may be repeated
   */
  async authenticate(authorization: string | undefined): Promise<Caller | undefined> {
    const secret = secretIn(authorization);
    if (secret === undefined) return undefined;
    const given = secretHash(this.envelope, secret);
    const stored = await this.#credential(secret, given);
    const equal = timingSafeEqual(given, stored?.secretHash ?? this.envelope.fingerprint('api-credential', 'nobody'));
    return equal && stored !== null ? stored.caller : undefined;
  }

  #credential(secret: ApiSecret, hash: Buffer): Promise<Credential | null> {
    return secret.scheme === 'basic'
      ? this.#remembered.get(`basic ${secret.username}`, () => this.#find('c.username = $1', secret.username, 'basic'))
      : this.#remembered.get(`bearer ${hash.toString('hex')}`, () => this.#find('c.secret_hash = $1', hash, 'bearer'));
  }

  async #find(condition: 'c.username = $1' | 'c.secret_hash = $1', value: string | Buffer, scheme: string): Promise<Credential | null> {
    const [row] = await this.database.query<CredentialRow>(
      `SELECT c.id, c.merchant_id, c.secret_hash, c.pending_answer, c.key_required, c.limits, m.callbacks,
              (SELECT jsonb_object_agg(a.api, a.provider_account_id)
                 FROM merchant_provider_accounts a WHERE a.merchant_id = c.merchant_id) AS accounts
         FROM api_credentials c JOIN merchants m ON m.id = c.merchant_id
        WHERE ${condition} AND c.scheme = $2 AND c.revoked_at IS NULL`,
      [value, scheme],
    );
    if (row === undefined) return null;
    return {
      secretHash: row.secret_hash,
      caller: {
        credentialId: row.id,
        merchantId: row.merchant_id,
        pendingAnswer: row.pending_answer,
        keyRequired: row.key_required,
        limits: row.limits,
        callbacks: row.callbacks,
        accounts: row.accounts,
      },
    };
  }
}
