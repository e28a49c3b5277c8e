import { Injectable } from '@nestjs/common';
import { Settings } from '../../config/settings.js';
import { OwnOperations } from '../../operations/own-operations.js';
import { CallbackPurchases } from '../../persistence/repositories/callback-purchases.repository.js';
import { GIVE_UP_AFTER_MS } from '../../persistence/repositories/deliveries.repository.js';
import type { Hook } from '../../persistence/repositories/hooks.repository.js';
import type { CallbackOutcome, StoredCallback } from './callback-handler.js';
import type { SeenOrder } from './callback-orders.js';

/** A shop that could not be told may be told later, by a replay. */
const NOT_TAKEN_AGAIN_MS = 15 * 60_000;
/** Shops are tried for longer than Klarna repeats; and a day for a replay. */
const SHOP_MS = GIVE_UP_AFTER_MS + 86_400_000;

/**
 * Tells Klarna that an order has arrived, which ends its pushes: once per order, as an operation like every other. When is a policy,
 * ACKNOWLEDGE_PUSHES; by default, when the shop has it.
 */
@Injectable()
export class PushAcknowledgement {
  constructor(
    private readonly purchases: CallbackPurchases,
    private readonly operations: OwnOperations,
    private readonly settings: Settings,
  ) {}

  /** @throws DatabaseUnavailable */
  async after(callback: StoredCallback, hook: Hook, { address, snapshot }: SeenOrder): Promise<CallbackOutcome> {
    const { providerAccountId, providerOrderId } = address;
    if (this.settings.acknowledgePushes === 'never') return { then: 'done', result: 'never-acknowledged' };
    // Klarna would refuse it, and has stopped asking.
    if (snapshot.status === 'CANCELLED') return { then: 'done', result: 'cancelled' };
    // A capture counts as an acknowledgement.
    if ((snapshot.capturedAmount ?? 0) > 0) return { then: 'done', result: 'acknowledged' };
    const acknowledgement = await this.purchases.acknowledgement(providerAccountId, providerOrderId);
    if (acknowledgement === 'done') return { then: 'done', result: 'acknowledged' };
    if (acknowledgement === 'open') return { then: 'again', result: 'acknowledging' };
    if (this.settings.acknowledgePushes === 'after-delivery') {
      const told = await this.purchases.told(providerAccountId, providerOrderId, callback.id);
      if (told === 'open') return { then: 'again', forMs: SHOP_MS, result: 'waits-for-shop' };
      if (told === 'failed') return { then: 'again', afterMs: NOT_TAKEN_AGAIN_MS, forMs: SHOP_MS, result: 'not-taken-by-shop' };
    }
    await this.operations.start(null, {
      ...{ kind: 'order-management.acknowledge', merchantId: hook.merchantId, providerAccountId, lane: providerOrderId },
      ...{ target: { orderId: providerOrderId }, body: null, dataSubject: hook.dataSubject, reason: 'push' },
    });
    return { then: 'done', result: 'acknowledging' };
  }
}
