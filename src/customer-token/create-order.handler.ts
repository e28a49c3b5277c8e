import { Injectable } from '@nestjs/common';
import { objectIn } from '../json.js';
import { CustomerTokenClient } from '../klarna/customer-token.client.js';
import { notAsked } from '../klarna/exchange.js';
import type { OperationContext, OperationHandler, ReadResult, SendCall, SendResult, Success } from '../operations/handler.js';
import type { RecordedAnswer } from '../operations/operation.js';
import { Refusals } from '../operations/refusals.js';
import { Sending, targetOf } from '../operations/sending.js';
import { foundAnswer } from '../operations/recorded-answers.js';
import { OrderLifecycle } from '../orders/order-lifecycle.js';
import { placedOrder } from '../orders/placed-order.js';
import type { Transaction } from '../persistence/database.js';
import { CustomerTokensRepository } from '../persistence/repositories/customer-tokens.repository.js';
import { AdoptedOrdersRepository } from './adopted-orders.repository.js';
import { TokenReader } from './token-reader.js';

/**
 * Charges a customer token. Within the life of its key the same key is the way to ask what became of a charge.
 * @see Customer Token API v1, `POST /customer-token/v1/tokens/{customerToken}/order`
 */
@Injectable()
export class CreateTokenOrderHandler implements OperationHandler {
  readonly kind = 'customer-token.create-order';

  constructor(
    private readonly sending: Sending,
    private readonly client: CustomerTokenClient,
    private readonly reader: TokenReader,
    private readonly refusals: Refusals,
    private readonly adopted: AdoptedOrdersRepository,
    private readonly tokens: CustomerTokensRepository,
    private readonly lifecycle: OrderLifecycle,
  ) {}

  send(call: SendCall): Promise<SendResult> {
    return this.sending.send(call, (account, extras) => this.client.createOrder(account, targetOf(call, 'customerToken'), extras));
  }

  /**
   * Klarna shows nowhere which orders a token made, and can't be searched. What is left: an order with this reference that was read here
   * since the first send and that no operation placed is the effect; a refusal that judged the charge itself under this key means that the
   * key made nothing. Else the token's status is evidence for a person, and no finding: a token that was cancelled meanwhile refuses
   * repeats of a charge that it carried out.
   */
  async read(operation: OperationContext, firstSentAt: Date): Promise<ReadResult> {
    const currency = operation.body === null ? undefined : objectIn(operation.body)?.['purchase_currency'];
    const candidates = typeof currency === 'string' ? await this.adopted.candidates(operation, currency, firstSentAt) : [];
    const [only] = candidates;
    const nothing = { providerId: null, answer: null };
    if (only !== undefined) {
      if (candidates.length > 1) return { ...nothing, finding: 'ambiguous', data: { candidates } };
      if (!(await this.adopted.hasTwin(operation)))
        return { finding: 'present', providerId: only, answer: foundOrder(only), data: { candidates } };
    }
    const refused = await this.refusals.settling(operation);
    const { exchange, status, code } = await this.reader.look(operation);
    const data = { refused, ...(status === null ? { code } : { status }), ...(only === undefined ? {} : { candidates }) };
    // An order that may be another operation's may be this one's, too.
    return { ...nothing, finding: refused !== null && only === undefined ? 'absent' : 'unreadable', data, ...notAsked(exchange) };
  }

  answerFor(_operation: OperationContext, providerId: string | null): RecordedAnswer {
    return foundOrder(providerId);
  }

  async succeeded(tx: Transaction, operation: OperationContext, success: Success): Promise<void> {
    await this.lifecycle.placed(tx, operation, placedOrder(operation, success));
    await this.tokens.insert(tx, targetOf(operation, 'customerToken'), operation, success.at);
  }
}

/** What Klarna answers, reduced to what callers may rely on. */
function foundOrder(orderId: string | null): RecordedAnswer {
  return foundAnswer(200, 'order_id', orderId);
}
