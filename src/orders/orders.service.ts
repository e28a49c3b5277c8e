import { Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import { Cursors } from '../http/cursors.js';
import type { PageQuery } from '../http/list-query.js';
import { isPlainText } from '../http/text.js';
import type { Caller } from '../merchants/caller.js';
import { Refusal } from '../operations/errors.js';
import { ExpiryRepository } from '../persistence/repositories/expiry.repository.js';
import { MovementsRepository } from '../persistence/repositories/movements.repository.js';
import { OrdersRepository } from '../persistence/repositories/orders.repository.js';
import type { StoredOrder } from '../persistence/repositories/stored-order.js';
import { TimelineRepository } from '../persistence/repositories/timeline.repository.js';
import type { OrdersQuery } from './list-queries.js';
import { eventResource, orderResource, orderResources } from './order-resource.js';
import type { Order, OrderPage, OrderTimeline } from './orders.dto.js';

/** Orders of the calling merchant, from our own database. */
@Injectable()
export class OrdersService {
  constructor(
    private readonly orders: OrdersRepository,
    private readonly movements: MovementsRepository,
    private readonly timeline: TimelineRepository,
    private readonly cursors: Cursors,
    private readonly expiry: ExpiryRepository,
    private readonly clock: Clock,
  ) {}

  /**
   * One page of orders whose authorization ends soon with money that was not captured, the soonest first; with what all of them come to.
   * All pages are of the same time, the first one's.
   * @throws Refusal BAD_VALUE for a cursor of another list
   */
  async expiring(caller: Caller, withinMs: number, { limit, cursor }: PageQuery): Promise<OrderPage> {
    const list = ['expiring', caller.merchantId, String(withinMs)];
    const after = cursor === null ? null : this.cursors.read(list, cursor);
    const from = after === null ? this.clock.now() : new Date(Number(after[2]));
    const range = { merchantId: caller.merchantId, from, until: new Date(from.getTime() + withinMs) };
    const place = after === null ? null : { expiresAt: new Date(Number(after[0])), id: String(after[1]) };
    const [found, atRisk] = await Promise.all([this.expiry.list(range, limit + 1, place), this.expiry.atRisk(range)]);
    const orders = found.slice(0, limit);
    const last = found.length > limit ? orders.at(-1) : undefined;
    return {
      items: orderResources(orders, await this.movements.ofOrders(orders.map(({ id }) => id))),
      next_cursor: last?.expiresAt ? this.cursors.write(list, [last.expiresAt.getTime(), last.id, from.getTime()]) : null,
      at_risk: atRisk,
    };
  }

  /**
   * One page of orders, newest first. Orders that come in between two pages are on neither; none is left out or shown twice.
   * @throws Refusal BAD_VALUE for a cursor of another list
   */
  async list(caller: Caller, query: OrdersQuery): Promise<OrderPage> {
    if (query.expiringWithinMs !== null) return this.expiring(caller, query.expiringWithinMs, query);
    const { reference, status, learnedLater, createdFrom, createdTo, limit } = query;
    const filters = [reference, status, createdFrom?.toISOString(), createdTo?.toISOString(), learnedLater];
    const list = ['orders', caller.merchantId, JSON.stringify(filters)];
    const after = query.cursor === null ? null : this.cursors.read(list, query.cursor);
    const found = await this.orders.list({
      ...{ merchantId: caller.merchantId, reference, status, learnedLater, createdFrom, createdTo, limit: limit + 1 },
      after: after === null ? null : { createdAt: new Date(Number(after[0])), id: String(after[1]) },
    });
    const orders = found.slice(0, limit);
    const last = found.length > limit ? orders.at(-1) : undefined;
    return {
      items: orderResources(orders, await this.movements.ofOrders(orders.map(({ id }) => id))),
      next_cursor: last === undefined ? null : this.cursors.write(list, [last.createdAt.getTime(), last.id]),
    };
  }

  /**
   * One order.
   * @param id ours or the provider's
   * @throws Refusal NO_SUCH_ORDER when the merchant has none under this id
   */
  async read(caller: Caller, id: string): Promise<Order> {
    const order = await this.find(caller, id);
    return orderResource(order, await this.movements.ofOrders([order.id]));
  }

  /**
   * One page of an order's timeline, oldest first.
   * @throws Refusal NO_SUCH_ORDER, BAD_VALUE for a cursor of another list
   */
  async history(caller: Caller, id: string, query: PageQuery): Promise<OrderTimeline> {
    const order = await this.find(caller, id);
    const list = ['timeline', caller.merchantId, order.id];
    const after = query.cursor === null ? 0 : Number(this.cursors.read(list, query.cursor)[0]);
    const found = await this.timeline.list(order.id, after, query.limit + 1);
    const entries = found.slice(0, query.limit);
    const last = found.length > query.limit ? entries.at(-1) : undefined;
    return {
      items: entries.map(eventResource),
      next_cursor: last === undefined ? null : this.cursors.write(list, [last.sequence]),
    };
  }

  /**
   * An order as stored, for those who do more with it than show it.
   * @throws Refusal NO_SUCH_ORDER
   */
  async find(caller: Caller, id: string): Promise<StoredOrder> {
    const order = isPlainText(id) ? await this.orders.find(caller.merchantId, id) : undefined;
    if (order === undefined) throw new Refusal('NO_SUCH_ORDER', ['There is no such order']);
    return order;
  }
}
