import { Injectable } from '@nestjs/common';
import { validate } from 'uuid';
import { Clock } from '../../clock/clock.js';
import { time } from '../../http/list-query.js';
import type { Caller } from '../../merchants/caller.js';
import { Refusal } from '../../operations/errors.js';
import { firstIdAt } from '../../operations/operations-query.js';
import { GIVE_UP_AFTER_MS } from '../../persistence/repositories/deliveries.repository.js';
import { NotificationListRepository } from '../../persistence/repositories/notification-list.repository.js';
import {
  NotificationReplaysRepository,
  type Replayed,
  type ReplayRefusal,
} from '../../persistence/repositories/notification-replays.repository.js';
import type { Scope } from '../../persistence/repositories/notification-scopes.js';
import { EndpointsService } from './endpoints.service.js';
import { NotificationScopes } from './notification-scope.js';
import { DELIVERY_STATES } from './notifications-query.js';
import { REPLAYED_STATES, type ReplayRequest, type ReplayResult } from './replays.dto.js';
import { OrdersRepository } from '../../persistence/repositories/orders.repository.js';

/** So many are made due in one transaction. */
const AT_A_TIME = 500;

const BECAUSE: Record<ReplayRefusal, string> = {
  'endpoint-removed': 'its endpoint has been removed',
  'endpoint-disabled': 'its endpoint is disabled; enable it first',
  superseded: 'a newer authorization has taken its place',
  erased: 'what it said has been erased',
};

/** Sends messages again: with the same message id, for seven days from now, whatever became of them before. */
@Injectable()
export class ReplaysService {
  constructor(
    private readonly replays: NotificationReplaysRepository,
    private readonly notifications: NotificationListRepository,
    private readonly endpoints: EndpointsService,
    private readonly orders: OrdersRepository,
    private readonly scopes: NotificationScopes,
    private readonly clock: Clock,
  ) {}

  /**
   * Sends one again, in whatever state it is.
   * @throws Refusal NOT_FOUND, NOT_REPLAYABLE for a callback and for what can not be sent any more
   */
  async replayOne(caller: Caller, id: string): Promise<ReplayResult> {
    const known = validate(id);
    const [replayed] = known ? await this.#replay(caller, [id], DELIVERY_STATES) : [];
    if (replayed === undefined) {
      if (known && (await this.notifications.callback(caller.merchantId, id)) !== undefined)
        throw notReplayable(id, 'it came from the provider; the messages that tell of it can be replayed');
      throw new Refusal('NOT_FOUND', ['There is no such notification.']);
    }
    if (replayed.refusal !== null) throw notReplayable(id, BECAUSE[replayed.refusal]);
    return { replayed: 1, skipped: 0 };
  }

  /**
   * Sends many again, some hundred in a transaction: when it fails on the way, some are due and others not yet, and a repeat goes on.
   * @throws Refusal BAD_VALUE; NOT_FOUND for an endpoint and NO_SUCH_ORDER for an order that is not there
   */
  async replayMany(caller: Caller, request: ReplayRequest): Promise<ReplayResult> {
    const states = [...new Set(request.states ?? REPLAYED_STATES), ...(request.include_delivered === true ? ['delivered'] : [])];
    if (request.ids) return this.#replayIds(caller, idsIn(request), states);
    const scope = await this.#scopeOf(caller, request, states);
    const ids: string[] = [];
    for (let { before } = scope; ;) {
      const page = await this.replays.idsIn({ ...scope, before }, AT_A_TIME);
      ids.push(...page);
      if (page.length < AT_A_TIME) break;
      before = page.at(-1) ?? null;
    }
    const { replayed, found } = await this.#replayAll(caller, ids, states);
    return { replayed, skipped: found - replayed };
  }

  async #replayIds(caller: Caller, ids: readonly string[], states: readonly string[]): Promise<ReplayResult> {
    const { replayed } = await this.#replayAll(caller, ids, states);
    return { replayed, skipped: ids.length - replayed };
  }

  /** The oldest first: where an endpoint wants strict order, what comes later must not be due before what comes first. */
  async #replayAll(caller: Caller, ids: readonly string[], states: readonly string[]): Promise<{ replayed: number; found: number }> {
    const oldestFirst = [...ids].sort();
    const total = { replayed: 0, found: 0 };
    for (let start = 0; start < oldestFirst.length;) {
      const end = endOfStep(oldestFirst, start);
      const done = await this.#replay(caller, oldestFirst.slice(start, end), states);
      total.replayed += dueOf(done);
      total.found += done.length;
      start = end;
    }
    return total;
  }

  #replay({ merchantId }: Caller, ids: readonly string[], states: readonly string[]): Promise<Replayed[]> {
    return this.replays.replay(merchantId, ids, states, this.clock.now(), GIVE_UP_AFTER_MS);
  }

  async #scopeOf(caller: Caller, request: ReplayRequest, states: readonly string[]): Promise<Scope> {
    const { endpoint_id: endpointId = null, order_id: orderId = null, type = null } = request;
    const [from, to] = [timeIn(request, 'from'), timeIn(request, 'to')];
    if ([endpointId, orderId, type, from, to].every((named) => named === null))
      throw new Refusal('BAD_VALUE', ['Name at least one of ids, endpoint_id, order_id, type, from, to.']);
    if (endpointId !== null) await this.endpoints.read(caller, endpointId);
    if (orderId !== null && (await this.orders.find(caller.merchantId, orderId)) === undefined)
      throw new Refusal('NO_SUCH_ORDER', ['There is no such order']);
    return {
      ...(await this.scopes.of(caller, { endpointId, orderId, type })),
      ...{ states, from: from && firstIdAt(from.getTime()), before: to && firstIdAt(to.getTime()) },
    };
  }
}

function idsIn({ ids, endpoint_id, order_id, type, from, to }: ReplayRequest): string[] {
  if ([endpoint_id, order_id, type, from, to].some((named) => named !== undefined && named !== null))
    throw new Refusal('BAD_VALUE', ['Bad value: ids must be without endpoint_id, order_id, type, from and to']);
  const bad = (ids ?? []).flatMap((id, index) => (validate(id) ? [] : [`Bad value: ids[${index}] must be a UUID`]));
  if (bad.length > 0) throw new Refusal('BAD_VALUE', bad);
  return [...new Set((ids ?? []).map((id) => id.toLowerCase()))];
}

function timeIn(request: ReplayRequest, name: 'from' | 'to'): Date | null {
  const given = request[name] ?? null;
  const at = given === null ? null : time(given);
  if (at === undefined) throw new Refusal('BAD_VALUE', [`Bad value: ${name} must be a day, or a time with its zone`]);
  return at;
}

/** What was told in the same millisecond, with which ids begin, is in any order among itself: it stays together. */
function endOfStep(ids: readonly string[], start: number): number {
  const momentAt = (index: number) => ids[index]?.slice(0, 13);
  let end = Math.min(start + AT_A_TIME, ids.length);
  while (end < ids.length && momentAt(end) === momentAt(end - 1)) end += 1;
  return end;
}

function dueOf(replayed: readonly Replayed[]): number {
  return replayed.filter(({ refusal }) => refusal === null).length;
}

function notReplayable(id: string, why: string): Refusal {
  return new Refusal('NOT_REPLAYABLE', [`Notification ${id} can't be replayed: ${why}.`]);
}
