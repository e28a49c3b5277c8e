import { Injectable } from '@nestjs/common';
import { membersIn } from '../http/members.js';
import { canonicalId } from '../http/resource-id.js';
import { HostedPaymentPageClient } from '../klarna/hosted-payment-page.client.js';
import type { OperationContext, OperationHandler, ReadResult, SendCall, SendResult, Success } from '../operations/handler.js';
import type { RecordedAnswer } from '../operations/operation.js';
import { Sending } from '../operations/sending.js';
import { foundAnswer } from '../operations/recorded-answers.js';
import type { Transaction } from '../persistence/database.js';
import { HostedPagesRepository } from './hosted-pages.repository.js';
import { WAITING } from './page-facts.js';
import { purchaseIn } from './purchase-url.js';

/** Makes a page. One whose answer got lost is lost with it: a second page for the same purchase is the caller's to decide. */
@Injectable()
export class CreatePageHandler implements OperationHandler {
  readonly kind = 'hosted-payment-page.create-session';

  constructor(
    private readonly sending: Sending,
    private readonly client: HostedPaymentPageClient,
    private readonly pages: HostedPagesRepository,
  ) {}

  send(call: SendCall): Promise<SendResult> {
    return this.sending.send(call, (account, extras) => this.client.createSession(account, extras));
  }

  /** Klarna can't list pages, nor does a payment session show its own. */
  read(): Promise<ReadResult> {
    return Promise.resolve({ finding: 'unreadable', providerId: null, answer: null, data: { page: 'not-listed' } });
  }

  answerFor(_operation: OperationContext, providerId: string | null): RecordedAnswer {
    return foundAnswer(201, 'session_id', providerId);
  }

  async succeeded(tx: Transaction, operation: OperationContext, success: Success): Promise<void> {
    if (success.providerId === null) return;
    const { merchantId, providerAccountId, dataSubject } = operation;
    await this.pages.insert(tx, {
      merchantId,
      providerAccountId,
      providerSessionId: canonicalId(success.providerId),
      dataSubject,
      purchase: purchaseIn(membersIn(operation.body)?.text('payment_session_url') ?? '') ?? null,
      status: WAITING,
      expiresAt: membersIn(success.answer.body)?.date('expires_at') ?? null,
      operationId: operation.id,
      at: success.at,
    });
  }
}
