import { Injectable } from '@nestjs/common';
import { Database, type Queryable } from '../database.js';

/** Of `merchant_urls`: what the provider calls without a browser and expects nothing but an answer from. */
export const TOLD = ['push', 'notification', 'authorization', 'status_update'] as const;
/** What the provider asks and takes an answer from. */
export const ASKED = ['validation', 'address_update', 'country_change', 'shipping_option_update'] as const;

export type CallbackEntry = (typeof TOLD)[number] | (typeof ASKED)[number];

/** What T1 writes of one address of ours, beside the operation in whose request it stands. */
export interface NewHook {
  id: string;
  entry: CallbackEntry;
  /** SHA-256 of the secret in the address. */
  secretHash: Buffer;
  /** Sealed (`HOOK_TEMPLATE`): the caller's own URL, with its placeholders; null: the caller sent none. */
  template: Buffer | null;
  /** The provider's id of what it is about, as far as the request named it. */
  resourceId: string | null;
  expiresAt: Date;
}

/** An address of ours in the provider's callbacks. */
export interface Hook extends NewHook {
  merchantId: string;
  providerAccountId: string;
  operationId: string;
  dataSubject: string;
  createdAt: Date;
}

/** What a caller's own URL is sealed for. */
export const HOOK_TEMPLATE = 'hook.template';

const COLUMNS = `id, merchant_id AS "merchantId", provider_account_id AS "providerAccountId", operation_id AS "operationId", entry,
  secret_hash AS "secretHash", template, data_subject AS "dataSubject", resource_id AS "resourceId", expires_at AS "expiresAt",
  created_at AS "createdAt"`;

/** Addresses of ours in the provider's callbacks. They are written by T1 (acceptance.repository.ts); nothing of them changes but their end, and they are erased here. */
@Injectable()
export class HooksRepository {
  constructor(private readonly database: Database) {}

  /** @param id a UUID */
  async find(id: string, db: Queryable = this.database): Promise<Hook | undefined> {
    return (await this.byIds([id], db))[0];
  }

  /** Those of them that there are, in no order. */
  byIds(ids: readonly string[], db: Queryable = this.database): Promise<Hook[]> {
    return db.query<Hook>(`SELECT ${COLUMNS} FROM hooks WHERE id = ANY($1)`, [ids]);
  }

  /** The addresses that one operation's request carried. */
  ofOperation(operationId: string, db: Queryable = this.database): Promise<Hook[]> {
    return db.query<Hook>(`SELECT ${COLUMNS} FROM hooks WHERE operation_id = $1 ORDER BY entry`, [operationId]);
  }

  /**
   * Keeps one batch of addresses that tell of orders for as long as their orders may live: those whose purchase has become one.
   * @param lifeMs from when they were made
   * @returns how many are kept for longer
   */
  async keepOfOrders(now: Date, lifeMs: number, limit: number): Promise<number> {
    const rows = await this.database.query(
      `UPDATE hooks SET expires_at = created_at + $2 * interval '1 millisecond' WHERE id IN (
         SELECT h.id FROM hooks h
         WHERE h.expires_at < $1 AND h.entry IN ('push', 'notification') AND h.created_at + $2 * interval '1 millisecond' > $1
           AND (EXISTS (SELECT FROM orders o WHERE o.data_subject = h.data_subject)
                OR EXISTS (SELECT FROM payment_sessions s WHERE s.data_subject = h.data_subject AND lower(s.status) = 'complete'))
         ORDER BY h.expires_at LIMIT $3 FOR NO KEY UPDATE SKIP LOCKED)
       RETURNING id`,
      [now, lifeMs, limit],
    );
    return rows.length;
  }

  /**
   * Erases one batch of what nobody will look at any more. What a callback refers to stays with it, and what stands in a body that is kept.
   * @returns how many were erased
   */
  eraseExpired(now: Date, limit: number): Promise<number> {
    const free = `NOT EXISTS (SELECT FROM callbacks c WHERE c.hook_id = h.id)
           AND NOT EXISTS (SELECT FROM operations o WHERE o.id = h.operation_id AND o.bodies_erased_at IS NULL)`;
    return this.database.transaction(async (tx) => {
      const over = await tx.query<{ id: string }>(
        `SELECT h.id FROM hooks h WHERE h.expires_at < $1 AND ${free} ORDER BY h.expires_at LIMIT $2 FOR UPDATE SKIP LOCKED`,
        [now, limit],
      );
      // Asked once more now that they are locked: a callback may have come meanwhile, and none can any more.
      const erased = await tx.query(`DELETE FROM hooks h WHERE h.id = ANY ($1::uuid[]) AND ${free} RETURNING h.id`, [
        over.map(({ id }) => id),
      ]);
      return erased.length;
    });
  }
}
