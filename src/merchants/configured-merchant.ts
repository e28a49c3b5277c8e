import { Injectable, Logger } from '@nestjs/common';
import { v5 as uuidv5 } from 'uuid';
import { Clock } from '../clock/clock.js';
import { ConfigurationError } from '../config/configuration-error.js';
import { hostIdentity } from '../config/provider-host.js';
import { Settings, type KlarnaApi, type KlarnaEndpoint } from '../config/settings.js';
import { Database, type Transaction } from '../persistence/database.js';
import { EnvelopeError, SealedEnvelope } from '../persistence/sealed-envelope.js';
import { APIS, type Api } from '../klarna/api.js';
import { type LinkedApi, retire, type UnnamedAccount, unnamedAccounts } from './former-accounts.js';
import { linkAccount, putAccount, putCredential, putMerchant, revokeCredential, setCallbacks, type AccountInput } from './merchant-rows.js';

/** Taken by every process that starts, so that two of them do not configure at once. */
const CONFIGURING = 1_795_000_100;
const KLARNA_API: Record<Api, KlarnaApi> = {
  payments: 'payments',
  'customer-token': 'customerToken',
  checkout: 'checkout',
  'order-management': 'orderManagement',
  'hosted-payment-page': 'hostedPaymentPage',
};

interface LinkedAccount {
  host: string;
  username: string;
  apis: string[];
}

/**
 * Brings the database in line with the configuration at the start: the merchant, its credentials, its provider accounts. Refuses when
 * the database was made with another account or host, because then everything in it that is still open would be sent to the wrong
 * place: a copy of production started against the playground, or the reverse.
 */
@Injectable()
export class ConfiguredMerchant {
  readonly #logger = new Logger(ConfiguredMerchant.name);

  constructor(
    private readonly settings: Settings,
    private readonly database: Database,
    private readonly envelope: SealedEnvelope,
    private readonly clock: Clock,
  ) {}

  /**
   * @returns the merchant's id
   * @throws ConfigurationError that names what is stored, what is configured and what to do
   */
  async put(): Promise<string> {
    try {
      return await this.database.transaction(async (tx) => {
        await tx.query('SELECT pg_advisory_xact_lock($1)', [CONFIGURING]);
        return await this.#put(tx);
      });
    } catch (error) {
      throw this.#explained(error);
    }
  }

  async #put(tx: Transaction): Promise<string> {
    const now = this.clock.now();
    const name = this.settings.apiCredentials.username;
    const merchant = await putMerchant(tx, name, now);
    await setCallbacks(tx, merchant.id, this.settings.callbacks);
    if (merchant.isNew) await this.#checkDatabase(tx, name);
    else await this.#checkMoves(tx, merchant.id, name);

    await this.#renewFormerAccounts(tx, now);
    const links: LinkedApi[] = [];
    for (const api of APIS) {
      const account = accountOf(this.#endpoint(api));
      const accountId = await putAccount(tx, this.envelope, account, now);
      await linkAccount(tx, merchant.id, api, accountId);
      links.push({ api, host: account.host, username: account.username, accountId });
    }
    await this.#retireAccounts(tx, merchant.id, links, now);
    await this.#putCredentials(tx, merchant.id, now);
    if (merchant.isNew) this.#logger.log(`Merchant ${name} was added`);
    return merchant.id;
  }

  /** Rotated credentials: their accounts stay as they are, with the password that is configured now. Unknown ones mean nothing here. */
  async #renewFormerAccounts(tx: Transaction, now: Date): Promise<void> {
    for (const former of this.#formerAccounts()) {
      const known = await tx.query('SELECT FROM provider_accounts WHERE host = $1 AND username = $2', [former.host, former.username]);
      if (known.length > 0) await putAccount(tx, this.envelope, former, now);
    }
  }

  /** What the configuration names no more is retired; not while anything there can still need its credentials. */
  async #retireAccounts(tx: Transaction, merchantId: string, links: readonly LinkedApi[], now: Date): Promise<void> {
    const unnamed = await unnamedAccounts(tx, merchantId, this.#named(), now);
    const problems = unnamed
      .filter(({ open }) => open.length > 0)
      .map(
        (account) =>
          `${nameOf(account)} still has ${account.open.map(({ count, what }) => amountOf(count, what)).join(', ')} open, but the ` +
          `configuration no longer names it. If the credentials were rotated, add ${this.#pairOf(account)} to ` +
          'KLARNA_PREVIOUS_CREDENTIALS until nothing is (GET /orders?status=AUTHORIZED, GET /operations; checkouts, sessions and pages end ' +
          'by themselves within 48 hours); else use the database that belongs to the configured account.',
      );
    if (problems.length > 0) throw new ConfigurationError(problems);
    for (const account of unnamed) {
      const successor = await retire(tx, this.envelope, account, links, now);
      this.#logger.log(`${nameOf(account)} is retired: the configuration no longer names it, and nothing is open there`);
      if (account.customerTokens > 0)
        this.#logger.warn(
          tokensHandedOn(
            account,
            links.find(({ accountId }) => accountId === successor),
          ),
        );
    }
  }

  async #putCredentials(tx: Transaction, merchantId: string, now: Date): Promise<void> {
    const { apiCredentials, apiKey, apiPendingAnswer, apiKeyRequired, apiLimits } = this.settings;
    const answers = { pendingAnswer: apiPendingAnswer === '503' ? 503 : 202, keyRequired: apiKeyRequired, limits: apiLimits } as const;
    // Ids made from the merchant's: a changed password or key replaces the old one, and credentials added otherwise stay.
    const basic = uuidv5('configured basic', merchantId);
    await putCredential(tx, this.envelope, merchantId, { id: basic, secret: { scheme: 'basic', ...apiCredentials }, ...answers }, now);
    const bearer = uuidv5('configured bearer', merchantId);
    if (apiKey === undefined) await revokeCredential(tx, bearer, now);
    else await putCredential(tx, this.envelope, merchantId, { id: bearer, secret: { scheme: 'bearer', key: apiKey }, ...answers }, now);
  }

  /**
   * An API may move to another account at a host that is configured, or from one that stays named. (Whether the account that it leaves may
   * go is looked at afterwards.) A host that nobody names any more is another place.
   */
  async #checkMoves(tx: Transaction, merchantId: string, name: string): Promise<void> {
    const linked = await tx.query<LinkedAccount>(
      `SELECT a.host, a.username, array_agg(l.api ORDER BY l.api) AS apis
         FROM merchant_provider_accounts l JOIN provider_accounts a ON a.id = l.provider_account_id
        WHERE l.merchant_id = $1 GROUP BY a.host, a.username ORDER BY a.host, a.username`,
      [merchantId],
    );
    const hosts = new Set(this.#named().map(({ host }) => host));
    const problems = linked
      .filter(({ host }) => !hosts.has(host))
      .map(({ host, username, apis }) => {
        const wanted = apis.filter(isApi).map((api) => `${this.#endpoint(api).hostIdentity} as ${this.#endpoint(api).username}`);
        return (
          `The database's merchant ${name} uses Klarna's ${apis.join(', ')} at ${host} as ${username}, but the configuration says ` +
          `${[...new Set(wanted)].join(' and ')}. Use another database (DATABASE_URL, or DATA_DIR when embedded), or correct ` +
          'KLARNA_BASE_URL: what is still open in this one would be sent to the wrong place. If the merchant itself has moved, add ' +
          `${this.#pairOf({ host, username })} to KLARNA_PREVIOUS_CREDENTIALS.`
        );
      });
    if (problems.length > 0) throw new ConfigurationError(problems);
  }

  /** A merchant that this database has never seen: is it a database of this place at all? */
  async #checkDatabase(tx: Transaction, name: string): Promise<void> {
    const stored = await tx.query<{ host: string; username: string }>(
      'SELECT host, username FROM provider_accounts ORDER BY host, username',
    );
    const configured = APIS.map((api) => this.#endpoint(api));
    const known = stored.length === 0 || stored.some(({ host }) => configured.some(({ hostIdentity }) => hostIdentity === host));
    if (known) return;
    const accounts = stored.map(({ host, username }) => `${host} as ${username}`).join(', ');
    const wanted = [...new Set(configured.map(({ hostIdentity, username }) => `${hostIdentity} as ${username}`))].join(', ');
    throw new ConfigurationError([
      `The database belongs to Klarna accounts at ${accounts}, but the configuration (merchant ${name}) says ${wanted}. ` +
        'Use another database (DATABASE_URL, or DATA_DIR when embedded), or correct KLARNA_BASE_URL.',
    ]);
  }

  /** Rotated accounts that the configuration still names, not those in use; one without a host is looked for at every configured one. */
  #formerAccounts(): AccountInput[] {
    const inUse = APIS.map((api) => accountOf(this.#endpoint(api)));
    const former = this.settings.klarnaPrevious.flatMap(({ username, password, baseUrl }) =>
      baseUrl === undefined
        ? inUse.map((account) => ({ ...account, username, password }))
        : [{ host: hostIdentity(baseUrl), baseUrl, username, password }],
    );
    return former.filter((one) => !inUse.some(({ host, username }) => host === one.host && username === one.username));
  }

  #named(): AccountInput[] {
    return [...APIS.map((api) => accountOf(this.#endpoint(api))), ...this.#formerAccounts()];
  }

  /** As it stands in KLARNA_PREVIOUS_CREDENTIALS. */
  #pairOf({ host, username }: { host: string; username: string }): string {
    const isInUse = APIS.some((api) => this.#endpoint(api).hostIdentity === host);
    return `${username}:<password>${isInUse ? '' : `@https://${host}`}`;
  }

  #endpoint(api: Api): KlarnaEndpoint {
    return this.settings.klarna(KLARNA_API[api]);
  }

  #explained(error: unknown): unknown {
    if (error instanceof EnvelopeError) {
      return new ConfigurationError([
        `DATA_KEY does not open what this database has stored: ${error.message}. Start with the key it was made with.`,
      ]);
    }
    if ((error as { code?: unknown }).code === '23505') {
      return new ConfigurationError(['API_USERNAME or API_KEY already belongs to another merchant of this database; choose another.']);
    }
    return error;
  }
}

/** The database may be shared with a version that knows more APIs. */
function isApi(api: string): api is Api {
  return (APIS as readonly string[]).includes(api);
}

function accountOf({ hostIdentity, baseUrl, username, password }: KlarnaEndpoint): AccountInput {
  return { host: hostIdentity, baseUrl, username, password };
}

function nameOf({ host, username }: { host: string; username: string }): string {
  return `Klarna's account ${username} at ${host}`;
}

/** Tokens live for ever, so they can't be waited for. */
function tokensHandedOn(account: UnnamedAccount, successor: LinkedApi | undefined): string {
  const tokens = `${amountOf(account.customerTokens, 'customer token')} made with ${nameOf(account)}`;
  if (successor === undefined) return `${tokens} can not be charged from here on: nothing is configured at that host any more`;
  return (
    `${tokens}: from here on charged with the credentials of ${successor.username}, which works only when both belong to the same merchant ` +
    'at Klarna. If they do not, name the old ones in KLARNA_PREVIOUS_CREDENTIALS again'
  );
}

function amountOf(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
