import { Injectable } from '@nestjs/common';
import { minorUnitsOf } from '../../money.js';
import { Database, type Transaction } from '../database.js';
import type { StoredOrder } from './stored-order.js';

/** Money that moved on an order: a capture takes it, a refund gives it back. Both are kept and matched in the same way. */
export type MovementKind = 'capture' | 'refund';

/** A capture or refund as stored. */
export interface Movement {
  orderId: string;
  kind: MovementKind;
  /** The provider's id. */
  providerId: string;
  /** Minor units. */
  amount: number | null;
  reference: string | null;
  /** The provider's time. */
  at: Date | null;
  /** Null: made elsewhere, or not yet known to be ours. */
  operationId: string | null;
  /** Since when we know it. */
  createdAt: Date;
}

export interface KnownMovement extends Movement {
  /** Whether the timeline has told of it. */
  told: boolean;
}

/** A capture or refund as an operation or a snapshot names it. */
export interface NewMovement {
  providerId: string;
  amount: number | null;
  reference: string | null;
  description: string | null;
  klarnaReference: string | null;
  at: Date | null;
}

/**
 * What recording an operation's movement came to.
 * `made`: a new row, so its amount must be added to the order's. `told`: the timeline has told of it before.
 * `link` - now: linked to the operation by this call. before: it was linked to it already. second: the operation has made another
 * movement before, this row stays unlinked. foreign: the row belongs to another operation.
 */
export interface Recorded {
  made: boolean;
  told: boolean;
  link: 'now' | 'before' | 'second' | 'foreign';
}

const SECOND_MOVEMENT = 'SECOND_MOVEMENT_OF_ONE_OPERATION';
const OTHER_AMOUNT = 'AMOUNT_IS_NOT_WHAT_WAS_ASKED_FOR';

const TABLES = {
  capture: { table: 'captures', id: 'provider_capture_id', at: 'captured_at', event: 'order.captured', key: 'capture_id' },
  refund: { table: 'refunds', id: 'provider_refund_id', at: 'refunded_at', event: 'order.refunded', key: 'refund_id' },
} as const satisfies Record<MovementKind, { table: string; id: string; at: string; event: string; key: string }>;

/** Captures and refunds. A row exists exactly when its amount is counted in the order's: whoever inserts the row adds the amount. */
@Injectable()
export class MovementsRepository {
  constructor(private readonly database: Database) {}

  /** Records what an operation made. The order's lock must be held. */
  async recordForOperation(
    tx: Transaction,
    kind: MovementKind,
    order: StoredOrder,
    movement: NewMovement & { id: string; operationId: string; now: Date },
  ): Promise<Recorded> {
    const { table, id, at } = TABLES[kind];
    const rows = await tx.query<{ made: boolean; operationId: string | null; told: boolean }>(
      `INSERT INTO ${table} AS m (id, order_id, merchant_id, provider_account_id, ${id}, amount, reference, ${at}, created_at, operation_id, anomaly)
       SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, CASE WHEN second THEN NULL ELSE $10::uuid END, CASE WHEN second THEN $11 END
       FROM (SELECT EXISTS (SELECT FROM ${table} WHERE operation_id = $10::uuid AND (order_id <> $2 OR ${id} <> $5)) AS second) AS other
       ON CONFLICT (order_id, ${id}) DO UPDATE
         SET operation_id = EXCLUDED.operation_id, anomaly = COALESCE(m.anomaly, EXCLUDED.anomaly)
         WHERE m.operation_id IS NULL AND (EXCLUDED.operation_id IS NOT NULL OR m.anomaly IS NULL)
       RETURNING xmax = 0 AS made, m.operation_id AS "operationId", ${toldIn(kind)} AS told`,
      [
        movement.id,
        order.id,
        order.merchantId,
        order.providerAccountId,
        movement.providerId,
        movement.amount,
        movement.reference,
        movement.at,
        movement.now,
        movement.operationId,
        SECOND_MOVEMENT,
      ],
    );
    const row = rows[0];
    if (row !== undefined) return { made: row.made, told: row.told, link: row.operationId === null ? 'second' : 'now' };
    return this.whose(tx, kind, order.id, movement);
  }

  /** Takes over what a snapshot shows: unknown ones are inserted, known ones completed and corrected. The order's lock must be held. */
  async takeOver(
    tx: Transaction,
    kind: MovementKind,
    order: StoredOrder,
    seen: readonly (NewMovement & { id: string })[],
    now: Date,
  ): Promise<void> {
    if (seen.length === 0) return;
    const { table, id, at } = TABLES[kind];
    const details = ['amount', 'reference', 'description', 'klarna_reference', at];
    const newest = (column: string) => `COALESCE(EXCLUDED.${column}, m.${column})`;
    await tx.query(
      `INSERT INTO ${table} AS m (order_id, merchant_id, provider_account_id, created_at, id, ${id}, ${details.join(', ')})
       SELECT $1, $2, $3, $4, seen.*
       FROM unnest($5::uuid[], $6::text[], $7::bigint[], $8::text[], $9::text[], $10::text[], $11::timestamptz[]) AS seen
       ON CONFLICT (order_id, ${id}) DO UPDATE
         SET ${details.map((column) => `${column} = ${newest(column)}`).join(', ')},
             anomaly = CASE WHEN EXCLUDED.amount <> m.amount THEN $12 ELSE m.anomaly END
         WHERE (${details.map((column) => `m.${column}`).join(', ')}) IS DISTINCT FROM (${details.map(newest).join(', ')})`,
      [
        order.id,
        order.merchantId,
        order.providerAccountId,
        now,
        seen.map((movement) => movement.id),
        seen.map((movement) => movement.providerId),
        seen.map((movement) => movement.amount),
        seen.map((movement) => movement.reference),
        seen.map((movement) => movement.description),
        seen.map((movement) => movement.klarnaReference),
        seen.map((movement) => movement.at),
        OTHER_AMOUNT,
      ],
    );
  }

  /** Captures and refunds of orders, oldest first. Looks each order up by itself, so that a page costs the same whatever is stored. */
  async ofOrders(orderIds: readonly string[]): Promise<Movement[]> {
    if (orderIds.length === 0) return [];
    // OFFSET 0 keeps Postgres from turning the look-ups into one reading of the whole table.
    const each = (kind: MovementKind) =>
      `SELECT found.* FROM unnest($1::uuid[]) AS o(id) CROSS JOIN LATERAL (${select(kind, 'm.order_id = o.id')} OFFSET 0) found`;
    const rows = await this.database.query<MovementRow>(
      `${each('capture')} UNION ALL ${each('refund')} ORDER BY "at" NULLS LAST, "createdAt", "providerId"`,
      [orderIds],
    );
    return rows.map(movementOf);
  }

  /** Captures and refunds of an order whose lock is held, each with whether the timeline has told of it. */
  async known(tx: Transaction, orderId: string): Promise<KnownMovement[]> {
    const each = (kind: MovementKind) => select(kind, 'm.order_id = $1', `${toldIn(kind)} AS told`);
    const rows = await tx.query<MovementRow & { told: boolean }>(`${each('capture')} UNION ALL ${each('refund')}`, [orderId]);
    return rows.map((row) => ({ ...movementOf(row), told: row.told }));
  }

  /** Movements of one kind on an order that may not be known here. */
  async ofProviderOrder(kind: MovementKind, providerAccountId: string, providerOrderId: string): Promise<Movement[]> {
    const order = 'SELECT id FROM orders WHERE provider_account_id = $1 AND provider_order_id = $2';
    const rows = await this.database.query<MovementRow>(select(kind, `m.order_id = (${order})`), [providerAccountId, providerOrderId]);
    return rows.map(movementOf);
  }

  private async whose(
    tx: Transaction,
    kind: MovementKind,
    orderId: string,
    movement: { providerId: string; operationId: string },
  ): Promise<Recorded> {
    const { table, id } = TABLES[kind];
    const rows = await tx.query<{ operationId: string | null; told: boolean }>(
      `SELECT m.operation_id AS "operationId", ${toldIn(kind)} AS told FROM ${table} m WHERE m.order_id = $1 AND m.${id} = $2`,
      [orderId, movement.providerId],
    );
    const { operationId = null, told = true } = rows[0] ?? {};
    if (operationId === null) return { made: false, told, link: 'second' };
    return { made: false, told, link: operationId === movement.operationId ? 'before' : 'foreign' };
  }
}

type MovementRow = Omit<Movement, 'amount'> & { amount: string | null };

function movementOf(row: MovementRow): Movement {
  return { ...row, amount: row.amount === null ? null : minorUnitsOf(row.amount) };
}

function select(kind: MovementKind, where: string, ...more: string[]): string {
  const { table, id, at } = TABLES[kind];
  const columns = [
    `m.order_id AS "orderId", '${kind}' AS kind, m.${id} AS "providerId", m.amount, m.reference, m.${at} AS "at"`,
    `m.operation_id AS "operationId", m.created_at AS "createdAt"`,
    ...more,
  ];
  return `SELECT ${columns.join(', ')} FROM ${table} m WHERE ${where}`;
}

/** Every movement is told of exactly once, by an event that names it. */
function toldIn(kind: MovementKind): string {
  const { id, event, key } = TABLES[kind];
  return `EXISTS (SELECT FROM timeline t WHERE t.order_id = m.order_id AND t.type = '${event}' AND t.data ->> '${key}' = m.${id})`;
}
