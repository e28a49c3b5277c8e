import { Injectable } from '@nestjs/common';
import { codeOf } from '../klarna/exchange.js';
import { PaymentsClient } from '../klarna/payments.client.js';
import { ProviderAccounts } from '../merchants/provider-accounts.js';
import type { OperationContext, OperationHandler, ReadResult, SendCall, SendResult } from '../operations/handler.js';
import type { RecordedAnswer } from '../operations/operation.js';
import { Sending, targetOf } from '../operations/sending.js';
import { bareAnswer } from '../operations/recorded-answers.js';
import { SessionsRepository } from '../persistence/repositories/sessions.repository.js';
import { AuthorizationsRepository } from './authorizations.repository.js';
import { SessionReader } from './session-reader.js';

/** Releases an authorization for which no order will be placed. A repeat is harmless, so silence is asked by repeating. */
@Injectable()
export class CancelAuthorizationHandler implements OperationHandler {
  readonly kind = 'payments.cancel-authorization';

  constructor(
    private readonly sending: Sending,
    private readonly client: PaymentsClient,
    private readonly accounts: ProviderAccounts,
    private readonly sessions: SessionsRepository,
    private readonly authorizations: AuthorizationsRepository,
    private readonly reader: SessionReader,
  ) {}

  send(call: SendCall): Promise<SendResult> {
    return this.sending.send(call, (account, extras) =>
      this.client.cancelAuthorization(account, targetOf(call, 'authorizationToken'), extras),
    );
  }

  /**
   * Present when the authorization is gone: the session is open and does not show the token, or no session is known and Klarna answered
   * an earlier attempt with 404. Absent when the session still shows it, or when it became an order.
   */
  async read(operation: OperationContext): Promise<ReadResult> {
    const token = targetOf(operation, 'authorizationToken');
    const hash = this.reader.tokenHash(token);
    if (await this.authorizations.placedAnOrder(operation.providerAccountId, hash)) return found('absent', { order: 'placed' });
    const session = await this.sessions.ofOperation(operation, hash);
    if (session === undefined) {
      const gone = await this.authorizations.answeredGone(operation.id);
      return found(gone ? 'present' : 'unreadable', { session: 'unknown' });
    }
    const account = await this.accounts.byId(operation.providerAccountId);
    const { exchange, shown } = await this.reader.refresh(account, session);
    const data = { session: session.providerSessionId };
    if (shown === undefined) return found('unreadable', { ...data, code: codeOf(exchange) });
    const there = shown.authorizationToken === token || shown.status.toLowerCase() === 'complete';
    return found(there ? 'absent' : 'present', { ...data, status: shown.status });
  }

  answerFor(): RecordedAnswer {
    return bareAnswer(204);
  }

  /** Nothing of ours changes: the next read of the session shows that the token is gone. */
  succeeded(): Promise<void> {
    return Promise.resolve();
  }
}

function found(finding: ReadResult['finding'], data: Record<string, unknown>): ReadResult {
  return { finding, providerId: null, answer: finding === 'present' ? bareAnswer(204) : null, data };
}
