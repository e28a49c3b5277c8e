import { Injectable } from '@nestjs/common';
import { Database, type Queryable, type Transaction } from '../database.js';
import { EventsRepository } from './events.repository.js';
import { eventsOf, type OrderChange } from './published-events.js';
import { ORDER_COLUMNS, orderOf, STATE_COLUMNS, type OrderRow, type OrderState, type StoredOrder } from './stored-order.js';
import { parametersOf, type NewEvent } from './timeline.repository.js';

/** Where an order belongs: enough to route a request to it. */
export interface OrderPlace {
  id: string;
  merchantId: string;
  providerAccountId: string;
  providerOrderId: string;
  dataSubject: string;
  createdAt: Date;
  /** The last moment to capture, as last read; null: not known. */
  expiresAt: Date | null;
}

export interface NewOrder {
  id: string;
  merchantId: string;
  providerAccountId: string;
  providerOrderId: string;
  state: OrderState;
}

/** One order that is due to be read again, claimed until `claimedUntil`. */
export interface DueOrder extends OrderPlace {
  claimedUntil: Date;
}

/** One page of a merchant's orders, newest first. */
export interface OrdersList {
  merchantId: string;
  /** Equal to either of the merchant's references. */
  reference: string | null;
  status: string | null;
  /** Only orders of which something was learned later than it happened: the order itself, or a capture or refund made elsewhere. */
  learnedLater: boolean;
  /** Inclusive. */
  createdFrom: Date | null;
  /** Exclusive. */
  createdTo: Date | null;
  limit: number;
  /** The last order of the page before. */
  after: { createdAt: Date; id: string } | null;
}

const PLACE_COLUMNS = `id, merchant_id AS "merchantId", provider_account_id AS "providerAccountId",
  provider_order_id AS "providerOrderId", data_subject AS "dataSubject", created_at AS "createdAt", expires_at AS "expiresAt"`;

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Orders: queries, locks, upserts. Identity never changes; everything else is written by `save`, under the row's lock. */
@Injectable()
export class OrdersRepository {
  constructor(
    private readonly database: Database,
    private readonly events: EventsRepository,
  ) {}

  /** Every order with this provider's id, of whatever merchant and account. The provider's ids are unique per account only. */
  findByProviderId(providerOrderId: string, db: Queryable = this.database): Promise<OrderPlace[]> {
    return db.query<OrderPlace>(`SELECT ${PLACE_COLUMNS} FROM orders WHERE provider_order_id = $1 ORDER BY created_at, id`, [
      providerOrderId,
    ]);
  }

  /** One order of a merchant, by our id or the provider's. */
  async find(merchantId: string, id: string): Promise<StoredOrder | undefined> {
    const rows = await this.database.query<OrderRow>(
      UUID.test(id)
        ? `SELECT ${ORDER_COLUMNS} FROM orders o WHERE merchant_id = $1 AND (id = $2::text::uuid OR provider_order_id = $2)
           ORDER BY (provider_order_id = $2), created_at LIMIT 1`
        : `SELECT ${ORDER_COLUMNS} FROM orders o WHERE merchant_id = $1 AND provider_order_id = $2 ORDER BY created_at LIMIT 1`,
      // A UUID is the same in capitals.
      [merchantId, UUID.test(id) ? id.toLowerCase() : id],
    );
    return rows[0] && orderOf(rows[0]);
  }

  /**
   * One page of orders. Goes on from a row, not from a count, and every combination of filters is served by an index in the page's own
   * order: a page reads as many rows with a thousand orders stored as with a million.
   */
  async list({ merchantId, reference, status, learnedLater, createdFrom, createdTo, limit, after }: OrdersList): Promise<StoredOrder[]> {
    const params: unknown[] = [merchantId, limit];
    const bind = (value: unknown) => `$${params.push(value)}`;
    const conditions = ['o.merchant_id = $1'];
    if (status !== null) conditions.push(`o.status = ${bind(status)}`);
    if (learnedLater) conditions.push(`(o.origin <> 'created' OR o.moved_elsewhere_at IS NOT NULL)`);
    if (createdFrom !== null) conditions.push(`o.created_at >= ${bind(createdFrom)}`);
    if (createdTo !== null) conditions.push(`o.created_at < ${bind(createdTo)}`);
    if (after !== null) conditions.push(`(o.created_at, o.id) < (${bind(after.createdAt)}, ${bind(after.id)}::uuid)`);
    const page = (...more: string[]) =>
      `SELECT ${ORDER_COLUMNS} FROM orders o WHERE ${[...conditions, ...more].join(' AND ')} ORDER BY o.created_at DESC, o.id DESC LIMIT $2`;
    const referenced = reference === null ? undefined : bind(reference);
    const sql =
      referenced === undefined
        ? page()
        : `SELECT * FROM ((${page(equals('merchant_reference1', referenced))}) UNION (${page(equals('merchant_reference2', referenced))})) found
           ORDER BY "createdAt" DESC, id DESC LIMIT $2`;
    return (await this.database.query<OrderRow>(sql, params)).map(orderOf);
  }

  /** Locks an order until the transaction ends and gives its newest state. The last lock of the chain: lane and operation come first. */
  async lock(tx: Transaction, providerAccountId: string, providerOrderId: string): Promise<StoredOrder | undefined> {
    const rows = await tx.query<OrderRow>(
      `SELECT ${ORDER_COLUMNS} FROM orders o WHERE provider_account_id = $1 AND provider_order_id = $2 FOR NO KEY UPDATE`,
      [providerAccountId, providerOrderId],
    );
    return rows[0] && orderOf(rows[0]);
  }

  /**
   * Inserts an order with the first events of its timeline, and tells the merchant what follows from them.
   * @returns false when it is there already; then nothing was written
   */
  async insert(tx: Transaction, order: NewOrder, events: readonly NewEvent[]): Promise<boolean> {
    const columns = STATE_COLUMNS.map(({ column }) => column);
    const values = STATE_COLUMNS.map((_, index) => `$${index + 9}`);
    const rows = await tx.query(
      `WITH made AS (
         INSERT INTO orders (id, merchant_id, provider_account_id, provider_order_id, provider, timeline_sequence, ${columns.join(', ')})
         SELECT $1, $2, $3::uuid, $4, account.provider, cardinality($5::text[]), ${values.join(', ')}
         FROM provider_accounts account WHERE account.id = $3::uuid
         ON CONFLICT (provider_account_id, provider_order_id) DO NOTHING
         RETURNING id
       ), told AS (
         INSERT INTO timeline (order_id, sequence, at, type, operation_id, data)
         SELECT made.id, new.place, new.at, new.type, new.operation_id, new.data
         FROM made, unnest($5::text[], $6::timestamptz[], $7::uuid[], $8::jsonb[])
           WITH ORDINALITY AS new (type, at, operation_id, data, place)
       )
       SELECT id FROM made`,
      [order.id, order.merchantId, order.providerAccountId, order.providerOrderId, ...parametersOf(events), ...stateOf(order.state)],
    );
    if (rows.length === 0) return false;
    await this.#publish(tx, { order, before: null, after: order.state, entries: events }, false);
    return true;
  }

  /**
   * Writes the state of an order whose lock is held, and what there is to tell about it, to the merchant as well.
   * @param order as it was when it was locked
   */
  async save(tx: Transaction, order: StoredOrder, state: OrderState, events: readonly NewEvent[]): Promise<void> {
    const changes = STATE_COLUMNS.map(({ column }, index) => `${column} = $${index + 6}`);
    await tx.query(
      `WITH saved AS (
         UPDATE orders SET timeline_sequence = timeline_sequence + cardinality($2::text[]), ${changes.join(', ')}
         WHERE id = $1 RETURNING id, timeline_sequence - cardinality($2::text[]) AS last
       )
       INSERT INTO timeline (order_id, sequence, at, type, operation_id, data)
       SELECT saved.id, saved.last + new.place, new.at, new.type, new.operation_id, new.data
       FROM saved, unnest($2::text[], $3::timestamptz[], $4::uuid[], $5::jsonb[])
         WITH ORDINALITY AS new (type, at, operation_id, data, place)`,
      [order.id, ...parametersOf(events), ...stateOf(state)],
    );
    await this.#publish(tx, { order, before: order, after: state, entries: events }, order.announcedAt !== null);
  }

  async #publish(tx: Transaction, change: OrderChange, announced: boolean): Promise<void> {
    const { events, announce } = eventsOf(change);
    await this.events.publish(tx, events, announce === null || announced ? [] : [{ orderId: change.order.id, ...announce }]);
  }

  /** Asks for a read of an order, at the latest at this time. @returns false when the order is not known here */
  async readSoon(tx: Transaction, providerAccountId: string, providerOrderId: string, at: Date): Promise<boolean> {
    const rows = await tx.query(
      `UPDATE orders SET refresh_at = LEAST(refresh_at, $3) WHERE provider_account_id = $1 AND provider_order_id = $2 RETURNING id`,
      [providerAccountId, providerOrderId, at],
    );
    return rows.length > 0;
  }

  /**
   * Takes orders that are due to be read, longest due first, passing over those that another worker is taking. Moving `refresh_at` ahead
   * is the claim: when the reader dies, the order is due again at `claimUntil`.
   * @param restingAccounts provider accounts that are left alone for now
   */
  claimDue(now: Date, claimUntil: Date, limit: number, restingAccounts: readonly string[]): Promise<DueOrder[]> {
    return this.database.query<DueOrder>(
      `UPDATE orders SET refresh_at = $2
       WHERE id IN (
         SELECT id FROM orders WHERE refresh_at <= $1 AND provider_account_id <> ALL ($4::uuid[])
         ORDER BY refresh_at LIMIT $3 FOR NO KEY UPDATE SKIP LOCKED
       )
       RETURNING ${PLACE_COLUMNS}, refresh_at AS "claimedUntil"`,
      [now, claimUntil, limit, restingAccounts],
    );
  }

  /**
   * Takes orders that nobody has read for too long, longest due first, so many of each account; not those that are about to be read for
   * another reason. Moving `compare_at` ahead is the claim. Every second one process has the turn of an account, so that the quota is
   * one for all of them; like a lease, a turn is on Postgres' clock.
   * @param perAccount how many of each account's
   * @param restingAccounts provider accounts that are left alone for now, beside those that are paused or have no credentials any more
   */
  claimComparisons(now: Date, claimUntil: Date, perAccount: number, restingAccounts: readonly string[]): Promise<OrderPlace[]> {
    return this.database.query<OrderPlace>(
      `WITH turn AS (
         INSERT INTO comparison_turns AS t (provider_account_id, until)
         SELECT a.id, now() + interval '1 second' FROM provider_accounts a
         WHERE a.paused_at IS NULL AND (a.retired_at IS NULL OR a.successor_id IS NOT NULL) AND a.id <> ALL ($4::uuid[])
           AND EXISTS (SELECT FROM orders o WHERE o.provider_account_id = a.id AND o.compare_at <= $1)
         ORDER BY a.id
         ON CONFLICT (provider_account_id) DO UPDATE SET until = EXCLUDED.until WHERE t.until <= now()
         RETURNING provider_account_id
       ), due AS (
         SELECT found.id FROM turn CROSS JOIN LATERAL (
           SELECT o.id FROM orders o
           WHERE o.provider_account_id = turn.provider_account_id AND o.compare_at <= $1 AND (o.refresh_at IS NULL OR o.refresh_at > $2)
           ORDER BY o.compare_at LIMIT $3 FOR NO KEY UPDATE SKIP LOCKED
         ) found
       )
       UPDATE orders SET compare_at = $2 WHERE id IN (SELECT id FROM due)
       RETURNING ${PLACE_COLUMNS}`,
      [now, claimUntil, perAccount, restingAccounts],
    );
  }

  /** Moves a claimed order's next read, unless someone asked for another time meanwhile. */
  async postpone(order: DueOrder, until: Date): Promise<void> {
    await this.database.query(`UPDATE orders SET refresh_at = $3 WHERE id = $1 AND refresh_at = $2`, [order.id, order.claimedUntil, until]);
  }
}

function stateOf(state: OrderState): unknown[] {
  // An array as a parameter would be one of Postgres' own.
  const written = { ...state, flaggedDifferences: state.flaggedDifferences && JSON.stringify(state.flaggedDifferences) };
  return STATE_COLUMNS.map(({ member }) => written[member]);
}

/** Equal to a text of any length; the index holds the beginning. */
function equals(column: 'merchant_reference1' | 'merchant_reference2', value: string): string {
  return `left(o.${column}, 255) = left(${value}, 255) AND o.${column} = ${value}`;
}
