import { Injectable } from '@nestjs/common';
import { PaymentsClient } from '../klarna/payments.client.js';
import type { OperationContext, OperationHandler, ReadResult, SendCall, SendResult, Success } from '../operations/handler.js';
import type { RecordedAnswer } from '../operations/operation.js';
import { Sending, targetOf } from '../operations/sending.js';
import { bareAnswer } from '../operations/recorded-answers.js';
import type { Transaction } from '../persistence/database.js';
import { SessionsRepository } from '../persistence/repositories/sessions.repository.js';
import { wordsIn } from './session-facts.js';

/** Changes a session's cart, while the caller waits and never later: a late repeat would overwrite a newer cart. */
@Injectable()
export class UpdateSessionHandler implements OperationHandler {
  readonly kind = 'payments.update-session';

  constructor(
    private readonly sending: Sending,
    private readonly client: PaymentsClient,
    private readonly sessions: SessionsRepository,
  ) {}

  send(call: SendCall): Promise<SendResult> {
    return this.sending.send(call, (account, extras) => this.client.updateSession(account, targetOf(call, 'sessionId'), extras));
  }

  /** Whether the cart is the wanted one is not compared: the caller reads the session, or updates it again. */
  read(): Promise<ReadResult> {
    return Promise.resolve({ finding: 'unreadable', providerId: null, answer: null, data: { session: 'not-compared' } });
  }

  answerFor(): RecordedAnswer {
    return bareAnswer(204);
  }

  async succeeded(tx: Transaction, operation: OperationContext, success: Success): Promise<void> {
    const words = wordsIn(operation.body);
    const providerSessionId = targetOf(operation, 'sessionId');
    const found = await this.sessions.byProviderId(providerSessionId, tx);
    const session = found.find(({ providerAccountId }) => providerAccountId === operation.providerAccountId);
    if (words !== undefined && session !== undefined) {
      await this.sessions.patch(tx, session.id, words.facts, success.at, operation.id);
    } else if (words !== undefined) {
      // Opened elsewhere, and open at Klarna: the caller's from here on, so that callbacks about it are understood.
      const { merchantId, providerAccountId, dataSubject, id: operationId } = operation;
      const facts = { ...words.facts, status: 'incomplete', tokenHash: null };
      await this.sessions.insert(tx, { merchantId, providerAccountId, providerSessionId, dataSubject, facts, operationId, at: success.at });
    }
  }
}
