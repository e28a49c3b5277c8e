import { Injectable } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { Clock } from '../clock/clock.js';
import type { OperationContext } from '../operations/handler.js';
import type { Transaction } from '../persistence/database.js';
import { type MovementKind, MovementsRepository, type Recorded } from '../persistence/repositories/movements.repository.js';
import { type NewOrder, OrdersRepository } from '../persistence/repositories/orders.repository.js';
import type { OrderState, StoredOrder } from '../persistence/repositories/stored-order.js';
import { type NewEvent, TimelineRepository } from '../persistence/repositories/timeline.repository.js';
import {
  afterAuthorizationUpdate,
  afterCancel,
  afterMovement,
  afterRelease,
  type Anomaly,
  earlier,
  flagged,
  unknownOrder,
} from './order-picture.js';

/** An order that Klarna has placed. */
export interface Placed {
  providerOrderId: string;
  /** `ACCEPTED`, `PENDING` or `REJECTED`, as Klarna answered it. */
  fraudStatus: string | null;
  currency: string | null;
  /** Minor units. */
  orderAmount: number | null;
  merchantReference1: string | null;
  merchantReference2: string | null;
  /** Klarna captures the order by itself. */
  autoCapture: boolean;
  at: Date;
  /** Found after the caller had been given an error. */
  late: boolean;
}

/** An order that was seen at Klarna and not placed by an operation of ours. */
export interface Met {
  merchantId: string;
  providerAccountId: string;
  providerOrderId: string;
  /** Of what it was made from. */
  dataSubject: string;
  at: Date;
}

/** A capture that Klarna has made. */
export interface Captured {
  captureId: string;
  /** Minor units. */
  amount: number;
  reference: string | null;
  at: Date;
  late: boolean;
}

/** A refund that Klarna has made. */
export interface Refunded {
  refundId: string;
  /** Minor units. */
  amount: number;
  reference: string | null;
  at: Date;
  late: boolean;
}

export interface Learned {
  at: Date;
  late: boolean;
}

/** Reads follow a change with this delay, so that changes in a row cost one read. */
const READ_AFTER_MS = 1_000;

const WORDS = {
  capture: { event: 'order.captured', linked: 'order.capture_linked', key: 'capture_id' },
  refund: { event: 'order.refunded', linked: 'order.refund_linked', key: 'refund_id' },
} as const satisfies Record<MovementKind, { event: string; linked: string; key: string }>;

/** Refusals by which Klarna shows that it knows the order. */
const KNOWS_THE_ORDER = /(^|_)NOT_ALLOWED$/;

/**
 * Writes what operations brought about into the lifecycle: order, captures, refunds, timeline. Called inside the transaction that settles
 * the operation; the order's row is the last lock taken. Every method may run twice for one success and then changes nothing. What the
 * provider did is never refused here, however strange: it is written down and flagged.
 */
@Injectable()
export class OrderLifecycle {
  constructor(
    private readonly orders: OrdersRepository,
    private readonly movements: MovementsRepository,
    private readonly timeline: TimelineRepository,
    private readonly clock: Clock,
  ) {}

  /** Records an order that was placed, or completes one that was seen before its placing was settled. */
  async placed(tx: Transaction, operation: OperationContext, placed: Placed): Promise<void> {
    const made = event('order.created', operation, placed, {
      order_amount: placed.orderAmount,
      currency: placed.currency,
      fraud_status: placed.fraudStatus,
      ...(placed.autoCapture ? { auto_capture: true } : {}),
    });
    const state = placedState(operation, placed);
    const { merchantId, providerAccountId } = operation;
    const { providerOrderId } = placed;
    if (await this.orders.insert(tx, { id: randomUUID(), merchantId, providerAccountId, providerOrderId, state }, [made])) return;
    const order = await this.#lock(tx, providerAccountId, providerOrderId);
    if (await this.timeline.has(tx, order.id, made.type, null)) return;
    const { dataSubject, origin } = state;
    const seen = order.readAt === null ? { ...state, ...known(order) } : { ...order, dataSubject, origin };
    const foreign = order.merchantId === merchantId ? null : 'PLACED_BY_ANOTHER_MERCHANT';
    await this.orders.save(tx, order, flagged({ ...seen, updatedAt: placed.at, refreshAt: placed.at }, foreign), [made]);
  }

  /**
   * Records an order that was met at Klarna, by its id alone; it is read soon. One that is known already, at whatever account, stays whose
   * and as it is.
   */
  async met(tx: Transaction, { at, dataSubject, ...order }: Met): Promise<void> {
    if ((await this.orders.findByProviderId(order.providerOrderId, tx)).length > 0) return;
    await this.#adopt(tx, { ...order, state: unknownOrder(dataSubject, at) }, null, at);
  }

  /** Records a capture: linked to its operation, counted once. */
  async captured(tx: Transaction, operation: OperationContext, captured: Captured): Promise<void> {
    await this.#moved(tx, 'capture', operation, captured.captureId, captured);
  }

  /** Records a refund: linked to its operation, counted once. */
  async refunded(tx: Transaction, operation: OperationContext, refunded: Refunded): Promise<void> {
    await this.#moved(tx, 'refund', operation, refunded.refundId, refunded);
  }

  /** Records that the order was cancelled. `amount` in the timeline is what was let go of, in minor units. */
  async cancelled(tx: Transaction, operation: OperationContext, learned: Learned): Promise<void> {
    await this.#changed(tx, operation, learned, 'order.cancelled', (order) => ({
      ...{ data: { amount: order.remainingAuthorizedAmount }, state: afterCancel(order) },
    }));
  }

  /** Records that what remained of the authorization was released. `amount` in the timeline is that, in minor units. */
  async released(tx: Transaction, operation: OperationContext, learned: Learned): Promise<void> {
    await this.#changed(tx, operation, learned, 'order.released', (order) => ({
      ...{ data: { amount: order.remainingAuthorizedAmount }, state: afterRelease(order) },
    }));
  }

  /** Records that the authorization was set anew. @param orderAmount minor units; null: not known any more, the next read tells */
  async authorizationUpdated(tx: Transaction, operation: OperationContext, learned: Learned, orderAmount: number | null): Promise<void> {
    await this.#changed(tx, operation, learned, 'order.authorization_updated', (order) => {
      const state = orderAmount === null ? order : afterAuthorizationUpdate(order, orderAmount);
      const { orderAmount: amount, remainingAuthorizedAmount: remaining } = state;
      return { state, data: { order_amount: amount, from: order.orderAmount, remaining_authorized_amount: remaining } };
    });
  }

  /** Records that the authorization ends later. When, only the next read tells; `from` in the timeline is when it would have ended. */
  async authorizationExtended(tx: Transaction, operation: OperationContext, learned: Learned): Promise<void> {
    await this.#changed(tx, operation, learned, 'order.authorization_extended', (order) => ({
      ...{ data: { from: order.expiresAt?.toISOString() ?? null }, state: order },
    }));
  }

  /** Records the merchant's new references. */
  async referencesUpdated(
    tx: Transaction,
    operation: OperationContext,
    learned: Learned,
    references: Partial<Pick<OrderState, 'merchantReference1' | 'merchantReference2'>>,
  ): Promise<void> {
    await this.#changed(tx, operation, learned, 'order.references_updated', (order) => ({
      ...{ data: { fields: Object.keys(references).map(snakeCase) }, state: { ...order, ...references } },
    }));
  }

  /** Records that the goods go elsewhere. Klarna assessed it: what came of that, the next read tells. */
  async customerDetailsUpdated(tx: Transaction, operation: OperationContext, learned: Learned): Promise<void> {
    await this.#changed(tx, operation, learned, 'order.customer_details_updated', (order) => ({ data: {}, state: order }));
  }

  /** Records what changes nothing of an order that is kept here. @param data codes, ids and counts; nothing that tells of a person */
  async noted(
    tx: Transaction,
    operation: OperationContext,
    learned: Learned,
    type: `order.${string}`,
    data: Record<string, unknown> = {},
  ): Promise<void> {
    await this.#changed(tx, operation, learned, type, () => ({ data, state: null }));
  }

  /**
   * The provider refused: our picture of the order may be old, so it is read again soon. An order we don't know, but of which the refusal
   * shows that Klarna does, is adopted.
   */
  async refused(tx: Transaction, operation: OperationContext, code: string | null): Promise<void> {
    if (operation.lane === null) return;
    const now = this.clock.now();
    if (await this.orders.readSoon(tx, operation.providerAccountId, operation.lane, now)) return;
    if (code !== null && KNOWS_THE_ORDER.test(code)) await this.#lockOrAdopt(tx, operation, now);
  }

  async #moved(
    tx: Transaction,
    kind: MovementKind,
    operation: OperationContext,
    providerId: string,
    { amount, reference, at, late }: Captured | Refunded,
  ): Promise<void> {
    const order = await this.#lockOrAdopt(tx, operation, at);
    const recorded = await this.movements.recordForOperation(tx, kind, order, {
      id: randomUUID(),
      operationId: operation.id,
      now: at,
      ...{ providerId, amount, reference, description: null, klarnaReference: null, at: null },
    });
    const anomaly = anomalyOf(kind, recorded);
    const state = flagged(recorded.made ? afterMovement(kind, order, amount) : order, anomaly);
    const { event: told, linked, key } = WORDS[kind];
    const data = {
      [key]: providerId,
      amount,
      captured_amount: state.capturedAmount,
      refunded_amount: state.refundedAmount,
      remaining_authorized_amount: state.remainingAuthorizedAmount,
    };
    const events = recorded.told && recorded.link !== 'now' ? [] : [event(recorded.told ? linked : told, operation, { at, late }, data)];
    if (anomaly !== null && state !== order) events.push(event('order.anomaly', operation, { at, late }, { anomaly, [key]: providerId }));
    if (events.length > 0) await this.#save(tx, order, state, events, at);
  }

  /** Tells once of what an operation did. @param change null as state: there is nothing to read, either */
  async #changed(
    tx: Transaction,
    operation: OperationContext,
    { at, late }: Learned,
    type: string,
    change: (order: StoredOrder) => { data: Record<string, unknown>; state: OrderState | null },
  ): Promise<void> {
    const order = await this.#lockOrAdopt(tx, operation, at);
    if (await this.timeline.has(tx, order.id, type, operation.id)) return;
    const { data, state } = change(order);
    const events = [event(type, operation, { at, late }, data)];
    if (state === null) await this.orders.save(tx, order, { ...order, updatedAt: at }, events);
    else await this.#save(tx, order, state, events, at);
  }

  /** What Klarna alone knows after a change (status after a release, the new expiry, times and references) is read soon. */
  async #save(tx: Transaction, order: StoredOrder, state: OrderState, events: NewEvent[], at: Date): Promise<void> {
    const refreshAt = earlier(order.refreshAt, new Date(at.getTime() + READ_AFTER_MS));
    await this.orders.save(tx, order, { ...state, updatedAt: at, refreshAt }, events);
  }

  /** The order of an operation's lane, locked; one that we don't know yet is written down by its id alone and read soon. */
  async #lockOrAdopt(tx: Transaction, operation: OperationContext, at: Date): Promise<StoredOrder> {
    const { merchantId, providerAccountId, lane } = operation;
    if (lane === null) throw new Error(`Operation ${operation.id} (${operation.kind}) names no order`);
    const known = await this.orders.lock(tx, providerAccountId, lane);
    if (known !== undefined) return known;
    const state = unknownOrder(operation.dataSubject, at);
    await this.#adopt(tx, { merchantId, providerAccountId, providerOrderId: lane, state }, operation.id, at);
    return this.#lock(tx, providerAccountId, lane);
  }

  async #adopt(tx: Transaction, order: Omit<NewOrder, 'id'>, operationId: string | null, at: Date): Promise<void> {
    await this.orders.insert(tx, { id: randomUUID(), ...order }, [{ type: 'order.adopted', at, operationId, data: {} }]);
  }

  async #lock(tx: Transaction, providerAccountId: string, providerOrderId: string): Promise<StoredOrder> {
    const order = await this.orders.lock(tx, providerAccountId, providerOrderId);
    if (order === undefined) throw new Error(`Order ${providerOrderId} was neither found nor inserted: its provider account is unknown`);
    return order;
  }
}

function placedState(operation: OperationContext, placed: Placed): OrderState {
  const { at, autoCapture, orderAmount } = placed;
  return {
    ...unknownOrder(operation.dataSubject, at, placed.late ? 'late' : 'created'),
    fraudStatus: placed.fraudStatus,
    currency: placed.currency,
    orderAmount,
    originalOrderAmount: orderAmount,
    merchantReference1: placed.merchantReference1,
    merchantReference2: placed.merchantReference2,
    // An order that Klarna captures by itself is in a state that only a read tells.
    status: autoCapture ? null : 'AUTHORIZED',
    remainingAuthorizedAmount: autoCapture ? null : orderAmount,
  };
}

/** What is already known of an adopted order wins over what its placing supposes. */
function known(order: StoredOrder): Partial<OrderState> {
  const moved = order.capturedAmount > 0 || order.refundedAmount > 0;
  const { capturedAmount, refundedAmount, status, remainingAuthorizedAmount } = order;
  const { anomaly, learnedAt, movedElsewhereAt } = order;
  const lasting = { anomaly, learnedAt, movedElsewhereAt };
  return moved || status !== null ? { capturedAmount, refundedAmount, status, remainingAuthorizedAmount, ...lasting } : lasting;
}

function anomalyOf(kind: MovementKind, { link }: Recorded): Anomaly | null {
  if (link === 'second') return kind === 'capture' ? 'SECOND_CAPTURE_OF_ONE_OPERATION' : 'SECOND_REFUND_OF_ONE_OPERATION';
  if (link === 'foreign') return kind === 'capture' ? 'ONE_CAPTURE_OF_TWO_OPERATIONS' : 'ONE_REFUND_OF_TWO_OPERATIONS';
  return null;
}

function snakeCase(member: string): string {
  return member.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function event(type: string, operation: OperationContext, { at, late }: Learned, data: Record<string, unknown>): NewEvent {
  return { type, at, operationId: operation.id, data: late ? { ...data, late: true } : data };
}
