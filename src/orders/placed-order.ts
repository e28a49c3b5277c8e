import { objectIn } from '../klarna/answer-of-record.js';
import { isPlainText } from '../http/text.js';
import type { OperationContext, Success } from '../operations/handler.js';
import type { Placed } from './order-lifecycle.js';

/**
 * The order that a request placed, from what was asked for and what Klarna answered; amounts in minor units. Both may say more than is
 * known here, or less: only the order's id is indispensable.
 * @throws Error when neither the success nor its answer names the order
 */
export function placedOrder(operation: Pick<OperationContext, 'id' | 'body'>, { answer, providerId, at, late }: Success): Placed {
  const said = membersOf(answer.body);
  const providerOrderId = providerId ?? said.text('order_id');
  if (providerOrderId === null) throw new Error(`Operation ${operation.id} succeeded without an order id`);
  const asked = membersOf(operation.body);
  return {
    providerOrderId,
    fraudStatus: said.text('fraud_status'),
    currency: asked.text('purchase_currency')?.toUpperCase() ?? null,
    orderAmount: asked.amount('order_amount'),
    merchantReference1: asked.text('merchant_reference1'),
    merchantReference2: asked.text('merchant_reference2'),
    autoCapture: asked.is('auto_capture'),
    at,
    late,
  };
}

function membersOf(body: Buffer | null) {
  const members = (body === null ? undefined : objectIn(body)) ?? {};
  return {
    text: (name: string): string | null => {
      const value = members[name];
      return typeof value === 'string' && isPlainText(value) ? value : null;
    },
    amount: (name: string): number | null => {
      const value = members[name];
      return typeof value === 'number' && Number.isSafeInteger(value) ? value : null;
    },
    is: (name: string): boolean => members[name] === true,
  };
}
