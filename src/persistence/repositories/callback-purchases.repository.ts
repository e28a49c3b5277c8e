import { Injectable } from '@nestjs/common';
import { Database, type Transaction } from '../database.js';
import type { Hook } from './hooks.repository.js';

/** An operation that is to place an order. */
export interface PlacingOperation {
  id: string;
  kind: string;
  manual: boolean;
  /** Its caller was given an error, or nothing, by now, and no call is under way whose answer would be the better one. */
  late: boolean;
  /** When Klarna may have got it first; null: it certainly did not. */
  sentAt: string | null;
  /** Another one is open that would make an equal order. */
  twin: boolean;
  /** Minor units. */
  amount: number | null;
  /** The shop's own, `merchant_reference1`. */
  reference: string | null;
}

/** What is stored of the purchase in whose request an address of ours was put. */
export interface HookPurchase {
  /** Of the operation in whose request it was put; null: not stored any more. */
  kind: string | null;
  /** The provider's ids, at the address' account. */
  orderIds: string[];
  /** Those of them that were placed with a customer token. Asked for only where the callback names no order, as `madeIds`. */
  tokenOrderIds: string[];
  /** Made by the operation in whose request the address was put. */
  madeIds: string[];
  checkoutIds: string[];
  /** Of payment sessions and hosted pages. */
  sessionIds: string[];
  /** Of orders that were placed on hosted pages. */
  pageOrderIds: string[];
  currencies: string[];
  /** The shop's, of the payment sessions. */
  references: string[];
  /** Those that are to place an order and have not come to an end, `manual` ones among them; also by the tokens of its sessions. */
  placing: PlacingOperation[];
  /** A call of the merchant's that is to place an order is under way: whose session's it is may not be known before it is settled. */
  placingSomething: boolean;
  /** The order that is asked for is stored, with another session or checkout than the address'. */
  anothersOrder: boolean;
  /** More than one merchant uses the address' account. */
  sharedAccount: boolean;
}

const PLACING = `('payments.create-order', 'customer-token.create-order')`;

/** What the inbox has to know about orders that callbacks name. */
@Injectable()
export class CallbackPurchases {
  constructor(private readonly database: Database) {}

  /** @param providerOrderId that the callback names; null: none */
  async of(
    { merchantId, providerAccountId, dataSubject, operationId }: Hook,
    providerOrderId: string | null,
    now: Date,
  ): Promise<HookPurchase> {
    const [row] = await this.database.query<HookPurchase>(
      `SELECT (SELECT kind FROM operations WHERE id = $3) AS kind,
         ARRAY(SELECT provider_order_id FROM orders WHERE data_subject = $2 AND provider_account_id = $1) AS "orderIds",
         ARRAY(SELECT DISTINCT a.provider_id FROM operations placed JOIN attempts a ON a.operation_id = placed.id
               WHERE $5::text IS NULL AND placed.data_subject = $2 AND placed.kind = 'customer-token.create-order'
                 AND a.provider_id IS NOT NULL) AS "tokenOrderIds",
         ARRAY(SELECT DISTINCT provider_id FROM attempts WHERE $5::text IS NULL AND operation_id = $3 AND provider_id IS NOT NULL) AS "madeIds",
         ARRAY(SELECT provider_order_id FROM checkout_orders
               WHERE (data_subject = $2 OR operation_id = $3) AND provider_account_id = $1) AS "checkoutIds",
         ARRAY(SELECT provider_session_id FROM session UNION SELECT provider_session_id FROM page) AS "sessionIds",
         ARRAY(SELECT provider_order_id FROM page WHERE provider_order_id IS NOT NULL) AS "pageOrderIds",
         ARRAY(SELECT DISTINCT purchase_currency FROM session WHERE purchase_currency IS NOT NULL) AS currencies,
         ARRAY(SELECT reference FROM session, unnest(ARRAY[merchant_reference1, merchant_reference2]) AS given (reference)
               WHERE reference <> '') AS references,
         COALESCE((SELECT jsonb_agg(jsonb_build_object('id', id, 'kind', kind, 'manual', state = 'manual', 'amount', amount,
                     'reference', reference,
                     'late', (unresolved_since IS NOT NULL OR waits_until < $6) AND (lease_until IS NULL OR lease_until < now()),
                     'sentAt', (SELECT min(started_at) FROM attempts a
                                WHERE a.operation_id = one.id AND (a.outcome IS NULL OR a.outcome = 'unknown')),
                     'twin', EXISTS(SELECT FROM operations other
                                    WHERE other.merchant_id = one.merchant_id AND other.kind = one.kind AND other.finished_at IS NULL
                                      AND other.amount = one.amount AND other.reference IS NOT DISTINCT FROM one.reference
                                      AND other.id <> one.id)))
                   FROM operations one
                   WHERE finished_at IS NULL AND kind IN ${PLACING} AND merchant_id = $4 AND provider_account_id = $1 AND id IN (
                     SELECT id FROM operations WHERE data_subject = $2 UNION SELECT $3 UNION
                     SELECT id FROM operations WHERE provider_account_id = $1 AND kind = 'payments.create-order' AND merchant_id = $4
                       AND finished_at IS NULL AND token_hash IN (
                         SELECT authorization_token_hash FROM session UNION
                         SELECT token_hash FROM authorizations WHERE session_id IN (SELECT id FROM session)))), '[]') AS placing,
         EXISTS(SELECT FROM operations WHERE merchant_id = $4 AND state IN ('accepted', 'running') AND finished_at IS NULL
                AND provider_account_id = $1 AND kind IN ${PLACING}) AS "placingSomething",
         EXISTS(SELECT FROM orders o WHERE o.provider_account_id = $1 AND o.provider_order_id = $5 AND o.data_subject <> $2
                AND (EXISTS(SELECT FROM payment_sessions s WHERE s.data_subject = o.data_subject)
                     OR EXISTS(SELECT FROM checkout_orders c WHERE c.data_subject = o.data_subject))) AS "anothersOrder",
         (SELECT count(DISTINCT merchant_id) > 1 FROM merchant_provider_accounts WHERE provider_account_id = $1) AS "sharedAccount"
       FROM (SELECT) nothing`
        .replaceAll('FROM session', `FROM (SELECT * FROM payment_sessions WHERE data_subject = $2) session`)
        .replaceAll('FROM page', `FROM (SELECT * FROM hosted_pages WHERE data_subject = $2) page`),
      [providerAccountId, dataSubject, operationId, merchantId, providerOrderId, now],
    );
    if (row === undefined) throw new Error('A SELECT without FROM has one row');
    return row;
  }

  /**
   * Lets operations look again now that wait for their time; those that somebody has in hand look by themselves.
   * @returns those that are due now
   */
  wake(ids: readonly string[], now: Date): Promise<{ id: string; fence: number }[]> {
    return this.database.query(
      `UPDATE operations SET next_at = LEAST(next_at, $2) WHERE id IN (
         SELECT id FROM operations WHERE id = ANY ($1::uuid[]) AND next_at > $2 AND lease_until IS NULL AND finished_at IS NULL
         FOR NO KEY UPDATE SKIP LOCKED)
       RETURNING id, fence`,
      [ids, now],
    );
  }

  /**
   * What became of telling the shop that this order is there: by the callback that is passed on, and by the event to endpoints.
   * none: there is nobody to tell; an endpoint that wants nothing any more is nobody. open: it is being tried.
   */
  async told(providerAccountId: string, providerOrderId: string, callbackId: string): Promise<'none' | 'open' | 'taken' | 'failed'> {
    const rows = await this.database.query<{ state: string }>(
      `SELECT DISTINCT state FROM (
         SELECT state FROM deliveries WHERE callback_id = $3
         UNION ALL
         SELECT d.state FROM orders o JOIN events e ON e.order_id = o.id AND e.type = 'order.created' JOIN deliveries d ON d.event_id = e.id
         WHERE o.provider_account_id = $1 AND o.provider_order_id = $2
           AND NOT (d.state = 'cancelled' AND EXISTS (
             SELECT FROM notification_endpoints n WHERE n.id = d.endpoint_id AND (n.disabled_at IS NOT NULL OR n.deleted_at IS NOT NULL)))
       ) told`,
      [providerAccountId, providerOrderId, callbackId],
    );
    const states = new Set(rows.map(({ state }) => state));
    if (states.has('delivered')) return 'taken';
    if (states.has('due')) return 'open';
    return states.size === 0 ? 'none' : 'failed';
  }

  /** done: the order is acknowledged. open: it is being acknowledged, by whomever; one that only a person can settle does not count. */
  async acknowledgement(providerAccountId: string, providerOrderId: string): Promise<'none' | 'open' | 'done'> {
    const [row] = await this.database.query<{ is: 'none' | 'open' | 'done' }>(
      `SELECT CASE
         WHEN EXISTS (SELECT FROM orders o JOIN timeline t ON t.order_id = o.id AND t.type = 'order.acknowledged'
                      WHERE o.provider_account_id = $1 AND o.provider_order_id = $2) THEN 'done'
         WHEN EXISTS (SELECT FROM operations WHERE provider_account_id = $1 AND lane = $2 AND finished_at IS NULL
                      AND kind = 'order-management.acknowledge' AND state <> 'manual') THEN 'open'
         ELSE 'none' END AS is`,
      [providerAccountId, providerOrderId],
    );
    return row?.is ?? 'none';
  }

  /** Whether this callback's stop was told of already. Ask under the order's lock. */
  async stopTold(tx: Transaction, orderId: string, callbackId: string): Promise<boolean> {
    const rows = await tx.query(
      `SELECT FROM events WHERE order_id = $1 AND type = 'order.fraud.stopped' AND data ->> 'callback_id' = $2 LIMIT 1`,
      [orderId, callbackId],
    );
    return rows.length > 0;
  }
}
