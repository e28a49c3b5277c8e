import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { Database, type Queryable, type Transaction } from '../database.js';
import { EventsRepository } from './events.repository.js';
import { isWanted } from './looks.repository.js';

/** What of a checkout is kept; personal data stays at the provider. Null: not said. */
export interface CheckoutFacts {
  /** In lower case. */
  status: string | null;
  purchaseCountry: string | null;
  purchaseCurrency: string | null;
  /** Minor units, as is the tax. */
  orderAmount: number | null;
  orderTaxAmount: number | null;
  merchantReference1: string | null;
  merchantReference2: string | null;
  completedAt: Date | null;
  /** When the provider ends it, as far as is known. */
  expiresAt: Date;
}

/** Whose a checkout is, and where it was made. */
export interface StoredCheckout {
  id: string;
  merchantId: string;
  providerAccountId: string;
  providerOrderId: string;
  dataSubject: string;
}

/** One that is looked at. */
export interface OpenCheckout extends StoredCheckout {
  createdAt: Date;
  expiresAt: Date;
}

export interface NewCheckout {
  merchantId: string;
  providerAccountId: string;
  providerOrderId: string;
  dataSubject: string;
  /** The operation that made it; null: met at the provider. */
  operationId: string | null;
  facts: CheckoutFacts;
  /** When the provider was asked. */
  at: Date;
}

const COLUMNS = `id, merchant_id AS "merchantId", provider_account_id AS "providerAccountId", provider_order_id AS "providerOrderId",
  data_subject AS "dataSubject"`;

/** Checkout's word for a checkout that became an order, in lower case. */
export const COMPLETE = 'checkout_complete';
const INCOMPLETE = 'checkout_incomplete';
/** A checkout is looked at first so long after it was opened: later than Klarna's push comes. */
export const FIRST_LOOK_MS = 15 * 60_000;

/** Nothing is known but that it is complete. */
export function completeAlone(at: Date): CheckoutFacts {
  const amounts = { purchaseCountry: null, purchaseCurrency: null, orderAmount: null, orderTaxAmount: null };
  return { status: COMPLETE, ...amounts, merchantReference1: null, merchantReference2: null, completedAt: null, expiresAt: at };
}

/** The checkouts that merchants opened, as the provider last showed them. */
@Injectable()
export class CheckoutOrdersRepository {
  constructor(
    private readonly database: Database,
    private readonly events: EventsRepository,
  ) {}

  /** Checkouts with this id of the provider's, on whatever account: ids of two accounts may be equal, in theory. */
  async byProviderId(providerOrderId: string, db: Queryable = this.database): Promise<StoredCheckout[]> {
    // A text with U+0000 can't be in the table, and Postgres refuses it as a parameter.
    if (providerOrderId.includes('\u0000')) return [];
    return db.query<StoredCheckout>(`SELECT ${COLUMNS} FROM checkout_orders WHERE provider_order_id = $1 ORDER BY created_at, id`, [
      providerOrderId,
    ]);
  }

  /** @param id ours */
  async byId(id: string): Promise<OpenCheckout | undefined> {
    const rows = await this.database.query<OpenCheckout>(
      `SELECT ${COLUMNS}, created_at AS "createdAt", expires_at AS "expiresAt" FROM checkout_orders WHERE id = $1`,
      [id],
    );
    return rows[0];
  }

  /**
   * Records a checkout, or takes over what was shown of it unless something newer was taken over before. One that is known stays whose it
   * is, and one that was complete stays so. What is not said stays as it is. That it is complete is told once. Where somebody wants to hear
   * that, it is looked at in case that Klarna's push gets lost.
   * @returns whose it is
   */
  async put(tx: Transaction, checkout: NewCheckout): Promise<StoredCheckout> {
    const { merchantId, providerAccountId, providerOrderId, dataSubject, operationId, facts, at } = checkout;
    const id = uuidv7({ msecs: at.getTime() });
    const rows = await tx.query<StoredCheckout>(
      `INSERT INTO checkout_orders AS known (id, merchant_id, provider_account_id, provider_order_id, data_subject, operation_id, status,
         purchase_country, purchase_currency, order_amount, order_tax_amount, merchant_reference1, merchant_reference2, completed_at,
         expires_at, created_at, updated_at, look_at)
       VALUES ($1, $2::uuid, $3, $4, $5, $6::uuid, coalesce($7, '${INCOMPLETE}'), $8, $9, $10, $11, $12, $13, $14, $15, $16::timestamptz, $16,
         CASE WHEN ($7 = '${COMPLETE}') IS NOT TRUE AND ${isWanted('push', 'checkout.completed', '$6::uuid', '$2::uuid')}
           THEN $16::timestamptz + interval '${FIRST_LOOK_MS} ms' END)
       ON CONFLICT (provider_account_id, provider_order_id) DO UPDATE
         SET status = CASE WHEN known.status = '${COMPLETE}' THEN known.status ELSE coalesce($7, known.status) END,
             purchase_country = coalesce($8, known.purchase_country), purchase_currency = coalesce($9, known.purchase_currency),
             order_amount = coalesce($10, known.order_amount), order_tax_amount = coalesce($11, known.order_tax_amount),
             merchant_reference1 = coalesce($12, known.merchant_reference1), merchant_reference2 = coalesce($13, known.merchant_reference2),
             completed_at = coalesce(known.completed_at, $14), expires_at = greatest(known.expires_at, $15), updated_at = $16,
             look_at = CASE WHEN ($7 = '${COMPLETE}') IS NOT TRUE THEN known.look_at END
         WHERE known.updated_at <= $16 AND known.merchant_id = $2
       RETURNING ${COLUMNS}`,
      [id, merchantId, providerAccountId, providerOrderId, dataSubject, operationId, ...values(facts), at],
    );
    const [row = (await this.byProviderId(providerOrderId, tx)).find((each) => each.providerAccountId === providerAccountId)] = rows;
    if (row === undefined) throw new Error(`Checkout ${providerOrderId} was neither found nor inserted`);
    if (facts.status === COMPLETE) await this.#announce(tx, row.id, at);
    return row;
  }

  /** The order that it became has a story of its own: it is told of when it was read. */
  async #announce(tx: Transaction, id: string, at: Date): Promise<void> {
    const rows = await tx.query<{ merchantId: string; providerOrderId: string; data: Record<string, unknown> }>(
      `UPDATE checkout_orders SET announced_at = $2 WHERE id = $1 AND announced_at IS NULL AND status = '${COMPLETE}'
       RETURNING merchant_id AS "merchantId", provider_order_id AS "providerOrderId",
         jsonb_build_object('checkout_id', id, 'order_amount', order_amount, 'order_tax_amount', order_tax_amount, 'currency', purchase_currency,
           'merchant_reference1', merchant_reference1, 'merchant_reference2', merchant_reference2, 'completed_at', completed_at) AS data`,
      [id, at],
    );
    const told = { subject: id, type: 'checkout.completed', at, orderId: null, operationId: null } as const;
    await this.events.publish(
      tx,
      rows.map((row) => ({ ...told, ...row })),
    );
  }

  /** Notes that the provider has it no more, or never will: it was aborted, or answered with a 404. A completed one lives on as its order. */
  async gone(db: Queryable, providerAccountId: string, providerOrderId: string, at: Date): Promise<void> {
    if (providerOrderId.includes('\u0000')) return;
    await db.query(
      `UPDATE checkout_orders SET gone_at = $3, updated_at = greatest(updated_at, $3), look_at = NULL
        WHERE provider_account_id = $1 AND provider_order_id = $2 AND gone_at IS NULL AND status <> '${COMPLETE}'`,
      [providerAccountId, providerOrderId, at],
    );
  }

  /**
   * Whether the checkout that an operation made is there: completed, or open and neither aborted nor lapsed. When two of its calls made
   * one each, its caller has the first.
   */
  async lives(operationId: string, now: Date): Promise<boolean> {
    const rows = await this.database.query(
      `SELECT FROM (SELECT * FROM checkout_orders WHERE operation_id = $1 ORDER BY created_at, id LIMIT 1) AS made
        WHERE status = '${COMPLETE}' OR (gone_at IS NULL AND expires_at > $2)`,
      [operationId, now],
    );
    return rows.length > 0;
  }
}

function values(facts: CheckoutFacts): unknown[] {
  const { status, purchaseCountry, purchaseCurrency, orderAmount, orderTaxAmount } = facts;
  const { merchantReference1, merchantReference2, completedAt, expiresAt } = facts;
  return [
    ...[status, purchaseCountry, purchaseCurrency, orderAmount, orderTaxAmount],
    ...[merchantReference1, merchantReference2, completedAt, expiresAt],
  ];
}
