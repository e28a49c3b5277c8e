import { Injectable } from '@nestjs/common';
import { CheckoutClient } from '../klarna/checkout.client.js';
import type { OperationContext, OperationHandler, ReadResult, SendCall, SendResult, Success } from '../operations/handler.js';
import type { RecordedAnswer } from '../operations/operation.js';
import { Sending, targetOf } from '../operations/sending.js';
import { bareAnswer } from '../operations/recorded-answers.js';
import type { Transaction } from '../persistence/database.js';
import { CheckoutChange } from './checkout-change.js';

/**
 * Ends a checkout that the shopper has not completed.
 * @see Checkout API v3, `POST /checkout/v3/orders/{order_id}/abort`
 */
@Injectable()
export class AbortCheckoutHandler implements OperationHandler {
  readonly kind = 'checkout.abort-order';

  constructor(
    private readonly sending: Sending,
    private readonly client: CheckoutClient,
    private readonly change: CheckoutChange,
  ) {}

  send(call: SendCall): Promise<SendResult> {
    return this.sending.send(call, (account, extras) => this.client.abort(account, targetOf(call, 'orderId'), extras));
  }

  /**
   * Aborted when it is shown as neither open nor completed; not, when it is completed. One that is shown as open, or is gone, may be either:
   * whether Klarna shows an abort at all is not documented.
   */
  read(operation: OperationContext): Promise<ReadResult> {
    return this.change.look(operation, (shown) => {
      if (shown?.complete === true) return false;
      return shown === null || shown.facts.status === 'checkout_incomplete' ? undefined : true;
    });
  }

  answerFor(): RecordedAnswer {
    return bareAnswer(200);
  }

  async succeeded(tx: Transaction, operation: OperationContext, success: Success): Promise<void> {
    await this.change.keep(tx, operation, success);
    await this.change.gone(tx, operation, success.at);
  }

  refused(tx: Transaction, operation: OperationContext, code: string | null): Promise<void> {
    return this.change.refused(tx, operation, code);
  }
}
