import { randomUUID } from 'node:crypto';
import type { Queryable } from '../persistence/database.js';
import type { SealedEnvelope } from '../persistence/sealed-envelope.js';
import { secretHash, type ApiSecret } from './api-secret.js';
import type { Api } from '../klarna/api.js';

/** What a provider account's password is sealed for. */
export const ACCOUNT_SECRET = 'provider-account.secret';

/** A provider account as it is configured. */
export interface AccountInput {
  /** `simulator`, or the host's name. */
  host: string;
  baseUrl: string;
  username: string;
  password: string;
}

export interface CredentialInput {
  /** Given for the configured credentials, which are found again by it. */
  id?: string;
  secret: ApiSecret;
  pendingAnswer?: 202 | 503;
  keyRequired?: boolean;
  limits?: 'enforce' | 'report';
}

/** Makes the merchant of this name if there is none. @returns its id, and whether it is new */
export async function putMerchant(db: Queryable, name: string, now: Date): Promise<{ id: string; isNew: boolean }> {
  const made = await db.query<{ id: string }>(
    'INSERT INTO merchants (id, name, created_at) VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING RETURNING id',
    [randomUUID(), name, now],
  );
  const [row] = made.length > 0 ? made : await db.query<{ id: string }>('SELECT id FROM merchants WHERE name = $1', [name]);
  if (row === undefined) throw new Error(`Merchant ${name} can't be made`);
  return { id: row.id, isNew: made.length > 0 };
}

/** Whether the merchant's callbacks come to this service; a request may say otherwise. */
export async function setCallbacks(db: Queryable, merchantId: string, callbacks: 'gateway' | 'direct'): Promise<void> {
  await db.query('UPDATE merchants SET callbacks = $2 WHERE id = $1 AND callbacks <> $2', [merchantId, callbacks]);
}

/**
 * Makes or updates the account of this host and user name. New credentials or a new address end a pause: what made the provider
 * refuse us has been changed. An account that was retired is in service again.
 * @throws EnvelopeError when the stored secret was sealed with another DATA_KEY
 */
export async function putAccount(db: Queryable, envelope: SealedEnvelope, account: AccountInput, now: Date): Promise<string> {
  const { host, baseUrl, username, password } = account;
  const sealed = envelope.seal(Buffer.from(password), ACCOUNT_SECRET);
  const [made] = await db.query<{ id: string }>(
    `INSERT INTO provider_accounts (id, provider, host, base_url, username, secret, created_at)
     VALUES ($1, 'klarna', $2, $3, $4, $5, $6) ON CONFLICT (provider, host, username) DO NOTHING RETURNING id`,
    [randomUUID(), host, baseUrl, username, sealed, now],
  );
  if (made !== undefined) return made.id;
  // Not locked: every operation of the account refers to this row, and would wait for a process that starts.
  const [row] = await db.query<{ id: string; base_url: string; secret: Buffer; retired_at: Date | null }>(
    `SELECT id, base_url, secret, retired_at FROM provider_accounts WHERE provider = 'klarna' AND host = $1 AND username = $2`,
    [host, username],
  );
  if (row === undefined) throw new Error(`Provider account ${username} at ${host} can't be made`);
  const isOther = row.base_url !== baseUrl || envelope.open(row.secret, ACCOUNT_SECRET).toString('utf8') !== password;
  if (isOther || row.retired_at !== null) {
    await db.query(
      `UPDATE provider_accounts
       SET base_url = $2, secret = $3, paused_at = NULL, pause_reason = NULL, retired_at = NULL, successor_id = NULL WHERE id = $1`,
      [row.id, baseUrl, sealed],
    );
  }
  return row.id;
}

/** Says which account serves an API for a merchant from now on; what is pinned to another account stays there. */
export async function linkAccount(db: Queryable, merchantId: string, api: Api, accountId: string): Promise<void> {
  await db.query(
    `INSERT INTO merchant_provider_accounts (merchant_id, api, provider_account_id) VALUES ($1, $2, $3)
     ON CONFLICT (merchant_id, api) DO UPDATE SET provider_account_id = EXCLUDED.provider_account_id`,
    [merchantId, api, accountId],
  );
}

/** Makes a credential, or replaces the one with this id. @throws DatabaseError 23505 when another credential has the user name or key */
export async function putCredential(
  db: Queryable,
  envelope: SealedEnvelope,
  merchantId: string,
  input: CredentialInput,
  now: Date,
): Promise<string> {
  const { id = randomUUID(), secret, pendingAnswer = 202, keyRequired = false, limits = 'enforce' } = input;
  const username = secret.scheme === 'basic' ? secret.username : null;
  await db.query(
    `INSERT INTO api_credentials (id, merchant_id, scheme, username, secret_hash, pending_answer, key_required, limits, created_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
     ON CONFLICT (id) DO UPDATE SET username = EXCLUDED.username, secret_hash = EXCLUDED.secret_hash,
       pending_answer = EXCLUDED.pending_answer, key_required = EXCLUDED.key_required, limits = EXCLUDED.limits, revoked_at = NULL`,
    [id, merchantId, secret.scheme, username, secretHash(envelope, secret), pendingAnswer, keyRequired, limits, now],
  );
  return id;
}

/** Ends a credential; its callers notice within seconds. */
export async function revokeCredential(db: Queryable, id: string, now: Date): Promise<void> {
  await db.query('UPDATE api_credentials SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL', [id, now]);
}
