import { Injectable } from '@nestjs/common';
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
}

/** The provider's accounts with their open credentials. */
@Injectable()
export class ProviderAccounts {
  readonly #remembered = new ShortMemory<ProviderAccount>(REMEMBERED_MS, REMEMBERED_ACCOUNTS);

  constructor(
    private readonly database: Database,
    private readonly envelope: SealedEnvelope,
  ) {}

  /**
   * The account that an order, a session or an operation is pinned to.
   * @throws Error when there is none, EnvelopeError when its secret was sealed with another DATA_KEY, DatabaseUnavailable
   */
  byId(id: string): Promise<ProviderAccount> {
    return this.#remembered.get(id, async () => {
      const [row] = await this.database.query<AccountRow>(
        'SELECT id, provider, host, base_url, username, secret FROM provider_accounts WHERE id = $1',
        [id],
      );
      if (row === undefined) throw new Error(`Provider account ${id} does not exist`);
      const { base_url: baseUrl, secret, ...rest } = row;
      return { ...rest, baseUrl, password: this.envelope.open(secret, ACCOUNT_SECRET).toString('utf8') };
    });
  }
}
