import { Injectable } from '@nestjs/common';
import { PaymentsClient } from '../klarna/payments.client.js';
import type { OperationContext, OperationHandler, ReadResult, SendCall, SendResult, Success } from '../operations/handler.js';
import type { RecordedAnswer } from '../operations/operation.js';
import { Sending } from '../operations/sending.js';
import { foundAnswer } from '../operations/recorded-answers.js';
import type { Transaction } from '../persistence/database.js';
import { SessionsRepository } from '../persistence/repositories/sessions.repository.js';
import { wordsIn } from './session-facts.js';

/** Opens a session. After silence a caller opens another one; the unused one lapses at Klarna by itself. */
@Injectable()
export class CreateSessionHandler implements OperationHandler {
  readonly kind = 'payments.create-session';

  constructor(
    private readonly sending: Sending,
    private readonly client: PaymentsClient,
    private readonly sessions: SessionsRepository,
  ) {}

  send(call: SendCall): Promise<SendResult> {
    return this.sending.send(call, (account, extras) => this.client.createSession(account, extras));
  }

  /** Klarna can't list sessions: one whose answer got lost can't be found. */
  read(): Promise<ReadResult> {
    return Promise.resolve({ finding: 'unreadable', providerId: null, answer: null, data: { session: 'not-listed' } });
  }

  answerFor(_operation: OperationContext, providerId: string | null): RecordedAnswer {
    return foundAnswer(200, 'session_id', providerId);
  }

  async succeeded(tx: Transaction, operation: OperationContext, success: Success): Promise<void> {
    if (success.providerId === null) return;
    const words = wordsIn(operation.body);
    await this.sessions.insert(tx, {
      merchantId: operation.merchantId,
      providerAccountId: operation.providerAccountId,
      providerSessionId: success.providerId,
      dataSubject: operation.dataSubject,
      facts: {
        purchaseCountry: null,
        purchaseCurrency: null,
        orderAmount: null,
        merchantReference1: null,
        merchantReference2: null,
        expiresAt: null,
        ...words?.facts,
        status: 'incomplete',
        tokenHash: null,
      },
      operationId: operation.id,
      at: success.at,
    });
  }
}
