import { Injectable } from '@nestjs/common';
import { Database } from '../../persistence/database.js';
import type { Hook } from '../../persistence/repositories/hooks.repository.js';
import type { CallbackHandler, CallbackOutcome, StoredCallback } from './callback-handler.js';
import { CallbackOrders } from './callback-orders.js';
import { PushAcknowledgement } from './push-acknowledgement.js';
import { ShopLine } from './shop-line.js';

/** `push`: an order was completed. It is stored, the shop is told, and then Klarna, which repeats until it is. */
@Injectable()
export class PushHandler implements CallbackHandler {
  readonly entry = 'push';

  constructor(
    private readonly orders: CallbackOrders,
    private readonly database: Database,
    private readonly line: ShopLine,
    private readonly acknowledgement: PushAcknowledgement,
  ) {}

  async handle(callback: StoredCallback, hook: Hook): Promise<CallbackOutcome> {
    const seen = await this.orders.seen(callback, hook);
    if ('then' in seen) return seen;
    // Klarna's pushes have no body: what stands in one is nothing that could be looked at.
    const passed = { ...idsOf(callback, seen.address.providerOrderId), body: null };
    await this.database.transaction((tx) => this.line.pass(tx, callback, hook, passed));
    return this.acknowledgement.after(callback, hook, seen);
  }
}

/** What is filled into the shop's own URL. */
export function idsOf({ providerSessionId }: StoredCallback, orderId: string): { orderId: string; sessionId?: string } {
  return providerSessionId === null ? { orderId } : { orderId, sessionId: providerSessionId };
}
