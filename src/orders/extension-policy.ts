import { Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import { Settings } from '../config/settings.js';
import { TIMING } from '../operations/decide.js';
import { OwnOperations } from '../operations/own-operations.js';
import { Database } from '../persistence/database.js';
import { ExpiryRepository, type Watched } from '../persistence/repositories/expiry.repository.js';
import { watchedBy } from './expiry-watch.js';

/** Klarna extends no authorization of an order that is older. */
export const EXTENDABLE_MS = 180 * 86_400_000;
/** Why the service itself does not ask for it. */
export const TOO_OLD = 'TOO_OLD';

/**
 * Extends authorizations that are about to end with money not captured, when the policy is on: once per end, and never again for an order
 * of which Klarna has said that it can't be. It is an operation of the service itself; whether it may be sent is judged when it is
 * (see the handler's `clearance`), because its merchant comes first.
 */
@Injectable()
export class ExtensionPolicy {
  readonly #watched: Watched;

  constructor(
    private readonly expiry: ExpiryRepository,
    private readonly own: OwnOperations,
    private readonly database: Database,
    private readonly clock: Clock,
    settings: Settings,
  ) {
    this.#watched = watchedBy(settings);
  }

  /**
   * Asks for an extension of an order that was just read, if it is time. May be repeated, and by several at a time.
   * @param orderId ours
   */
  async apply(orderId: string): Promise<void> {
    if (this.#watched.extendBeforeMs === null) return;
    const now = this.clock.now();
    const order = await this.expiry.toExtend(orderId, now, this.#watched, TIMING.expiryMarginMs);
    const end = order?.expiresAt;
    if (!order || !end) return;
    const { merchantId, providerAccountId, providerOrderId, dataSubject } = order;
    if (now.getTime() >= order.createdAt.getTime() + EXTENDABLE_MS) {
      await this.database.transaction((tx) => this.expiry.extensionEnded(tx, providerAccountId, providerOrderId, TOO_OLD));
      return;
    }
    const occasion = end.toISOString();
    await this.database.transaction(async (tx) => {
      await this.own.start(tx, {
        ...{ kind: 'order-management.extend-authorization', merchantId, providerAccountId, lane: providerOrderId, dataSubject },
        ...{ target: { orderId: providerOrderId }, before: { expires_at: occasion }, body: null, reason: 'expiry', occasion },
      });
      await this.expiry.extensionAsked(tx, orderId, end);
    });
  }
}
