import { Injectable, Logger } from '@nestjs/common';
import { v5 as uuidv5 } from 'uuid';
import { Clock } from '../clock/clock.js';
import { ConfigurationError } from '../config/configuration-error.js';
import { Settings, type KlarnaApi, type KlarnaEndpoint } from '../config/settings.js';
import { Database, type Transaction } from '../persistence/database.js';
import { EnvelopeError, SealedEnvelope } from '../persistence/sealed-envelope.js';
import { APIS, type Api } from '../klarna/api.js';
import { linkAccount, putAccount, putCredential, putMerchant, revokeCredential, type AccountInput } from './merchant-rows.js';

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
  api: Api;
  host: string;
  username: string;
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
    await (merchant.isNew ? this.#checkDatabase(tx, name) : this.#checkMerchant(tx, merchant.id, name));

    for (const api of APIS) {
      const endpoint = this.#endpoint(api);
      const previous = this.settings.klarnaPrevious;
      if (previous !== undefined) await putAccount(tx, this.envelope, accountOf({ ...endpoint, ...previous }), now);
      await linkAccount(tx, merchant.id, api, await putAccount(tx, this.envelope, accountOf(endpoint), now));
    }
    await this.#putCredentials(tx, merchant.id, now);
    if (merchant.isNew) this.#logger.log(`Merchant ${name} was added`);
    return merchant.id;
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

  async #checkMerchant(tx: Transaction, merchantId: string, name: string): Promise<void> {
    const linked = await tx.query<LinkedAccount>(
      `SELECT l.api, a.host, a.username FROM merchant_provider_accounts l JOIN provider_accounts a ON a.id = l.provider_account_id
        WHERE l.merchant_id = $1 ORDER BY l.api`,
      [merchantId],
    );
    const problems = linked.filter(({ api }) => isApi(api)).flatMap((stored) => this.#difference(name, stored));
    if (problems.length > 0) throw new ConfigurationError(problems);
  }

  #difference(name: string, { api, host, username }: LinkedAccount): string[] {
    const configured = this.#endpoint(api);
    const rotated = this.settings.klarnaPrevious?.username === username;
    if (configured.hostIdentity === host && (configured.username === username || rotated)) return [];
    const stored = `The database's merchant ${name} uses Klarna's ${api} at ${host} as ${username}`;
    const now = `the configuration says ${configured.hostIdentity} as ${configured.username}`;
    const remedy =
      configured.hostIdentity === host
        ? `If the credentials were rotated, set KLARNA_PREVIOUS_USERNAME=${username} and KLARNA_PREVIOUS_PASSWORD; else use the database that belongs to this account`
        : 'Use another database (DATABASE_URL, or DATA_DIR when embedded), or correct KLARNA_BASE_URL: what is still open in this one would be sent to the wrong place';
    return [`${stored}, but ${now}. ${remedy}.`];
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
