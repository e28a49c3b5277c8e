import { Injectable } from '@nestjs/common';
import { HostedPaymentPageClient } from '../klarna/hosted-payment-page.client.js';
import type { OperationContext, OperationHandler, ReadResult, SendCall, SendResult, Success } from '../operations/handler.js';
import type { RecordedAnswer } from '../operations/operation.js';
import { Sending, targetOf } from '../operations/sending.js';
import { bareAnswer } from '../operations/recorded-answers.js';
import type { Transaction } from '../persistence/database.js';
import { adoptedBy, HostedPagesRepository } from './hosted-pages.repository.js';

/** Has Klarna send the shopper the link to a page, by SMS or mail: once per request, because each call is a message of its own. */
@Injectable()
export class DistributePageHandler implements OperationHandler {
  readonly kind = 'hosted-payment-page.distribute';

  constructor(
    private readonly sending: Sending,
    private readonly client: HostedPaymentPageClient,
    private readonly pages: HostedPagesRepository,
  ) {}

  send(call: SendCall): Promise<SendResult> {
    return this.sending.send(call, (account, extras) => this.client.distribute(account, targetOf(call, 'pageId'), extras));
  }

  /** Klarna does not show what was sent. */
  read(): Promise<ReadResult> {
    return Promise.resolve({ finding: 'unreadable', providerId: null, answer: null, data: { distribution: 'not-shown' } });
  }

  answerFor(): RecordedAnswer {
    return bareAnswer(204);
  }

  /** Nothing of the page changes; one that we did not know is the caller's from here on. */
  async succeeded(tx: Transaction, operation: OperationContext, { at }: Success): Promise<void> {
    await this.pages.insert(tx, adoptedBy(operation, targetOf(operation, 'pageId'), at));
  }
}
