import { Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import { CheckoutClient } from '../klarna/checkout.client.js';
import type { OperationContext, OperationHandler, ReadResult, SendCall, SendResult, Success } from '../operations/handler.js';
import type { RecordedAnswer } from '../operations/operation.js';
import { Sending } from '../operations/sending.js';
import type { Transaction } from '../persistence/database.js';
import { CheckoutOrdersRepository } from '../persistence/repositories/checkout-orders.repository.js';
import { checkoutIn, factsInRequest } from './checkout-facts.js';
import { CheckoutKeeper } from './checkout-keeper.js';
import { createdAnswer } from './recorded-answers.js';

/**
 * Opens a checkout. After silence a caller opens another one; only the one whose snippet the shopper saw can be completed, and the other
 * lapses at Klarna by itself.
 * @see Checkout API v3, `POST /checkout/v3/orders`
 */
@Injectable()
export class CreateCheckoutHandler implements OperationHandler {
  readonly kind = 'checkout.create-order';

  constructor(
    private readonly sending: Sending,
    private readonly client: CheckoutClient,
    private readonly keeper: CheckoutKeeper,
    private readonly checkouts: CheckoutOrdersRepository,
    private readonly clock: Clock,
  ) {}

  send(call: SendCall): Promise<SendResult> {
    return this.sending.send(call, (account, extras) => this.client.create(account, extras));
  }

  /** Klarna can't list checkouts: one whose answer got lost can't be found. */
  read(): Promise<ReadResult> {
    return Promise.resolve({ finding: 'unreadable', providerId: null, answer: null, data: { checkout: 'not-listed' } });
  }

  answerFor(_operation: OperationContext, providerId: string | null): RecordedAnswer {
    return createdAnswer(providerId);
  }

  async succeeded(tx: Transaction, operation: OperationContext, { answer, providerId, at }: Success): Promise<void> {
    if (providerId === null) return;
    const shown = checkoutIn(answer, at);
    const { merchantId, providerAccountId, dataSubject, id: operationId } = operation;
    const facts = shown?.facts ?? factsInRequest(operation.body, at);
    await this.keeper.keep(tx, { merchantId, providerAccountId, providerOrderId: providerId, dataSubject, operationId, facts, at }, shown);
  }

  lives(operationId: string): Promise<boolean> {
    return this.checkouts.lives(operationId, this.clock.now());
  }
}
