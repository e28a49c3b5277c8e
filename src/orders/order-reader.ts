import { Injectable, Logger } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { Clock } from '../clock/clock.js';
import type { ReadExtras } from '../klarna/call-extras.js';
import { OrderManagementClient } from '../klarna/order-management.client.js';
import { ProviderAccounts } from '../merchants/provider-accounts.js';
import { Database, type Transaction } from '../persistence/database.js';
import { LaneStateRepository } from '../persistence/repositories/lane-state.repository.js';
import { MovementsRepository } from '../persistence/repositories/movements.repository.js';
import { OrdersRepository } from '../persistence/repositories/orders.repository.js';
import type { StoredOrder } from '../persistence/repositories/stored-order.js';
import { lookOf, type OrderLook } from './order-look.js';
import { unknownOrder } from './order-picture.js';
import type { OrderSnapshot } from './order-snapshot.js';
import { applySnapshot } from './snapshot-rule.js';

/** Which order, at which account. */
export interface OrderAddress {
  providerAccountId: string;
  providerOrderId: string;
}

/**
 * applied: the order is now as Klarna showed it. added: only new captures and refunds, it will be read again. unknown: not an order of
 * ours. foreign: another merchant's.
 */
export type Application = 'applied' | 'added' | 'unknown' | 'foreign';

export type Refreshed = { look: OrderLook; application: Application | null };

/** A question as it was asked: what has to be known to judge the age of its answer. */
interface Asked {
  look: OrderLook;
  startedAt: Date;
  revision: string;
}

interface Applying {
  /** The merchant that gets an order we don't know, and to which a known one must belong; null: whosever it is. */
  adoptFor: string | null;
  claimedUntil: Date | null;
}

/** Reads orders at Klarna and brings ours up to date. No connection is held while Klarna is asked. */
@Injectable()
export class OrderReader {
  readonly #logger = new Logger('OrderReader');
  readonly #refreshes = new Map<string, { running: Promise<Refreshed>; next: Promise<Refreshed> | null }>();

  constructor(
    private readonly klarna: OrderManagementClient,
    private readonly accounts: ProviderAccounts,
    private readonly database: Database,
    private readonly lanes: LaneStateRepository,
    private readonly orders: OrdersRepository,
    private readonly movements: MovementsRepository,
    private readonly clock: Clock,
  ) {}

  /**
   * Asks Klarna for an order and changes nothing here.
   * @see Order Management API v1, `GET /ordermanagement/v1/orders/{order_id}`
   */
  async look({ providerAccountId, providerOrderId }: OrderAddress, extras: ReadExtras = {}): Promise<OrderLook> {
    const account = await this.accounts.byId(providerAccountId);
    return lookOf(await this.klarna.readOrder(account, providerOrderId, extras), providerOrderId);
  }

  /**
   * Asks Klarna for an order on behalf of a caller, and applies the answer; an order we don't know becomes the caller's. The caller
   * gets Klarna's answer even when it could not be stored: the next read does it.
   */
  async read(address: OrderAddress, merchantId: string, headers: Readonly<Record<string, string>> = {}): Promise<OrderLook> {
    const asked = await this.#ask(address, { by: 'caller', headers });
    const application = await this.#apply(address, asked, { adoptFor: merchantId, claimedUntil: null }).catch((error: unknown) => {
      this.#logger.warn(`The state of order ${address.providerOrderId} was read but not stored: ${(error as Error).message}`);
      return null;
    });
    // Two merchants of one provider account: whoever came first has the order.
    return application === 'foreign' ? { kind: 'other-order' } : asked.look;
  }

  /** Adopts an order that we don't know and that Klarna does. Fails silently: the next request for the order adopts it. */
  async adoptFromRead(address: OrderAddress, merchantId: string): Promise<void> {
    await this.read(address, merchantId);
  }

  /**
   * Reads an order and applies what Klarna shows. Any number of wishes for one order in this process cost two reads at most: the one that
   * is running, which may have begun too early to see what a wish is about, and one after it.
   * @param claimedUntil the claim by which this read was scheduled
   * @throws DatabaseUnavailable; what Klarna or the network do is in the result
   */
  refresh(address: OrderAddress, claimedUntil: Date | null = null): Promise<Refreshed> {
    const key = `${address.providerAccountId} ${address.providerOrderId}`;
    const current = this.#refreshes.get(key);
    if (current === undefined) return this.#refresh(key, address, claimedUntil);
    current.next ??= current.running.then(
      () => this.#refresh(key, address, claimedUntil),
      () => this.#refresh(key, address, claimedUntil),
    );
    return current.next;
  }

  #refresh(key: string, address: OrderAddress, claimedUntil: Date | null): Promise<Refreshed> {
    const running = this.#askAndApply(address, claimedUntil).finally(() => {
      if (entry.next === null) this.#refreshes.delete(key);
    });
    const entry = { running, next: null };
    this.#refreshes.set(key, entry);
    return running;
  }

  async #askAndApply(address: OrderAddress, claimedUntil: Date | null): Promise<Refreshed> {
    const asked = await this.#ask(address, {});
    return { look: asked.look, application: await this.#apply(address, asked, { adoptFor: null, claimedUntil }) };
  }

  /** The revision and the time are noted before the question: what happens from here on may not be in the answer. */
  async #ask(address: OrderAddress, extras: ReadExtras): Promise<Asked> {
    const revision = await this.lanes.revisionOf(address.providerAccountId, address.providerOrderId);
    const startedAt = this.clock.now();
    return { revision, startedAt, look: await this.look(address, extras) };
  }

  async #apply(address: OrderAddress, { look, startedAt, revision }: Asked, options: Applying): Promise<Application | null> {
    if (look.kind !== 'order') return null;
    const { snapshot } = look;
    return this.database.transaction(async (tx) => {
      const { providerAccountId, providerOrderId } = address;
      await this.lanes.lock(tx, providerAccountId, providerOrderId);
      const order = await this.#lockOrAdopt(tx, address, snapshot, options.adoptFor);
      if (order === undefined) return 'unknown';
      if (options.adoptFor !== null && order.merchantId !== options.adoptFor) return 'foreign';
      // Looked at under the order's lock: a lane that was not there to be locked has settled nothing since, or shows it here.
      const lane = await this.lanes.stateOf(tx, providerAccountId, providerOrderId);
      const now = this.clock.now();
      const { full, state, takeOver, events } = applySnapshot(order, {
        ...{ snapshot, startedAt, now, claimedUntil: options.claimedUntil },
        undisturbed: lane.revision === revision,
        unsettled: {
          capture: lane.unsettledKinds.includes('order-management.capture'),
          refund: lane.unsettledKinds.includes('order-management.refund'),
        },
        known: await this.movements.known(tx, order.id),
      });
      for (const kind of ['capture', 'refund'] as const) {
        const seen = takeOver[kind].map((movement) => ({ ...movement, id: randomUUID() }));
        await this.movements.takeOver(tx, kind, order, seen, now);
      }
      await this.orders.save(tx, order.id, state, events);
      return full ? 'applied' : 'added';
    });
  }

  async #lockOrAdopt(
    tx: Transaction,
    { providerAccountId, providerOrderId }: OrderAddress,
    snapshot: OrderSnapshot,
    adoptFor: string | null,
  ): Promise<StoredOrder | undefined> {
    const order = await this.orders.lock(tx, providerAccountId, providerOrderId);
    if (order !== undefined || adoptFor === null) return order;
    const now = this.clock.now();
    const state = { ...unknownOrder(randomUUID(), now), createdAt: snapshot.createdAt ?? now };
    const made = { id: randomUUID(), merchantId: adoptFor, providerAccountId, providerOrderId, state };
    await this.orders.insert(tx, made, [{ type: 'order.adopted', at: now, operationId: null, data: {} }]);
    return this.orders.lock(tx, providerAccountId, providerOrderId);
  }
}
