import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { Database, type Queryable } from '../persistence/database.js';
import { isWanted } from '../persistence/repositories/looks.repository.js';
import { COMPLETED, FINAL } from './page-facts.js';
import type { Purchase } from './purchase-url.js';

export interface StoredPage {
  id: string;
  merchantId: string;
  providerAccountId: string;
  providerSessionId: string;
  dataSubject: string;
  /** Null: made elsewhere; Klarna does not show what for. */
  purchase: Purchase | null;
  status: string | null;
  providerOrderId: string | null;
  expiresAt: Date | null;
  createdAt: Date;
}

export interface NewPage extends Pick<StoredPage, 'merchantId' | 'providerAccountId' | 'providerSessionId' | 'dataSubject' | 'purchase'> {
  /** What is known of its state; null: nothing but that it exists. */
  status: string | null;
  expiresAt: Date | null;
  /** The operation that made it; null: made elsewhere. */
  operationId: string | null;
  at: Date;
}

/** What a read, or an answer to a write, showed. */
export interface PageState {
  status: string;
  /** The provider's word on when that was changed; null: it did not say. */
  statusAt: Date | null;
  /** Null: not shown; what is known stays. */
  expiresAt: Date | null;
  providerOrderId: string | null;
}

interface Row {
  id: string;
  merchant_id: string;
  provider_account_id: string;
  provider_session_id: string;
  data_subject: string;
  purchase_api: Purchase['api'] | null;
  purchase_id: string | null;
  status: string | null;
  provider_order_id: string | null;
  expires_at: Date | null;
  created_at: Date;
}

const COLUMNS =
  'id, merchant_id, provider_account_id, provider_session_id, data_subject, purchase_api, purchase_id, status, provider_order_id, expires_at, created_at';
const FINAL_STATUSES = FINAL.map((status) => `'${status}'`).join(', ');
/** A page is looked at first so long after it was made. */
export const FIRST_LOOK_MS = 5 * 60_000;

/** The pages that merchants made, as Klarna last showed them. */
@Injectable()
export class HostedPagesRepository {
  constructor(private readonly database: Database) {}

  /** Pages with this id of the provider's, on whatever account: ids of two accounts may be equal, in theory. */
  async byProviderId(providerSessionId: string, db: Queryable = this.database): Promise<StoredPage[]> {
    const rows = await db.query<Row>(`SELECT ${COLUMNS} FROM hosted_pages WHERE provider_session_id = $1 ORDER BY created_at, id`, [
      providerSessionId,
    ]);
    return rows.map(pageOf);
  }

  /** @param id ours */
  async byId(id: string): Promise<StoredPage | undefined> {
    const rows = await this.database.query<Row>(`SELECT ${COLUMNS} FROM hosted_pages WHERE id = $1`, [id]);
    return rows.map(pageOf)[0];
  }

  /**
   * Records a page. One that is known already stays whose it is, and as it was last read. Where somebody wants to hear of it, it is looked at
   * in case that its callbacks get lost.
   */
  async insert(db: Queryable, page: NewPage): Promise<void> {
    const { merchantId, providerAccountId, providerSessionId, dataSubject, purchase, status, expiresAt, operationId, at } = page;
    await db.query(
      `INSERT INTO hosted_pages (id, merchant_id, provider_account_id, provider_session_id, data_subject, purchase_api, purchase_id, status,
         expires_at, created_at, updated_at, look_at)
       VALUES ($1, $2::uuid, $3, $4, $5, $6, $7, $8, $9, $10::timestamptz, $10,
         CASE WHEN ${isWanted('status_update', 'checkout.completed', '$11::uuid', '$2::uuid')}
           THEN $10::timestamptz + interval '${FIRST_LOOK_MS} ms' END)
       ON CONFLICT (provider_account_id, provider_session_id) DO NOTHING`,
      [
        uuidv7({ msecs: at.getTime() }),
        ...[merchantId, providerAccountId, providerSessionId, dataSubject, purchase?.api ?? null, purchase?.id ?? null],
        ...[status, expiresAt, at, operationId],
      ],
    );
  }

  /**
   * Takes over what was shown of a page, unless something that began later was taken over before, or something that the provider dates
   * later. What is final stays so.
   * @param at when Klarna was asked
   */
  async update(
    db: Queryable,
    { providerAccountId, providerSessionId }: Pick<StoredPage, 'providerAccountId' | 'providerSessionId'>,
    { status, statusAt, expiresAt, providerOrderId }: PageState,
    at: Date,
  ): Promise<void> {
    await db.query(
      `UPDATE hosted_pages
          SET status = $3, expires_at = coalesce($4, expires_at), provider_order_id = coalesce($5, provider_order_id), updated_at = $6,
              status_at = coalesce($7, status_at), look_at = CASE WHEN $3 NOT IN (${FINAL_STATUSES}) OR passed_at IS NULL THEN look_at END
        WHERE provider_account_id = $1 AND provider_session_id = $2 AND updated_at <= $6 AND (status_at > $7::timestamptz) IS NOT TRUE
          AND (status IN (${FINAL_STATUSES}) AND $3 NOT IN (${FINAL_STATUSES})) IS NOT TRUE`,
      [providerAccountId, providerSessionId, status, expiresAt, providerOrderId, at, statusAt],
    );
  }

  /** Whether the shop's own address is to be told now how a page has ended: once. Nothing is left to look for. @param id ours */
  async passes(db: Queryable, id: string, at: Date): Promise<boolean> {
    const rows = await db.query('UPDATE hosted_pages SET passed_at = $2, look_at = NULL WHERE id = $1 AND passed_at IS NULL RETURNING id', [
      id,
      at,
    ]);
    return rows.length > 0;
  }

  /** Whether it is to be told now that a page is completed: once. @returns our id of the page */
  async announce(
    db: Queryable,
    { providerAccountId, providerSessionId }: Pick<StoredPage, 'providerAccountId' | 'providerSessionId'>,
    at: Date,
  ): Promise<string | undefined> {
    const [row] = await db.query<{ id: string }>(
      `UPDATE hosted_pages SET announced_at = $3
        WHERE provider_account_id = $1 AND provider_session_id = $2 AND status = '${COMPLETED}' AND announced_at IS NULL RETURNING id`,
      [providerAccountId, providerSessionId, at],
    );
    return row?.id;
  }
}

/** A page that was made elsewhere, as far as an operation on it shows. */
export function adoptedBy(
  { merchantId, providerAccountId, dataSubject }: Pick<NewPage, 'merchantId' | 'providerAccountId' | 'dataSubject'>,
  providerSessionId: string,
  at: Date,
): NewPage {
  return {
    merchantId,
    providerAccountId,
    providerSessionId,
    dataSubject,
    purchase: null,
    status: null,
    expiresAt: null,
    operationId: null,
    at,
  };
}

function pageOf(row: Row): StoredPage {
  const { purchase_api: api, purchase_id: id } = row;
  return {
    id: row.id,
    merchantId: row.merchant_id,
    providerAccountId: row.provider_account_id,
    providerSessionId: row.provider_session_id,
    dataSubject: row.data_subject,
    purchase: api === null || id === null ? null : { api, id },
    status: row.status,
    providerOrderId: row.provider_order_id,
    expiresAt: row.expires_at,
    createdAt: row.created_at,
  };
}
