import { Injectable } from '@nestjs/common';
import type { PaymentsExtras } from '../klarna/call-extras.js';
import type { KlarnaAccount, KlarnaVerdict } from '../klarna/exchange.js';
import type { ProviderAccount } from '../merchants/caller.js';
import { ProviderAccounts } from '../merchants/provider-accounts.js';
import type { OperationContext, SendCall, SendResult } from '../operations/handler.js';

/** The one call of every Payments handler. */
@Injectable()
export class Sending {
  constructor(private readonly accounts: ProviderAccounts) {}

  /** Sends once, with the operation's account. Never throws: what could not be sent certainly did not happen. */
  async send(call: SendCall, write: (account: KlarnaAccount, extras: PaymentsExtras) => Promise<KlarnaVerdict>): Promise<SendResult> {
    let account: ProviderAccount;
    try {
      account = await this.accounts.byId(call.providerAccountId);
    } catch (error) {
      return notSent(`The provider account could not be read: ${(error as Error).message}`);
    }
    return write(account, { by: call.by, body: call.body, headers: call.passedHeaders, maySend: call.maySend });
  }
}

/** A path parameter of the operation. */
export function targetOf({ id, target }: Pick<OperationContext, 'id' | 'target'>, name: 'sessionId' | 'authorizationToken'): string {
  const value = target[name];
  if (value === undefined) throw new Error(`Operation ${id} has no ${name}`);
  return value;
}

function notSent(reason: string): SendResult {
  const nothing = { answer: null, providerId: null, garbled: false, correlationId: null, retryAfterMs: null };
  return { ...nothing, outcome: 'retry', code: 'NOT_SENT', reason };
}
