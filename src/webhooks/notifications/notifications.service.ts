import { Injectable } from '@nestjs/common';
import { validate } from 'uuid';
import { Cursors } from '../../http/cursors.js';
import { canonicalId } from '../../http/resource-id.js';
import type { Caller } from '../../merchants/caller.js';
import { Refusal } from '../../operations/errors.js';
import { firstIdAt } from '../../operations/operations-query.js';
import { NotificationListRepository } from '../../persistence/repositories/notification-list.repository.js';
import { OrdersRepository } from '../../persistence/repositories/orders.repository.js';
import { NotificationResources } from './notification-resources.js';
import { NotificationScopes } from './notification-scope.js';
import { EVENT_TYPES } from '../../persistence/repositories/events.repository.js';
import type { EventsQuery, NotificationsQuery } from './notifications-query.js';
import type {
  IncomingNotification,
  Notification,
  NotificationEventList,
  NotificationPage,
  OutgoingNotificationWithAttempts,
} from './notifications.dto.js';

/** What the calling merchant was told, and what the provider told about its orders. Another merchant's is not there. */
@Injectable()
export class NotificationsService {
  constructor(
    private readonly repository: NotificationListRepository,
    private readonly orders: OrdersRepository,
    private readonly scopes: NotificationScopes,
    private readonly resources: NotificationResources,
    private readonly cursors: Cursors,
  ) {}

  /**
   * One page of both directions, newest first. What comes in between two pages is on neither; one whose state changes may be on both, or
   * on neither.
   * @throws Refusal BAD_VALUE for a cursor of another list
   */
  async list(caller: Caller, query: NotificationsQuery): Promise<NotificationPage> {
    const { limit, cursor, createdTo, ...filters } = query;
    const list = ['notifications', caller.merchantId, JSON.stringify([filters, createdTo])];
    const after = cursor === null ? null : String(this.cursors.read(list, cursor)[0]);
    const [before = null] = [after, createdTo && firstIdAt(createdTo.getTime())].filter((id) => id !== null).sort();
    const from = query.createdFrom && firstIdAt(query.createdFrom.getTime());
    const scope = { ...(await this.scopes.of(caller, query)), from, before };
    const [out, incoming] = await Promise.all([
      wantsOut(query) ? this.repository.deliveries({ ...scope, states: query.deliveryStates }, limit + 1) : [],
      wantsIn(query) ? this.repository.callbacks({ ...scope, states: query.callbackStates }, limit + 1) : [],
    ]);
    const found: Notification[] = [
      ...out.map((row) => this.resources.outgoing(row)),
      ...incoming.map((row) => this.resources.incoming(row)),
    ];
    found.sort((one, other) => (one.id < other.id ? 1 : -1));
    const items = found.slice(0, limit);
    const last = found.length > limit ? items.at(-1) : undefined;
    return { items, next_cursor: last === undefined ? null : this.cursors.write(list, [last.id]) };
  }

  /** One of either direction; a message with its attempts. @throws Refusal NOT_FOUND */
  async read(caller: Caller, id: string): Promise<OutgoingNotificationWithAttempts | IncomingNotification> {
    const known = validate(id);
    const delivery = known ? await this.repository.delivery(caller.merchantId, id) : undefined;
    if (delivery !== undefined) {
      const attempts = await this.repository.attempts(delivery.id);
      return { ...this.resources.outgoing(delivery), history: attempts.map((attempt) => this.resources.attempt(attempt)) };
    }
    const callback = known ? await this.repository.callback(caller.merchantId, id) : undefined;
    if (callback === undefined) throw new Refusal('NOT_FOUND', ['There is no such notification.']);
    return this.resources.incoming(callback);
  }

  /**
   * The events of an order, or of what else events are about, by sequence. An event is on the page after a sequence that was read before,
   * whenever it was written: sequences have no gaps, and come to light in their order.
   * @throws Refusal NO_SUCH_ORDER
   */
  async events(caller: Caller, { orderId, afterSequence, limit }: EventsQuery): Promise<NotificationEventList> {
    const subject = (await this.orders.find(caller.merchantId, orderId))?.id ?? (await this.#otherSubject(caller, canonicalId(orderId)));
    const found = await this.repository.events(caller.merchantId, subject, afterSequence, limit + 1);
    const items = found.slice(0, limit);
    const last = found.length > limit ? items.at(-1) : undefined;
    return {
      items: items.map((event) => this.resources.event(event)),
      next_after_sequence: last === undefined ? null : Number(last.sequence),
    };
  }

  /** What else events are about: a session, a page, a checkout, a customer token, an operation. */
  async #otherSubject(caller: Caller, id: string): Promise<string> {
    if (validate(id) && (await this.repository.isSubject(caller.merchantId, id))) return id;
    throw new Refusal('NO_SUCH_ORDER', ['There is no such order']);
  }
}

const WORDS_OF_EVENTS: readonly string[] = EVENT_TYPES;

function wantsOut({ direction, deliveryStates }: NotificationsQuery): boolean {
  return direction !== 'in' && deliveryStates.length > 0;
}

/** Callbacks have no endpoint, and are no events. */
function wantsIn({ direction, callbackStates, endpointId, type }: NotificationsQuery): boolean {
  return direction !== 'out' && callbackStates.length > 0 && endpointId === null && (type === null || !WORDS_OF_EVENTS.includes(type));
}
