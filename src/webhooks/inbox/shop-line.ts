import { Injectable, Logger } from '@nestjs/common';
import { Clock } from '../../clock/clock.js';
import type { Transaction } from '../../persistence/database.js';
import type { Hook } from '../../persistence/repositories/hooks.repository.js';
import { ShopAddresses } from '../looks/shop-addresses.js';
import type { StoredCallback } from './callback-handler.js';

/** What is filled into the caller's template, and the bytes that go with it. */
export interface Passed {
  orderId?: string;
  sessionId?: string;
  body: Buffer | null;
}

/** To the caller's own URL, as Klarna would have called it: its method, its body, its placeholders. */
@Injectable()
export class ShopLine {
  readonly #logger = new Logger('ShopLine');

  constructor(
    private readonly addresses: ShopAddresses,
    private readonly clock: Clock,
  ) {}

  /**
   * Passes a callback on, once, however often this is asked for: to be called when Klarna has shown that what it says is so. Does nothing
   * where the caller gave no URL.
   * @returns whether it is on its way now; false: it was before, or there is nowhere to
   * @throws EnvelopeError; a unique violation when somebody else passes it on in the same moment: repeat
   */
  async pass(tx: Transaction, callback: StoredCallback, hook: Hook, { body, ...ids }: Passed): Promise<boolean> {
    if (hook.template === null) return false;
    const passed = await tx.query('SELECT FROM deliveries WHERE callback_id = $1', [callback.id]);
    if (passed.length > 0) return false;
    const { id } = callback;
    const delivery = await this.addresses.send(tx, hook, { ids, body, messageId: id, callbackId: id, at: this.clock.now() });
    if (delivery === null) {
      this.#logger.warn(`The caller's own URL for ${callback.entry} of operation ${hook.operationId} is none; nothing was passed on`);
    }
    return delivery !== null;
  }
}
