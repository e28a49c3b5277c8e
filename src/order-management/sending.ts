import { Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import type { BodilessExtras, OrderAge } from '../klarna/call-extras.js';
import type { KlarnaAccount, KlarnaVerdict } from '../klarna/exchange.js';
import { isYoungOrder } from '../klarna/verdict.js';
import type { ProviderAccount } from '../merchants/caller.js';
import { ProviderAccounts } from '../merchants/provider-accounts.js';
import type { SendCall, SendResult } from '../operations/handler.js';

type Write = (account: KlarnaAccount, orderId: string, extras: BodilessExtras & OrderAge) => Promise<KlarnaVerdict>;

/** The one call of every Order Management handler. */
@Injectable()
export class Sending {
  constructor(
    private readonly accounts: ProviderAccounts,
    private readonly clock: Clock,
  ) {}

  /** Sends once, with the order's account. Never throws: what could not be sent certainly did not happen. */
  async send(call: SendCall, write: Write): Promise<SendResult> {
    let account: ProviderAccount;
    try {
      account = await this.accounts.byId(call.providerAccountId);
    } catch (error) {
      return notSent(`The provider account could not be read: ${(error as Error).message}`);
    }
    const { by, providerKey, passedHeaders, maySend, orderCreatedAt } = call;
    const youngOrder = isYoungOrder(orderCreatedAt, this.clock.now());
    return write(account, orderIdOf(call), { by, idempotencyKey: providerKey, headers: passedHeaders, maySend, youngOrder });
  }
}

/** The provider's order id that an operation is for. */
export function orderIdOf({ id, target }: Pick<SendCall, 'id' | 'target'>): string {
  const { orderId } = target;
  if (orderId === undefined) throw new Error(`Operation ${id} names no order`);
  return orderId;
}

function notSent(reason: string): SendResult {
  const nothing = { answer: null, providerId: null, garbled: false, correlationId: null, retryAfterMs: null };
  return { ...nothing, outcome: 'retry', code: 'NOT_SENT', reason };
}
