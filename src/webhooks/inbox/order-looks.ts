import { Injectable } from '@nestjs/common';
import type { Asked } from '../../orders/order-reader.js';
import { OrderReader } from '../../orders/order-reader.js';
import { LOOK_WITHIN_MS } from '../looks/sweeper.js';
import type { StoredCallback } from './callback-handler.js';

/** What one look at an order is shared by. */
type Group = Map<string, Promise<Asked>>;

/**
 * One look at Klarna for all callbacks of an order that are taken together: they were all received before it began, so it settles them
 * all. No connection is held while Klarna is asked.
 */
@Injectable()
export class OrderLooks {
  readonly #groups = new WeakMap<StoredCallback, Group>();

  constructor(private readonly reader: OrderReader) {}

  /** These share their looks. */
  share(callbacks: readonly StoredCallback[]): void {
    const group: Group = new Map();
    for (const callback of callbacks) this.#groups.set(callback, group);
  }

  /** What Klarna shows of an order, at the account of the callback's address. @throws DatabaseUnavailable */
  at(callback: StoredCallback, providerOrderId: string): Promise<Asked> {
    const group = this.#groups.get(callback) ?? new Map<string, Promise<Asked>>();
    const known = group.get(providerOrderId);
    if (known !== undefined) return known;
    const asked = this.reader.ask({ providerAccountId: callback.providerAccountId, providerOrderId }, { timeoutMs: LOOK_WITHIN_MS });
    group.set(providerOrderId, asked);
    return asked;
  }
}
