import { Injectable } from '@nestjs/common';
import type { Api } from '../klarna/api.js';
import { Database } from '../persistence/database.js';
import { SealedEnvelope } from '../persistence/sealed-envelope.js';
import type { ProviderAccount } from './caller.js';
import { ACCOUNT_SECRET } from './merchant-rows.js';
import { ShortMemory } from './short-memory.js';

const REMEMBERED_MS = 5_000;
const REMEMBERED_ACCOUNTS = 1_000;

interface AccountRow {
  id: string;
  provider: 'klarna';
  host: string;
  base_url: string;
  username: string;
  secret: Buffer;
  usable: boolean;
}

/**
 * The account was rotated out of the configuration, and nothing is configured at its host any more: there are no credentials for what was
 * made with it. Nothing was sent.
 */
export class AccountRetired extends Error {
  constructor({ host, username }: Pick<AccountRow, 'host' | 'username'>) {
    super(`The credentials ${username} at ${host} were removed from the configuration`);
    this.name = 'AccountRetired';
  }
}

/** The provider's accounts with their open credentials. */
@Injectable()
export class ProviderAccounts {
  readonly #remembered = new ShortMemory<ProviderAccount>(REMEMBERED_MS, REMEMBERED_ACCOUNTS);

  constructor(
    private readonly database: Database,
    private readonly envelope: SealedEnvelope,
  ) {}

  /** The account of each API that a merchant uses today. @throws Error when it has none */
  async ofMerchant(merchantId: string): Promise<Readonly<Record<Api, string>>> {
    const [row] = await this.database.query<{ accounts: Record<Api, string> | null }>(
      'SELECT jsonb_object_agg(api, provider_account_id) AS accounts FROM merchant_provider_accounts WHERE merchant_id = $1',
      [merchantId],
    );
    if (row === undefined || row.accounts === null) throw new Error(`Merchant ${merchantId} has no provider accounts`);
    return row.accounts;
  }

  /**
   * The account that an order, a session or an operation is pinned to. A retired one has the credentials of its successor.
   * @throws AccountRetired when it has none, Error when there is no such account, EnvelopeError when its secret was sealed with another DATA_KEY, DatabaseUnavailable
   */
  byId(id: string): Promise<ProviderAccount> {
    return this.#remembered.get(id, async () => {
      const [row] = await this.database.query<AccountRow>(
        `SELECT a.id, a.provider, used.host, used.base_url, used.username, used.secret, used.retired_at IS NULL AS usable
           FROM provider_accounts a JOIN provider_accounts used ON used.id = COALESCE(a.successor_id, a.id) WHERE a.id = $1`,
        [id],
      );
      if (row === undefined) throw new Error(`Provider account ${id} does not exist`);
      const { base_url: baseUrl, secret, usable, ...rest } = row;
      if (!usable) throw new AccountRetired(rest);
      return { ...rest, baseUrl, password: this.envelope.open(secret, ACCOUNT_SECRET).toString('utf8') };
    });
  }
}
