import type { Clock } from '../clock/clock.js';
import type { Database } from '../persistence/database.js';
import type { SealedEnvelope } from '../persistence/sealed-envelope.js';
import { APIS, type Api } from '../klarna/api.js';
import {
  linkAccount,
  putAccount,
  putCredential,
  putMerchant,
  setCallbacks,
  type AccountInput,
  type CredentialInput,
} from './merchant-rows.js';

export interface NewMerchant {
  name: string;
  /** By default through this service. */
  callbacks?: 'gateway' | 'direct';
  credentials: readonly Omit<CredentialInput, 'id'>[];
  /** One account for every API, or one for each; an API that is not named uses that of Payments. */
  accounts: AccountInput | Readonly<Partial<Record<Api, AccountInput>> & { payments: AccountInput }>;
}

export interface CreatedMerchant {
  merchantId: string;
  /** In the order of `credentials`. */
  credentialIds: string[];
  accountIds: Record<Api, string>;
}

/**
 * Adds a merchant beside the configured one, or further credentials to a merchant of this name.
 * @throws DatabaseError 23505 when a user name or a key is taken
 */
export function createMerchant(
  { database, envelope, clock }: { database: Database; envelope: SealedEnvelope; clock: Clock },
  merchant: NewMerchant,
): Promise<CreatedMerchant> {
  const now = clock.now();
  return database.transaction(async (tx) => {
    const { id: merchantId } = await putMerchant(tx, merchant.name, now);
    await setCallbacks(tx, merchantId, merchant.callbacks ?? 'gateway');
    const accountIds = {} as Record<Api, string>;
    for (const api of APIS) {
      const account = 'host' in merchant.accounts ? merchant.accounts : (merchant.accounts[api] ?? merchant.accounts.payments);
      accountIds[api] = await putAccount(tx, envelope, account, now);
      await linkAccount(tx, merchantId, api, accountIds[api]);
    }
    const credentialIds: string[] = [];
    for (const credential of merchant.credentials) credentialIds.push(await putCredential(tx, envelope, merchantId, credential, now));
    return { merchantId, credentialIds, accountIds };
  });
}
