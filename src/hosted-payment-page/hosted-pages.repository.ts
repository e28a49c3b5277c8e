import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { Database, type Queryable } from '../persistence/database.js';
import type { Purchase } from './purchase-url.js';

export interface StoredPage {
  merchantId: string;
  providerAccountId: string;
  providerSessionId: string;
  dataSubject: string;
  /** Null: made elsewhere; Klarna does not show what for. */
  purchase: Purchase | null;
  status: string | null;
  providerOrderId: string | null;
}

export interface NewPage extends Pick<StoredPage, 'merchantId' | 'providerAccountId' | 'providerSessionId' | 'dataSubject' | 'purchase'> {
  /** What is known of its state; null: nothing but that it exists. */
  status: string | null;
  expiresAt: Date | null;
  at: Date;
}

/** What a read, or an answer to a write, showed. */
export interface PageState {
  status: string;
  /** Null: not shown; what is known stays. */
  expiresAt: Date | null;
  providerOrderId: string | null;
}

interface Row {
  merchant_id: string;
  provider_account_id: string;
  provider_session_id: string;
  data_subject: string;
  purchase_api: Purchase['api'] | null;
  purchase_id: string | null;
  status: string | null;
  provider_order_id: string | null;
}

const COLUMNS = 'merchant_id, provider_account_id, provider_session_id, data_subject, purchase_api, purchase_id, status, provider_order_id';

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

  /** Records a page. One that is known already stays whose it is, and as it was last read. */
  async insert(db: Queryable, page: NewPage): Promise<void> {
    const { merchantId, providerAccountId, providerSessionId, dataSubject, purchase, status, expiresAt, at } = page;
    await db.query(
      `INSERT INTO hosted_pages (id, merchant_id, provider_account_id, provider_session_id, data_subject, purchase_api, purchase_id, status,
         expires_at, created_at, updated_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)
       ON CONFLICT (provider_account_id, provider_session_id) DO NOTHING`,
      [
        uuidv7({ msecs: at.getTime() }),
        ...[merchantId, providerAccountId, providerSessionId, dataSubject, purchase?.api ?? null, purchase?.id ?? null],
        ...[status, expiresAt, at],
      ],
    );
  }

  /**
   * Takes over what was shown of a page, unless something that began later was taken over before.
   * @param at when Klarna was asked
   */
  async update(
    db: Queryable,
    { providerAccountId, providerSessionId }: Pick<StoredPage, 'providerAccountId' | 'providerSessionId'>,
    { status, expiresAt, providerOrderId }: PageState,
    at: Date,
  ): Promise<void> {
    await db.query(
      `UPDATE hosted_pages
          SET status = $3, expires_at = coalesce($4, expires_at), provider_order_id = coalesce($5, provider_order_id), updated_at = $6
        WHERE provider_account_id = $1 AND provider_session_id = $2 AND updated_at <= $6`,
      [providerAccountId, providerSessionId, status, expiresAt, providerOrderId, at],
    );
  }
}

/** A page that was made elsewhere, as far as an operation on it shows. */
export function adoptedBy(
  { merchantId, providerAccountId, dataSubject }: Pick<NewPage, 'merchantId' | 'providerAccountId' | 'dataSubject'>,
  providerSessionId: string,
  at: Date,
): NewPage {
  return { merchantId, providerAccountId, providerSessionId, dataSubject, purchase: null, status: null, expiresAt: null, at };
}

function pageOf(row: Row): StoredPage {
  const { purchase_api: api, purchase_id: id } = row;
  return {
    merchantId: row.merchant_id,
    providerAccountId: row.provider_account_id,
    providerSessionId: row.provider_session_id,
    dataSubject: row.data_subject,
    purchase: api === null || id === null ? null : { api, id },
    status: row.status,
    providerOrderId: row.provider_order_id,
  };
}
