import { Injectable } from '@nestjs/common';
import { objectIn } from '../json.js';
import { CheckoutClient } from '../klarna/checkout.client.js';
import type { OperationContext, OperationHandler, ReadResult, SendCall, SendResult, Success } from '../operations/handler.js';
import type { RecordedAnswer } from '../operations/operation.js';
import { Sending, targetOf } from '../operations/sending.js';
import { bareAnswer } from '../operations/recorded-answers.js';
import type { Transaction } from '../persistence/database.js';
import { CheckoutChange } from './checkout-change.js';

/** What a checkout always shows of what it was told. */
const COMPARED = ['order_amount', 'order_tax_amount', 'order_lines', 'merchant_reference1', 'merchant_reference2', 'merchant_data'];

/**
 * Changes a checkout's cart, while the caller waits and never later: a late repeat would overwrite a newer cart.
 * @see Checkout API v3, `POST /checkout/v3/orders/{order_id}`
 */
@Injectable()
export class UpdateCheckoutHandler implements OperationHandler {
  readonly kind = 'checkout.update-order';

  constructor(
    private readonly sending: Sending,
    private readonly client: CheckoutClient,
    private readonly change: CheckoutChange,
  ) {}

  send(call: SendCall): Promise<SendResult> {
    return this.sending.send(call, (account, extras) => this.client.update(account, targetOf(call, 'orderId'), extras));
  }

  /**
   * Looks whether the checkout is as it was to become: it may have been changed, and completed by the shopper a moment later. One that is
   * gone has no cart, whatever it was.
   */
  read(operation: OperationContext): Promise<ReadResult> {
    const wanted = Object.entries(objectIn(operation.body ?? Buffer.alloc(0)) ?? {}).filter(([name]) => COMPARED.includes(name));
    return this.change.look(operation, (shown) => {
      if (shown === null || wanted.length === 0) return false;
      return wanted.every(([name, value]) => shows(shown.members[name], value));
    });
  }

  answerFor(): RecordedAnswer {
    return bareAnswer(200);
  }

  succeeded(tx: Transaction, operation: OperationContext, success: Success): Promise<void> {
    return this.change.keep(tx, operation, success);
  }

  refused(tx: Transaction, operation: OperationContext, code: string | null): Promise<void> {
    return this.change.refused(tx, operation, code);
  }
}

/** Whether something shows what was wanted; members that Klarna adds do not count, and null is the same as absent. */
function shows(shown: unknown, wanted: unknown): boolean {
  if (wanted === null) return true;
  if (Array.isArray(wanted)) {
    return Array.isArray(shown) && shown.length === wanted.length && wanted.every((item, index) => shows(shown[index], item));
  }
  if (typeof wanted !== 'object') return shown === wanted;
  if (typeof shown !== 'object' || shown === null) return false;
  return Object.entries(wanted).every(([name, value]) => shows((shown as Record<string, unknown>)[name], value));
}
