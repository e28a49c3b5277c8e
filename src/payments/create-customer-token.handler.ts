import { Injectable } from '@nestjs/common';
import { objectIn } from '../json.js';
import { codeOf, notAsked } from '../klarna/exchange.js';
import { PaymentsClient } from '../klarna/payments.client.js';
import { ProviderAccounts } from '../merchants/provider-accounts.js';
import type { OperationContext, OperationHandler, ReadResult, SendCall, SendResult, Success } from '../operations/handler.js';
import type { RecordedAnswer } from '../operations/operation.js';
import { Refusals } from '../operations/refusals.js';
import { Sending, targetOf } from '../operations/sending.js';
import { foundAnswer } from '../operations/recorded-answers.js';
import type { Transaction } from '../persistence/database.js';
import { CustomerTokensRepository } from '../persistence/repositories/customer-tokens.repository.js';
import { SessionsRepository } from '../persistence/repositories/sessions.repository.js';
import { SessionReader } from './session-reader.js';

/** Makes a customer token from what the shopper authorized. The authorization token is its only key. */
@Injectable()
export class CreateCustomerTokenHandler implements OperationHandler {
  readonly kind = 'payments.create-customer-token';

  constructor(
    private readonly sending: Sending,
    private readonly client: PaymentsClient,
    private readonly accounts: ProviderAccounts,
    private readonly sessions: SessionsRepository,
    private readonly reader: SessionReader,
    private readonly refusals: Refusals,
    private readonly tokens: CustomerTokensRepository,
  ) {}

  send(call: SendCall): Promise<SendResult> {
    return this.sending.send(call, (account, extras) =>
      this.client.createCustomerToken(account, targetOf(call, 'authorizationToken'), extras),
    );
  }

  /**
   * A session shows neither a token that was made nor that none was: `complete` tells of an order alone, and whether a used authorization is
   * still shown is not documented. So the session is evidence for a person, and no finding. `absent` only when Klarna refused these very
   * bytes as such: what it refuses for itself it can't have carried out before.
   */
  async read(operation: OperationContext): Promise<ReadResult> {
    const refused = await this.refusals.settling(operation);
    const token = targetOf(operation, 'authorizationToken');
    const session = await this.sessions.ofOperation(operation, this.reader.tokenHash(token));
    const nothing = { providerId: null, answer: null, finding: refused === null ? 'unreadable' : 'absent' } as const;
    if (session === undefined) return { ...nothing, data: { session: 'unknown', refused } };
    const { exchange, shown } = await this.reader.refresh(await this.accounts.byId(operation.providerAccountId), session);
    const data: Record<string, unknown> = { session: session.providerSessionId, refused };
    if (shown === undefined) data['code'] = codeOf(exchange);
    else {
      const same = shown.authorizationToken === token;
      Object.assign(data, { status: shown.status, token: shown.authorizationToken === null ? 'none' : same ? 'same' : 'other' });
    }
    return { ...nothing, data, ...notAsked(exchange) };
  }

  answerFor(_operation: OperationContext, providerId: string | null): RecordedAnswer {
    return foundAnswer(200, 'token_id', providerId);
  }

  /** Notes whose the token is, so that it is nobody else's, and tells of it. */
  async succeeded(tx: Transaction, operation: OperationContext, { answer, at }: Success): Promise<void> {
    const token = answer.body === null ? undefined : objectIn(answer.body)?.['token_id'];
    if (typeof token !== 'string') throw new Error(`Operation ${operation.id} succeeded without a customer token`);
    const { merchantId, providerAccountId, dataSubject } = operation;
    await this.tokens.made(tx, token, { merchantId, providerAccountId, dataSubject }, operation.id, at);
  }
}
