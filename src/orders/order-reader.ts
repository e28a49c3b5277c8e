import { Injectable, Logger } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { Clock } from '../clock/clock.js';
import { Settings } from '../config/settings.js';
import type { ReadExtras } from '../klarna/call-extras.js';
import { OrderManagementClient } from '../klarna/order-management.client.js';
import { isYoungOrder } from '../klarna/verdict.js';
import { ProviderAccounts } from '../merchants/provider-accounts.js';
import { HeldBack } from '../operations/held-back.js';
import type { Due } from '../operations/settlement.js';
import { Database, type Transaction } from '../persistence/database.js';
import { LaneStateRepository } from '../persistence/repositories/lane-state.repository.js';
import { type MovementKind, MovementsRepository, type NewMovement } from '../persistence/repositories/movements.repository.js';
import { OrdersRepository } from '../persistence/repositories/orders.repository.js';
import { type Difference, type OrderState, OVER, type StoredOrder } from '../persistence/repositories/stored-order.js';
import { TimelineRepository } from '../persistence/repositories/timeline.repository.js';
import { Alerts } from '../telemetry/alerts.js';
import { type Act, ACTS, type ReadingSource, untold } from './drift.js';
import { lookOf, type OrderLook } from './order-look.js';
import { unknownOrder } from './order-picture.js';
import type { OrderSnapshot } from './order-snapshot.js';
import { nextComparison } from './read-schedule.js';
import { applyAbsence, applySnapshot } from './snapshot-rule.js';

/** Which order, at which account. */
export interface OrderAddress {
  providerAccountId: string;
  providerOrderId: string;
  /** Of what it was before it was an order, for one that we don't know yet. */
  dataSubject?: string;
}

/**
 * applied: the order is now as Klarna showed it. added: only new captures and refunds, it will be read again. absent: Klarna does not show
 * it, or another one; it is flagged. young: it was placed a moment ago and need not be readable yet. unknown: not an order of ours.
 * foreign: another merchant's.
 */
export type Application = 'applied' | 'added' | 'absent' | 'young' | 'unknown' | 'foreign';

/** What a reading came to. */
export interface Refreshed {
  look: OrderLook;
  /** Null when nothing follows from the answer. */
  application: Application | null;
  /** Business time before the question was sent. */
  startedAt: Date;
  /** Nothing that was open at Klarna could explain a difference: the comparison is complete. */
  judged: boolean;
  /** What differed and nothing explains; flagged ones as long as they stand. */
  differences: Difference[];
}

/** A question as it was asked: what has to be known to judge the age of its answer. */
export interface Asked {
  look: OrderLook;
  startedAt: Date;
  revision: string;
}

interface Applying {
  source: ReadingSource;
  /** The merchant that gets an order we don't know, and to which a known one must belong; null: whosever it is. */
  adoptFor: string | null;
  claimedUntil: Date | null;
}

type Applied = Pick<Refreshed, 'application' | 'judged' | 'differences'>;

/** What others are told of it after the commit. */
interface News {
  alarming: Difference[];
  /** Operations that became due. */
  woken?: Due[];
}

/** Reads whose order is not known, or whose answer says nothing about it. */
const nothingApplied = (application: Application | null): Applied => ({ application, judged: false, differences: [] });

/** What a success of one of our operations leaves in the timeline. */
const ACT_OF_EVENT: Readonly<Record<string, Act>> = {
  'order.captured': 'capture',
  'order.capture_linked': 'capture',
  'order.refunded': 'refund',
  'order.refund_linked': 'refund',
  'order.cancelled': 'cancel',
  'order.released': 'release',
  'order.authorization_updated': 'authorization-update',
  'order.authorization_extended': 'extend-authorization',
  'order.references_updated': 'merchant-references',
};

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
    private readonly timeline: TimelineRepository,
    private readonly clock: Clock,
    private readonly settings: Settings,
    private readonly alerts: Alerts,
    private readonly held: HeldBack,
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
    const applying = { source: 'read', adoptFor: merchantId, claimedUntil: null } as const;
    const { application } = await this.#apply(address, asked, applying).catch((error: unknown) => {
      this.#logger.warn(`The state of order ${address.providerOrderId} was read but not stored: ${(error as Error).message}`);
      return nothingApplied(null);
    });
    // Two merchants of one provider account: whoever came first has the order.
    return application === 'foreign' ? { kind: 'other-order' } : asked.look;
  }

  /** Adopts an order that we don't know and that Klarna does. Fails silently: the next request for the order adopts it. */
  async adoptFromRead(address: OrderAddress, merchantId: string, headers: Readonly<Record<string, string>> = {}): Promise<void> {
    await this.read(address, merchantId, headers);
  }

  /**
   * A caller was shown captures (refunds) of an order: one that is not stored so makes the order be read soon. A part says nothing of the
   * rest of its order, so it is never applied by itself. Fails silently, as `read`.
   */
  async noticed({ providerAccountId, providerOrderId }: OrderAddress, kind: MovementKind, shown: readonly NewMovement[]): Promise<void> {
    try {
      const known = await this.movements.ofProviderOrder(kind, providerAccountId, providerOrderId);
      const isStored = ({ providerId, amount }: NewMovement) => known.some((one) => one.providerId === providerId && one.amount === amount);
      if (shown.every(isStored)) return;
      await this.database.transaction((tx) => this.orders.readSoon(tx, providerAccountId, providerOrderId, this.clock.now()));
    } catch (error) {
      this.#logger.warn(`What a part of order ${providerOrderId} shows was not noted: ${(error as Error).message}`);
    }
  }

  /**
   * Reads an order and applies what Klarna shows. Any number of wishes for one order in this process cost two reads at most: the one that
   * is running, which may have begun too early to see what a wish is about, and one after it.
   * @param claimedUntil the claim by which this read was scheduled
   * @throws DatabaseUnavailable; what Klarna or the network do is in the result
   */
  refresh(address: OrderAddress, claimedUntil: Date | null = null): Promise<Refreshed> {
    const key = keyOf(address);
    const current = this.#refreshes.get(key);
    const read = () => this.#refresh(key, address, 'refresh', claimedUntil);
    if (current === undefined) return read();
    current.next ??= current.running.then(read, read);
    return current.next;
  }

  /**
   * Compares an order with Klarna's, now: reads and applies as `refresh`, but a read that is under way will do. `startedAt` says from when
   * the answer is.
   * @throws DatabaseUnavailable; what Klarna or the network do is in the result
   */
  compare(address: OrderAddress, source: 'scan' | 'reconcile'): Promise<Refreshed> {
    const key = keyOf(address);
    return this.#refreshes.get(key)?.running ?? this.#refresh(key, address, source, null);
  }

  /**
   * Asks Klarna for an order because of something that was heard, and changes nothing here: whether the order is whose it is said to be
   * may only be judged by the answer. `learned` writes it down.
   * @throws DatabaseUnavailable
   */
  ask(address: OrderAddress, extras: Pick<ReadExtras, 'timeoutMs'> = {}): Promise<Asked> {
    return this.#ask(address, { ...extras, by: 'service' });
  }

  /**
   * Applies what `ask` brought, as `refresh` does; an order that we don't know becomes this merchant's. May be repeated.
   * @throws DatabaseUnavailable
   */
  async learned(address: OrderAddress, asked: Asked, merchantId: string): Promise<Application | null> {
    return (await this.#apply(address, asked, { source: 'refresh', adoptFor: merchantId, claimedUntil: null })).application;
  }

  #refresh(key: string, address: OrderAddress, source: ReadingSource, claimedUntil: Date | null): Promise<Refreshed> {
    const running = this.#askAndApply(address, source, claimedUntil).finally(() => {
      if (entry.next === null) this.#refreshes.delete(key);
    });
    const entry = { running, next: null };
    this.#refreshes.set(key, entry);
    return running;
  }

  async #askAndApply(address: OrderAddress, source: ReadingSource, claimedUntil: Date | null): Promise<Refreshed> {
    // Who asks for a comparison now is a caller; everything else here is the service's own wish, and gives way.
    const asked = await this.#ask(address, { by: source === 'reconcile' ? 'caller' : 'service' });
    const applied = await this.#apply(address, asked, { source, adoptFor: null, claimedUntil });
    return { look: asked.look, startedAt: asked.startedAt, ...applied };
  }

  /** The revision and the time are noted before the question: what happens from here on may not be in the answer. */
  async #ask(address: OrderAddress, extras: ReadExtras): Promise<Asked> {
    const revision = await this.lanes.revisionOf(address.providerAccountId, address.providerOrderId);
    const startedAt = this.clock.now();
    return { revision, startedAt, look: await this.look(address, extras) };
  }

  async #apply(address: OrderAddress, asked: Asked, options: Applying): Promise<Applied> {
    const { look } = asked;
    if (look.kind === 'unreadable') return nothingApplied(null);
    if (look.kind === 'order') return this.#announced(address, await this.#applySnapshot(address, look.snapshot, asked, options));
    // To a caller who asks for an order, its absence is an answer; that ours should be there is looked into by our own reads.
    if (options.source === 'read') return nothingApplied(null);
    return this.#announced(address, await this.#applyAbsence(address, asked, options));
  }

  #applySnapshot(
    address: OrderAddress,
    snapshot: OrderSnapshot,
    { startedAt, revision }: Asked,
    { source, adoptFor, claimedUntil }: Applying,
  ): Promise<Applied & News> {
    return this.database.transaction(async (tx) => {
      const { providerAccountId, providerOrderId } = address;
      await this.lanes.lock(tx, providerAccountId, providerOrderId);
      // Before the order's lock: those operations look at the order when they have this lane.
      const woken = this.#isDecided(snapshot)
        ? await this.held.release(tx, { providerAccountId, lane: providerOrderId }, 'order-pending')
        : [];
      const order = await this.#lockOrAdopt(tx, address, snapshot, adoptFor);
      if (order === undefined) return { ...nothingApplied('unknown'), alarming: [], woken };
      if (adoptFor !== null && order.merchantId !== adoptFor) return { ...nothingApplied('foreign'), alarming: [], woken };
      // Looked at under the order's lock: a lane that was not there to be locked has settled nothing since, or shows it here.
      const lane = await this.lanes.stateOf(tx, providerAccountId, providerOrderId);
      const settled = await this.timeline.operationEventsSince(tx, order.id, order.readAt);
      const unsettled = acts((act) => lane.unsettledKinds.includes(`order-management.${act}`));
      const now = this.clock.now();
      const { full, state, takeOver, events, differences } = applySnapshot(order, {
        ...{ source, snapshot, startedAt, now, claimedUntil },
        undisturbed: lane.revision === revision,
        unsettled,
        settled: acts((act) => settled.some((type) => ACT_OF_EVENT[type] === act)),
        known: await this.movements.known(tx, order.id),
      });
      for (const kind of ['capture', 'refund'] as const) {
        const seen = takeOver[kind].map((movement) => ({ ...movement, id: randomUUID() }));
        await this.movements.takeOver(tx, kind, order, seen, now);
      }
      const compareAt = full ? this.#nextComparison(state, now) : state.compareAt;
      await this.orders.save(tx, order, { ...state, compareAt }, events);
      return {
        application: full ? 'applied' : 'added',
        judged: full && !ACTS.some((act) => unsettled[act]),
        differences,
        alarming: untold(differences, order.flaggedDifferences),
        woken,
      };
    });
  }

  /** Whether captures that wait for Klarna's decision may look again. */
  #isDecided({ status, fraudStatus }: OrderSnapshot): boolean {
    return this.settings.holdCapturesWhilePending && (OVER.includes(status) || (fraudStatus !== null && fraudStatus !== 'PENDING'));
  }

  #applyAbsence(
    { providerAccountId, providerOrderId }: OrderAddress,
    { look, startedAt, revision }: Asked,
    { source, claimedUntil }: Applying,
  ): Promise<Applied & News> {
    return this.database.transaction(async (tx) => {
      await this.lanes.lock(tx, providerAccountId, providerOrderId);
      const order = await this.orders.lock(tx, providerAccountId, providerOrderId);
      if (order === undefined) return { ...nothingApplied('unknown'), alarming: [] };
      const now = this.clock.now();
      if (look.kind === 'no-such-order' && isYoungOrder(order.createdAt, now)) return { ...nothingApplied('young'), alarming: [] };
      const undisturbed = (await this.lanes.revisionOf(providerAccountId, providerOrderId, tx)) === revision;
      const { state, events, differences } = applyAbsence(order, providerOrderId, { source, startedAt, now, undisturbed, claimedUntil });
      const judged = differences.length > 0;
      const compareAt = judged ? this.#nextComparison(state, now) : state.compareAt;
      await this.orders.save(tx, order, { ...state, compareAt }, events);
      return { application: 'absent', judged, differences, alarming: untold(differences, order.flaggedDifferences) };
    });
  }

  /** After the commit: a transaction may have to run twice. */
  #announced({ providerOrderId }: OrderAddress, { alarming, woken = [], ...applied }: Applied & News): Applied {
    this.held.announce(woken);
    const fields = alarming.filter(({ resolution }) => resolution === 'flagged').map(({ field }) => field);
    if (fields.length > 0) this.alerts.raise('order.drift', { order: providerOrderId, fields });
    return applied;
  }

  #nextComparison(state: OrderState, now: Date): Date | null {
    return nextComparison(state, now, this.settings.driftScanHours * 3_600_000, Math.random());
  }

  async #lockOrAdopt(
    tx: Transaction,
    { providerAccountId, providerOrderId, dataSubject = randomUUID() }: OrderAddress,
    snapshot: OrderSnapshot,
    adoptFor: string | null,
  ): Promise<StoredOrder | undefined> {
    const order = await this.orders.lock(tx, providerAccountId, providerOrderId);
    if (order !== undefined || adoptFor === null) return order;
    const now = this.clock.now();
    const state = { ...unknownOrder(dataSubject, now), createdAt: snapshot.createdAt ?? now };
    const made = { id: randomUUID(), merchantId: adoptFor, providerAccountId, providerOrderId, state };
    await this.orders.insert(tx, made, [{ type: 'order.adopted', at: now, operationId: null, data: {} }]);
    return this.orders.lock(tx, providerAccountId, providerOrderId);
  }
}

function keyOf({ providerAccountId, providerOrderId }: OrderAddress): string {
  return `${providerAccountId} ${providerOrderId}`;
}

function acts(is: (act: Act) => boolean): Record<Act, boolean> {
  return Object.fromEntries(ACTS.map((act) => [act, is(act)])) as Record<Act, boolean>;
}
