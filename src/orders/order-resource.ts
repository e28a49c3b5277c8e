import type { Movement } from '../persistence/repositories/movements.repository.js';
import type { StoredOrder } from '../persistence/repositories/stored-order.js';
import type { TimelineEntry } from '../persistence/repositories/timeline.repository.js';
import type { Order, OrderCapture, OrderEvent, OrderRefund } from './orders.dto.js';

/** Orders as callers see them, each with its captures and refunds. */
export function orderResources(orders: readonly StoredOrder[], movements: readonly Movement[]): Order[] {
  const byOrder = new Map<string, Movement[]>(orders.map(({ id }) => [id, []]));
  for (const movement of movements) byOrder.get(movement.orderId)?.push(movement);
  return orders.map((order) => orderResource(order, byOrder.get(order.id) ?? []));
}

export function orderResource(order: StoredOrder, movements: readonly Movement[]): Order {
  return {
    id: order.id,
    provider: order.provider,
    provider_order_id: order.providerOrderId,
    status: order.status,
    fraud_status: order.fraudStatus,
    currency: order.currency,
    order_amount: order.orderAmount,
    captured_amount: order.capturedAmount,
    refunded_amount: order.refundedAmount,
    remaining_authorized_amount: order.remainingAuthorizedAmount,
    merchant_reference1: order.merchantReference1,
    merchant_reference2: order.merchantReference2,
    expires_at: order.expiresAt?.toISOString() ?? null,
    extension: order.extensionState === null ? null : { state: order.extensionState, code: order.extensionCode },
    created_at: order.createdAt.toISOString(),
    updated_at: order.updatedAt.toISOString(),
    origin: order.origin,
    learned_at: order.learnedAt?.toISOString() ?? null,
    moved_elsewhere_at: order.movedElsewhereAt?.toISOString() ?? null,
    captures: movements.filter(({ kind }) => kind === 'capture').map(captureResource),
    refunds: movements.filter(({ kind }) => kind === 'refund').map(refundResource),
  };
}

export function eventResource({ sequence, at, type, operationId, data }: TimelineEntry): OrderEvent {
  return { sequence, at: at.toISOString(), type, operation_id: operationId, data };
}

function captureResource({ providerId, amount, reference, at, operationId }: Movement): OrderCapture {
  return {
    capture_id: providerId,
    captured_amount: amount,
    reference,
    captured_at: at?.toISOString() ?? null,
    operation_id: operationId,
  };
}

function refundResource({ providerId, amount, reference, at, operationId }: Movement): OrderRefund {
  return {
    refund_id: providerId,
    refunded_amount: amount,
    reference,
    refunded_at: at?.toISOString() ?? null,
    operation_id: operationId,
  };
}
