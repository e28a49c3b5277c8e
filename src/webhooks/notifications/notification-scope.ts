import { Injectable } from '@nestjs/common';
import { canonicalId } from '../../http/resource-id.js';
import type { Caller } from '../../merchants/caller.js';
import type { Scope } from '../../persistence/repositories/notification-scopes.js';
import { OrdersRepository } from '../../persistence/repositories/orders.repository.js';

/** As callers name what they mean. */
export interface Named {
  /** Ours or the provider's. */
  orderId: string | null;
  type: string | null;
  endpointId: string | null;
}

/** What a caller's words mean among its own notifications. */
@Injectable()
export class NotificationScopes {
  constructor(private readonly orders: OrdersRepository) {}

  /** An order that is not known here may still have been named by a callback. */
  async of(caller: Caller, { orderId, type, endpointId }: Named): Promise<Pick<Scope, 'merchantId' | 'order' | 'type' | 'endpointId'>> {
    const order = orderId === null ? undefined : await this.orders.find(caller.merchantId, orderId);
    return {
      merchantId: caller.merchantId,
      order: orderId === null ? null : { id: order?.id ?? null, providerOrderId: order?.providerOrderId ?? canonicalId(orderId) },
      ...{ type, endpointId },
    };
  }
}
