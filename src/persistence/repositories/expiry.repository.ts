import { Injectable } from '@nestjs/common';
import { minorUnitsOf } from '../../money.js';
import { Database, type Transaction } from '../database.js';
import type { DueOrder, OrderPlace } from './orders.repository.js';
import { ORDER_COLUMNS, orderOf, type OrderRow, type StoredOrder } from './stored-order.js';

/** What is to happen before an authorization ends, in ms before it. */
export interface Watched {
  /** When shops are told. */
  notices: readonly number[];
  /** When the service asks for an extension; null: never. */
  extendBeforeMs: number | null;
}

/** An end that a shop is to be told of. Amounts in minor units. */
export interface Notice {
  merchantId: string;
  providerOrderId: string;
  expiresAt: Date;
  remainingAuthorizedAmount: number;
  currency: string | null;
  /** How long before the end this notice is for. */
  noticeMs: number;
}

/** Orders of a merchant whose authorization ends within a time, with money that was not captured. */
export interface ExpiringList {
  merchantId: string;
  /** Exclusive. */
  from: Date;
  /** Inclusive. */
  until: Date;
}

/** Money that is lost when it is not captured in time; minor units. */
export interface AtRisk {
  currency: string | null;
  amount: number;
  orders: number;
}

const PLACE = `o.id, o.merchant_id AS "merchantId", o.provider_account_id AS "providerAccountId", o.provider_order_id AS "providerOrderId",
  o.data_subject AS "dataSubject", o.created_at AS "createdAt", o.expires_at AS "expiresAt"`;

/** The words of the partial indexes: there is something left to capture. */
const AT_RISK = `o.remaining_authorized_amount > 0 AND o.status IN ('AUTHORIZED', 'PART_CAPTURED')`;

const MS = `interval '1 millisecond'`;

/** By the rules that are given as $notices and $extend: when something is next to be done about an order's end; null: nothing more. */
const nextLook = (now: string, notices: string, extend: string): string => `CASE WHEN o.expires_at > ${now} THEN LEAST(
  (SELECT min(o.expires_at - n * ${MS}) FROM unnest(${notices}::bigint[]) n
   WHERE NOT (o.expiring_told_for IS NOT DISTINCT FROM o.expires_at AND n >= o.expiring_told_ms)),
  CASE WHEN o.extension_for IS DISTINCT FROM o.expires_at AND o.extension_state IS DISTINCT FROM 'refused'
    THEN o.expires_at - (${extend})::bigint * ${MS} END) END`;

/** The ends of authorizations: who is to be told, what is to be done, and how much is at risk. Rules of time are given, in business time. */
@Injectable()
export class ExpiryRepository {
  constructor(private readonly database: Database) {}

  /**
   * Plans when to look at orders whose end is new: not planned before, or another than was planned for.
   * @returns how many there were, at most `limit`
   */
  async plan(now: Date, limit: number, { notices, extendBeforeMs }: Watched): Promise<number> {
    const planned = await this.database.query(
      `UPDATE orders o SET radar_for = o.expires_at, radar_at = ${nextLook('$1', '$3', '$4')}
       FROM (SELECT o.id FROM orders o WHERE ${AT_RISK} AND o.radar_for IS DISTINCT FROM o.expires_at
             ORDER BY o.expires_at LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED) new
       WHERE o.id = new.id RETURNING o.id`,
      [now, limit, notices, extendBeforeMs],
    );
    return planned.length;
  }

  /**
   * Plans again what was planned by rules that looked later, or not at all: rules change with the configuration.
   * @param soon what is looked at until then stays as it is: somebody may be at it
   */
  async planAnew(now: Date, soon: Date, { notices, extendBeforeMs }: Watched): Promise<void> {
    const longest = Math.max(0, ...notices, extendBeforeMs ?? 0);
    await this.database.query(
      `UPDATE orders o SET radar_at = ${nextLook('$1', '$3', '$4')}
       WHERE ${AT_RISK} AND o.radar_for = o.expires_at AND o.expires_at > $1 AND o.expires_at <= $2
         AND (o.radar_at IS NULL OR o.radar_at > $5) AND ${nextLook('$1', '$3', '$4')} < COALESCE(o.radar_at, 'infinity')`,
      [now, new Date(now.getTime() + longest), notices, extendBeforeMs, soon],
    );
  }

  /**
   * Takes orders that are to be looked at, longest due first, passing over those that another worker is taking. Moving `radar_at` ahead is
   * the claim: when its worker dies, the order is due again at `claimUntil`.
   */
  claim(now: Date, claimUntil: Date, limit: number): Promise<DueOrder[]> {
    return this.database.query<DueOrder>(
      `UPDATE orders o SET radar_at = $2
       FROM (SELECT o.id FROM orders o WHERE ${AT_RISK} AND o.radar_at <= $1
             ORDER BY o.radar_at LIMIT $3 FOR NO KEY UPDATE SKIP LOCKED) due
       WHERE o.id = due.id RETURNING ${PLACE}, o.radar_at AS "claimedUntil"`,
      [now, claimUntil, limit],
    );
  }

  /** Moves a claimed order's next look, unless it was planned anew meanwhile. */
  async postpone(order: DueOrder, until: Date): Promise<void> {
    await this.database.query('UPDATE orders SET radar_at = $3 WHERE id = $1 AND radar_at = $2', [order.id, order.claimedUntil, until]);
  }

  /**
   * Takes note that a shop is being told of the end of an order: the notice that is due now, which is the latest when several are. Locks the
   * order.
   * @returns undefined when nothing is to be told: it was told before, or nothing is at risk
   */
  async tell(tx: Transaction, orderId: string, now: Date, { notices }: Watched): Promise<Notice | undefined> {
    const rows = await tx.query<Omit<Notice, 'remainingAuthorizedAmount' | 'noticeMs'> & { remaining: string; notice: string }>(
      `UPDATE orders o SET expiring_told_for = o.expires_at, expiring_told_ms = due.notice
       FROM (SELECT o.id, (SELECT min(n) FROM unnest($3::bigint[]) n WHERE o.expires_at - n * ${MS} <= $2) AS notice
             FROM orders o WHERE o.id = $1 FOR NO KEY UPDATE) due
       WHERE o.id = due.id AND ${AT_RISK} AND o.expires_at > $2 AND due.notice IS NOT NULL
         AND NOT (o.expiring_told_for IS NOT DISTINCT FROM o.expires_at AND due.notice >= o.expiring_told_ms)
       RETURNING o.merchant_id AS "merchantId", o.provider_order_id AS "providerOrderId", o.expires_at AS "expiresAt", o.currency,
         o.remaining_authorized_amount AS remaining, due.notice`,
      [orderId, now, notices],
    );
    return rows.map(({ remaining, notice, ...row }) => ({
      ...row,
      ...{ remainingAuthorizedAmount: minorUnitsOf(remaining), noticeMs: Number(notice) },
    }))[0];
  }

  /** Plans the next look at an order after what was due is done; an extension whose time has come was asked for, or is not to be. */
  async planNext(tx: Transaction, orderId: string, now: Date, { notices, extendBeforeMs }: Watched): Promise<void> {
    const toCome = `CASE WHEN o.expires_at - $4::bigint * ${MS} > $2 THEN $4::bigint END`;
    await tx.query(`UPDATE orders o SET radar_for = o.expires_at, radar_at = ${nextLook('$2', '$3', toCome)} WHERE o.id = $1`, [
      ...[orderId, now, notices, extendBeforeMs],
    ]);
  }

  /**
   * An order whose end is to be moved now: there is money at risk, it was not asked for this end before, and never refused.
   * @param leastLeftMs with less left there is no time for it
   */
  async toExtend(orderId: string, now: Date, { extendBeforeMs }: Watched, leastLeftMs: number): Promise<OrderPlace | undefined> {
    const rows = await this.database.query<OrderPlace>(
      `SELECT ${PLACE} FROM orders o
       WHERE o.id = $1 AND ${AT_RISK} AND o.expires_at > $2::timestamptz + $4 * ${MS} AND o.expires_at - $3::bigint * ${MS} <= $2
         AND o.extension_for IS DISTINCT FROM o.expires_at AND o.extension_state IS DISTINCT FROM 'refused'
         AND o.fraud_status IS DISTINCT FROM 'REJECTED'`,
      [orderId, now, extendBeforeMs, leastLeftMs],
    );
    return rows[0];
  }

  /** The service has asked for another end than this one. */
  async extensionAsked(tx: Transaction, orderId: string, expiresAt: Date): Promise<void> {
    await tx.query(`UPDATE orders SET extension_for = $2, extension_state = 'asked', extension_code = NULL WHERE id = $1`, [
      orderId,
      expiresAt,
    ]);
  }

  /** What came of asking for an extension, whoever asked. @param code why it can't be; null: it was extended */
  async extensionEnded(tx: Transaction, providerAccountId: string, providerOrderId: string, code: string | null): Promise<void> {
    await tx.query(
      `UPDATE orders SET extension_state = CASE WHEN $3::text IS NULL THEN 'extended' ELSE 'refused' END, extension_code = $3
       WHERE provider_account_id = $1 AND provider_order_id = $2`,
      [providerAccountId, providerOrderId, code],
    );
  }

  /** What the service had asked for is not wanted any more, and was not sent. */
  async extensionDropped(tx: Transaction, providerAccountId: string, providerOrderId: string): Promise<void> {
    await tx.query(
      `UPDATE orders SET extension_state = NULL WHERE provider_account_id = $1 AND provider_order_id = $2 AND extension_state = 'asked'`,
      [providerAccountId, providerOrderId],
    );
  }

  /**
   * Whether an extension that the service asked for is still wanted, and whether an operation of its order that moves money is open: not
   * one that waits for days for a person or for the provider's decision, while the authorization ends. Ask with the lane locked.
   * @param moneyKinds kinds of operations that move money
   */
  async extensionWanted(
    tx: Transaction,
    providerAccountId: string,
    providerOrderId: string,
    now: Date,
    moneyKinds: readonly string[],
  ): Promise<{ wanted: boolean; moneyMoves: boolean }> {
    const rows = await tx.query<{ wanted: boolean; moneyMoves: boolean }>(
      `SELECT COALESCE(${AT_RISK} AND o.extension_for = o.expires_at AND o.expires_at > $3, false) AS wanted,
         EXISTS (SELECT FROM operations p WHERE p.provider_account_id = $1 AND p.lane = $2 AND p.finished_at IS NULL AND p.kind = ANY ($4)
           AND p.state <> 'manual' AND p.reason IS DISTINCT FROM 'order-pending') AS "moneyMoves"
       FROM orders o WHERE o.provider_account_id = $1 AND o.provider_order_id = $2`,
      [providerAccountId, providerOrderId, now, moneyKinds],
    );
    return rows[0] ?? { wanted: false, moneyMoves: false };
  }

  /** One page, the soonest end first. Goes on from a row of an index that holds nothing else. */
  async list(
    { merchantId, from, until }: ExpiringList,
    limit: number,
    after: { expiresAt: Date; id: string } | null,
  ): Promise<StoredOrder[]> {
    const rows = await this.database.query<OrderRow>(
      `SELECT ${ORDER_COLUMNS} FROM orders o
       WHERE o.merchant_id = $1 AND o.expires_at > $2 AND o.expires_at <= $3 AND ${AT_RISK}
         AND ($4::timestamptz IS NULL OR (o.expires_at, o.id) > ($4, $5::uuid))
       ORDER BY o.expires_at, o.id LIMIT $6`,
      [merchantId, from, until, after?.expiresAt ?? null, after?.id ?? null, limit],
    );
    return rows.map(orderOf);
  }

  /** What all of them come to, by currency. */
  async atRisk({ merchantId, from, until }: ExpiringList): Promise<AtRisk[]> {
    const rows = await this.database.query<{ currency: string | null; amount: string; orders: string }>(
      `SELECT o.currency, sum(o.remaining_authorized_amount)::text AS amount, count(*) AS orders FROM orders o
       WHERE o.merchant_id = $1 AND o.expires_at > $2 AND o.expires_at <= $3 AND ${AT_RISK}
       GROUP BY o.currency ORDER BY o.currency`,
      [merchantId, from, until],
    );
    return rows.map(({ currency, amount, orders }) => ({ currency, amount: minorUnitsOf(amount), orders: Number(orders) }));
  }
}
