import { Injectable } from '@nestjs/common';
import type { CallExtras } from '../klarna/call-extras.js';
import type { ProviderAccount } from '../merchants/caller.js';
import { AccountRetired, ProviderAccounts } from '../merchants/provider-accounts.js';
import type { OperationContext, SendCall, SendResult } from './handler.js';
import { policyOf } from './kinds.js';

/** The one call of every handler. */
@Injectable()
export class Sending {
  constructor(private readonly accounts: ProviderAccounts) {}

  /** Sends once, with the operation's account. Never throws: what could not be sent certainly did not happen. */
  async send(call: SendCall, write: (account: ProviderAccount, extras: CallExtras) => Promise<SendResult>): Promise<SendResult> {
    let account: ProviderAccount;
    try {
      account = await this.accounts.byId(call.providerAccountId);
    } catch (error) {
      if (error instanceof AccountRetired) return notSent('configuration', 'ACCOUNT_RETIRED', error.message);
      return notSent('retry', 'NOT_SENT', `The provider account could not be read: ${(error as Error).message}`);
    }
    const { by, body, providerKey, passedHeaders, maySend } = call;
    const result = await write(account, { by, body, idempotencyKey: providerKey, headers: passedHeaders, maySend });
    return policyOf(call.kind).secretId === true ? { ...result, providerId: null } : result;
  }
}

/** A path parameter of an operation, for instance `orderId` or `authorizationToken`. @throws Error when its kind has none of this name */
export function targetOf({ id, target }: Pick<OperationContext, 'id' | 'target'>, name: string): string {
  const value = target[name];
  if (value === undefined) throw new Error(`Operation ${id} has no ${name}`);
  return value;
}

function notSent(outcome: 'configuration' | 'retry', code: string, reason: string): SendResult {
  return { outcome, answer: null, providerId: null, garbled: false, code, reason, correlationId: null, retryAfterMs: null };
}
