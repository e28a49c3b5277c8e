import { Injectable } from '@nestjs/common';
import { CustomerTokenClient } from '../klarna/customer-token.client.js';
import { notAsked } from '../klarna/exchange.js';
import type { OperationContext, OperationHandler, ReadResult, SendCall, SendResult, Success } from '../operations/handler.js';
import type { RecordedAnswer } from '../operations/operation.js';
import { Sending, targetOf } from '../operations/sending.js';
import { bareAnswer } from '../operations/recorded-answers.js';
import type { Transaction } from '../persistence/database.js';
import { CustomerTokensRepository } from '../persistence/repositories/customer-tokens.repository.js';
import { TokenReader } from './token-reader.js';

/**
 * Cancels a customer token, the only change of its status that there is. A repeat is harmless, so silence is asked by repeating.
 * @see Customer Token API v1, `PATCH /customer-token/v1/tokens/{customerToken}/status`
 */
@Injectable()
export class UpdateTokenStatusHandler implements OperationHandler {
  readonly kind = 'customer-token.update-status';

  constructor(
    private readonly sending: Sending,
    private readonly client: CustomerTokenClient,
    private readonly reader: TokenReader,
    private readonly tokens: CustomerTokensRepository,
  ) {}

  send(call: SendCall): Promise<SendResult> {
    return this.sending.send(call, (account, extras) => this.client.updateStatus(account, targetOf(call, 'customerToken'), extras));
  }

  /** Present when the token is cancelled, whoever did it; absent while it shows another status. */
  async read(operation: OperationContext): Promise<ReadResult> {
    const { exchange, status, code } = await this.reader.look(operation);
    if (status === null) return { finding: 'unreadable', providerId: null, answer: null, data: { code }, ...notAsked(exchange) };
    // Both spellings of English are about.
    const done = status === 'cancelled' || status === 'canceled';
    return { finding: done ? 'present' : 'absent', providerId: null, answer: done ? bareAnswer(202) : null, data: { status } };
  }

  answerFor(): RecordedAnswer {
    return bareAnswer(202);
  }

  /** The status is Klarna's to tell; noted is whose the token is, and that its cancelling was told of. */
  succeeded(tx: Transaction, operation: OperationContext, { at }: Success): Promise<void> {
    return this.tokens.cancelled(tx, targetOf(operation, 'customerToken'), operation, operation.id, at);
  }
}
