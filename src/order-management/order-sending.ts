import { Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import type { CallExtras, OrderAge } from '../klarna/call-extras.js';
import type { KlarnaAccount, KlarnaVerdict } from '../klarna/exchange.js';
import { isYoungOrder } from '../klarna/verdict.js';
import type { SendCall, SendResult } from '../operations/handler.js';
import { Sending, targetOf } from '../operations/sending.js';

type Write = (account: KlarnaAccount, orderId: string, extras: CallExtras & OrderAge) => Promise<KlarnaVerdict>;

/** The one call of every Order Management handler: a 404 of a young order is no refusal. */
@Injectable()
export class OrderSending {
  constructor(
    private readonly sending: Sending,
    private readonly clock: Clock,
  ) {}

  send(call: SendCall, write: Write): Promise<SendResult> {
    const youngOrder = isYoungOrder(call.orderCreatedAt, this.clock.now());
    return this.sending.send(call, (account, extras) => write(account, orderIdOf(call), { ...extras, youngOrder }));
  }
}

/** The provider's order id that an operation is for. */
export function orderIdOf(operation: Pick<SendCall, 'id' | 'target'>): string {
  return targetOf(operation, 'orderId');
}
