import { membersIn } from '../http/members.js';
import type { OperationContext, Success } from '../operations/handler.js';
import type { Placed } from './order-lifecycle.js';

/**
 * The order that a request placed, from what was asked for and what Klarna answered; amounts in minor units. Both may say more than is
 * known here, or less: only the order's id is indispensable.
 * @throws Error when neither the success nor its answer names the order
 */
export function placedOrder(operation: Pick<OperationContext, 'id' | 'body'>, { answer, providerId, at, late }: Success): Placed {
  const said = membersIn(answer.body);
  const providerOrderId = providerId ?? said?.text('order_id') ?? null;
  if (providerOrderId === null) throw new Error(`Operation ${operation.id} succeeded without an order id`);
  const asked = membersIn(operation.body);
  return {
    providerOrderId,
    fraudStatus: said?.text('fraud_status') ?? null,
    currency: asked?.text('purchase_currency')?.toUpperCase() ?? null,
    orderAmount: asked?.whole('order_amount') ?? null,
    merchantReference1: asked?.text('merchant_reference1') ?? null,
    merchantReference2: asked?.text('merchant_reference2') ?? null,
    autoCapture: asked?.isTrue('auto_capture') ?? false,
    at,
    late,
  };
}
