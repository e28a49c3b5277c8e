import type { Api } from '../klarna/api.js';
import type { Queryable } from '../persistence/database.js';
import { COMPLETE } from '../persistence/repositories/checkout-orders.repository.js';
import { OVER } from '../persistence/repositories/stored-order.js';
import type { SealedEnvelope } from '../persistence/sealed-envelope.js';
import { ACCOUNT_SECRET } from './merchant-rows.js';

/** An account that the configuration does not name, and what is not over there. */
export interface UnnamedAccount {
  id: string;
  host: string;
  username: string;
  /** What needs its credentials, by its name; nothing of which there is none. */
  open: OpenThings[];
  /** Tokens that were made with it, whatever became of them: only Klarna ends them, and no read tells us. */
  customerTokens: number;
}

interface OpenThings {
  /** One of them: `order`. */
  what: string;
  count: number;
}

/** Which account serves an API from now on. */
export interface LinkedApi {
  api: Api;
  host: string;
  username: string;
  accountId: string;
}

/** Klarna may be read a moment after an authorization ends; until then it counts as open. */
const READ_AFTER_EXPIRY = "interval '1 day'";
/** So long Klarna keeps a payment session (and so its page) at most, where it did not say until when. */
const SESSION_LIFETIME = "interval '48 hours'";

/** What can be open at an account: a name, its table, and when a row of it still needs the account. `$4` is now, `$5` the states of orders that are over. */
const KINDS: readonly { what: string; table: string; isOpen: string }[] = [
  {
    // Something can still be captured, as far as was last read.
    what: 'order',
    table: 'orders',
    isOpen: `each.anomaly IS DISTINCT FROM 'NO_SUCH_ORDER_AT_PROVIDER'
       AND (each.status IS NULL
            OR (each.status <> ALL ($5::text[]) AND each.remaining_authorized_amount IS DISTINCT FROM 0
                AND (each.expires_at IS NULL OR each.expires_at > $4::timestamptz - ${READ_AFTER_EXPIRY})))`,
  },
  // Those that wait for a person included.
  { what: 'operation', table: 'operations', isOpen: 'each.finished_at IS NULL' },
  {
    what: 'checkout',
    table: 'checkout_orders',
    isOpen: `each.status <> '${COMPLETE}' AND each.gone_at IS NULL AND each.expires_at > $4`,
  },
  {
    what: 'payment session',
    table: 'payment_sessions',
    isOpen: `lower(each.status) <> 'complete' AND coalesce(each.expires_at, each.updated_at + ${SESSION_LIFETIME}) > $4`,
  },
  {
    what: 'hosted page',
    table: 'hosted_pages',
    isOpen: `(each.status IS NULL OR each.status NOT IN ('COMPLETED', 'CANCELLED', 'DISABLED', 'TIMEOUT'))
       AND coalesce(each.expires_at, each.created_at + ${SESSION_LIFETIME}) > $4`,
  },
];

/**
 * Accounts that the configuration doesn't name, that serve no API any more and that are not retired yet, with what is still open at them.
 * Those at which another merchant has something are that merchant's matter.
 * @param named pairs of host and user name
 */
export async function unnamedAccounts(
  db: Queryable,
  merchantId: string,
  named: readonly { host: string; username: string }[],
  now: Date,
): Promise<UnnamedAccount[]> {
  const counts = KINDS.map(
    ({ table, isOpen }) => `(SELECT count(*)::int FROM ${table} each WHERE each.provider_account_id = a.id AND ${isOpen})`,
  );
  const ofAnother = [
    'SELECT FROM orders each WHERE each.provider_account_id = a.id AND each.merchant_id <> $1',
    'SELECT FROM customer_tokens each WHERE each.provider_account_id = a.id AND each.merchant_id <> $1',
    ...KINDS.map(
      ({ table, isOpen }) => `SELECT FROM ${table} each WHERE each.provider_account_id = a.id AND each.merchant_id <> $1 AND ${isOpen}`,
    ),
  ];
  const rows = await db.query<Pick<UnnamedAccount, 'id' | 'host' | 'username' | 'customerTokens'> & { counts: number[] }>(
    `SELECT a.id, a.host, a.username, ARRAY[${counts.join(', ')}] AS counts,
            (SELECT count(*)::int FROM customer_tokens t WHERE t.provider_account_id = a.id) AS "customerTokens"
       FROM provider_accounts a
      WHERE a.retired_at IS NULL
        AND NOT EXISTS (SELECT FROM unnest($2::text[], $3::text[]) AS named (host, username)
                         WHERE named.host = a.host AND named.username = a.username)
        AND NOT EXISTS (SELECT FROM merchant_provider_accounts l WHERE l.provider_account_id = a.id)
        ${ofAnother.map((query) => `AND NOT EXISTS (${query})`).join('\n        ')}
      ORDER BY a.host, a.username`,
    [merchantId, named.map(({ host }) => host), named.map(({ username }) => username), now, OVER],
  );
  return rows.map(({ counts: found, ...account }) => ({
    ...account,
    open: KINDS.map(({ what }, index) => ({ what, count: found[index] ?? 0 })).filter(({ count }) => count > 0),
  }));
}

/**
 * Takes an account out of service: its password is forgotten, and what is pinned to it (refunds are possible for years) goes on with the
 * credentials that serve its host now. Klarna's orders belong to the merchant's id there, not to a key.
 * @param links the accounts in service; Order Management's comes first, if it is at this host
 * @returns the id of the account whose credentials serve what is pinned to this one; null: none is left at its host
 */
export async function retire(
  db: Queryable,
  envelope: SealedEnvelope,
  account: UnnamedAccount,
  links: readonly LinkedApi[],
  now: Date,
): Promise<string | null> {
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
  return successor;
}
