import type { Api } from '../klarna/api.js';
import type { Queryable } from '../persistence/database.js';
import { OVER } from '../persistence/repositories/stored-order.js';
import type { SealedEnvelope } from '../persistence/sealed-envelope.js';
import { ACCOUNT_SECRET } from './merchant-rows.js';

/** An account that the configuration does not name, and what is not over there. */
export interface UnnamedAccount {
  id: string;
  host: string;
  username: string;
  /** Orders of which something can still be captured, as far as was last read. */
  orders: number;
  /** Operations that have not ended, those that wait for a person included. */
  operations: number;
}

/** Which account serves an API from now on. */
export interface LinkedApi {
  api: Api;
  host: string;
  accountId: string;
}

/** Klarna may be read a moment after an authorization ends; until then it counts as open. */
const READ_AFTER_EXPIRY = "interval '1 day'";

/**
 * Accounts that the configuration doesn't name, that serve no API any more and that are not retired yet, with what is still open at them.
 * Those at which another merchant has something are that merchant's matter.
 * @param named pairs of host and user name
 */
export function unnamedAccounts(
  db: Queryable,
  merchantId: string,
  named: readonly { host: string; username: string }[],
  now: Date,
): Promise<UnnamedAccount[]> {
  return db.query<UnnamedAccount>(
    `SELECT a.id, a.host, a.username,
            (SELECT count(*)::int FROM orders o
              WHERE o.provider_account_id = a.id AND o.anomaly IS DISTINCT FROM 'NO_SUCH_ORDER_AT_PROVIDER'
                AND (o.status IS NULL
                     OR (o.status <> ALL ($5::text[]) AND o.remaining_authorized_amount IS DISTINCT FROM 0
                         AND (o.expires_at IS NULL OR o.expires_at > $4::timestamptz - ${READ_AFTER_EXPIRY})))) AS orders,
            (SELECT count(*)::int FROM operations p WHERE p.provider_account_id = a.id AND p.finished_at IS NULL) AS operations
       FROM provider_accounts a
      WHERE a.retired_at IS NULL
        AND NOT EXISTS (SELECT FROM unnest($2::text[], $3::text[]) AS named (host, username)
                         WHERE named.host = a.host AND named.username = a.username)
        AND NOT EXISTS (SELECT FROM merchant_provider_accounts l WHERE l.provider_account_id = a.id)
        AND NOT EXISTS (SELECT FROM orders o WHERE o.provider_account_id = a.id AND o.merchant_id <> $1)
        AND NOT EXISTS (SELECT FROM operations p WHERE p.provider_account_id = a.id AND p.merchant_id <> $1 AND p.finished_at IS NULL)
      ORDER BY a.host, a.username`,
    [merchantId, named.map(({ host }) => host), named.map(({ username }) => username), now, OVER],
  );
}

/**
 * Takes an account out of service: its password is forgotten, and what is pinned to it (refunds are possible for years) goes on with the
 * credentials that serve its host now. Klarna's orders belong to the merchant's id there, not to a key.
 * @param links the accounts in service; Order Management's comes first, if it is at this host
 */
export async function retire(
  db: Queryable,
  envelope: SealedEnvelope,
  account: UnnamedAccount,
  links: readonly LinkedApi[],
  now: Date,
): Promise<void> {
  const there = links.filter(({ host }) => host === account.host);
  const successor = (there.find(({ api }) => api === 'order-management') ?? there[0])?.accountId ?? null;
  await db.query('UPDATE provider_accounts SET retired_at = $2, successor_id = $3, secret = $4 WHERE id = $1', [
    account.id,
    now,
    successor,
    envelope.seal(Buffer.alloc(0), ACCOUNT_SECRET),
  ]);
  // Whom this one stood in for, its own successor does now.
  await db.query('UPDATE provider_accounts SET successor_id = $2 WHERE successor_id = $1', [account.id, successor]);
}
