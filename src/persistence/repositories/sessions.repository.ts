import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { minorUnitsOf } from '../../money.js';
import { Database, type Queryable, type Transaction } from '../database.js';
import { isWanted } from './looks.repository.js';

/** What of a session is kept; personal data stays at Klarna. */
export interface SessionFacts {
  status: string;
  purchaseCountry: string | null;
  purchaseCurrency: string | null;
  /** Minor units. */
  orderAmount: number | null;
  merchantReference1: string | null;
  merchantReference2: string | null;
  /** Fingerprint of the token that the session showed; null when it showed none. */
  tokenHash: Buffer | null;
  expiresAt: Date | null;
}

export interface StoredSession {
  id: string;
  merchantId: string;
  providerAccountId: string;
  providerSessionId: string;
  dataSubject: string;
  status: string;
  tokenHash: Buffer | null;
  createdAt: Date;
}

export interface NewSession {
  merchantId: string;
  providerAccountId: string;
  providerSessionId: string;
  dataSubject: string;
  facts: SessionFacts;
  /** The operation that made it; null: met at the provider. */
  operationId: string | null;
  at: Date;
}

/** A session with what says how old everything is that is known of it. */
export interface LockedSession extends StoredSession {
  updatedAt: Date;
  lookedAt: Date | null;
  touchedAt: Date | null;
  lookAt: Date | null;
  expiresAt: Date | null;
}

interface Stamps {
  updated_at: Date;
  looked_at: Date | null;
  touched_at: Date | null;
  look_at: Date | null;
  expires_at: Date | null;
}

interface Row {
  id: string;
  merchant_id: string;
  provider_account_id: string;
  provider_session_id: string;
  data_subject: string;
  status: string;
  authorization_token_hash: Buffer | null;
  created_at: Date;
}

const COLUMNS = 'id, merchant_id, provider_account_id, provider_session_id, data_subject, status, authorization_token_hash, created_at';

/** A session is looked at first so long after its creation or an update. */
export const FIRST_LOOK_MS = 120_000;
const FIRST_LOOK = `interval '${FIRST_LOOK_MS} ms'`;
const WANTED = (operation: string, merchant: string) => isWanted('authorization', 'authorization.received', operation, merchant);

/** The sessions that merchants opened, as Klarna last showed them. */
@Injectable()
export class SessionsRepository {
  constructor(private readonly database: Database) {}

  /** Sessions with this id of the provider's, on whatever account: ids of two accounts may be equal, in theory. */
  async byProviderId(providerSessionId: string, db: Queryable = this.database): Promise<StoredSession[]> {
    // A text with U+0000 can't be in the table, and Postgres refuses it as a parameter.
    if (providerSessionId.includes('\u0000')) return [];
    const rows = await db.query<Row>(
      `SELECT ${COLUMNS} FROM payment_sessions
        WHERE provider_account_id IN (SELECT id FROM provider_accounts) AND provider_session_id = $1`,
      [providerSessionId],
    );
    return rows.map(sessionOf);
  }

  /** Sessions that showed this authorization token, on whatever account. */
  async byToken(tokenHash: Buffer): Promise<StoredSession[]> {
    const rows = await this.database.query<Row>(
      `SELECT ${COLUMNS} FROM payment_sessions
        WHERE provider_account_id IN (SELECT id FROM provider_accounts) AND authorization_token_hash = $1
        ORDER BY updated_at DESC`,
      [tokenHash],
    );
    return rows.map(sessionOf);
  }

  /**
   * The session that an operation belongs to: the one that showed its token, else (a newer token has taken its place since) the one
   * whose data subject it was given.
   */
  async ofOperation(
    { providerAccountId, dataSubject }: { providerAccountId: string; dataSubject: string },
    tokenHash: Buffer,
    db: Queryable = this.database,
  ): Promise<StoredSession | undefined> {
    const find = (condition: string, value: unknown) =>
      db.query<Row>(
        `SELECT ${COLUMNS} FROM payment_sessions WHERE provider_account_id = $1 AND ${condition} = $2 ORDER BY updated_at DESC LIMIT 1`,
        [providerAccountId, value],
      );
    const byToken = await find('authorization_token_hash', tokenHash);
    return (byToken.length > 0 ? byToken : await find('data_subject', dataSubject)).map(sessionOf)[0];
  }

  /** Open sessions that could be a token's, newest first: of this merchant and account, with this currency and amount. */
  async candidates(
    merchantId: string,
    providerAccountId: string,
    { currency, amount, limit }: { currency: string; amount: number; limit: number },
  ): Promise<StoredSession[]> {
    const rows = await this.database.query<Row>(
      `SELECT ${COLUMNS} FROM payment_sessions
        WHERE merchant_id = $1 AND provider_account_id = $2 AND upper(purchase_currency) = upper($3) AND order_amount = $4
          AND status <> 'complete'
        ORDER BY created_at DESC LIMIT $5`,
      [merchantId, providerAccountId, currency, minorUnitsOf(amount), limit],
    );
    return rows.map(sessionOf);
  }

  /** A merchant's sessions of accounts other than this one that are in use and may still be open, newest first. */
  async ofOtherAccounts(merchantId: string, providerAccountId: string, since: Date, limit: number): Promise<StoredSession[]> {
    const rows = await this.database.query<Row>(
      `SELECT s.* FROM provider_accounts account CROSS JOIN LATERAL (
         SELECT ${COLUMNS} FROM payment_sessions
          WHERE merchant_id = $1 AND provider_account_id = account.id AND created_at > $3 AND status <> 'complete'
          ORDER BY created_at DESC LIMIT $4) s
        WHERE account.id <> $2 AND account.retired_at IS NULL ORDER BY s.created_at DESC LIMIT $4`,
      [merchantId, providerAccountId, since, limit],
    );
    return rows.map(sessionOf);
  }

  /**
   * Records a session. One that is known already stays whose it is and as it was last read. Where somebody wants to hear of its authorization,
   * it is looked at in case that the callback gets lost.
   */
  async insert(db: Queryable, session: NewSession): Promise<void> {
    const { merchantId, providerAccountId, providerSessionId, dataSubject, facts, operationId, at } = session;
    await db.query(
      `INSERT INTO payment_sessions (id, merchant_id, provider_account_id, provider_session_id, data_subject, status, purchase_country,
         purchase_currency, order_amount, merchant_reference1, merchant_reference2, authorization_token_hash, expires_at, created_at, updated_at, look_at)
       VALUES ($1, $2::uuid, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14::timestamptz, $14,
         CASE WHEN lower($6) <> 'complete' AND ${WANTED('$15::uuid', '$2::uuid')} THEN $14::timestamptz + ${FIRST_LOOK} END)
       ON CONFLICT (provider_account_id, provider_session_id) DO NOTHING`,
      [uuidv7({ msecs: at.getTime() }), merchantId, providerAccountId, providerSessionId, dataSubject, ...values(facts), at, operationId],
    );
  }

  /** Takes over what a read showed, unless a read that began later was taken over before. @param at when the read began */
  async update(db: Queryable, id: string, facts: SessionFacts, at: Date): Promise<void> {
    await db.query(
      `UPDATE payment_sessions
          SET status = $2, purchase_country = $3, purchase_currency = $4, order_amount = $5, merchant_reference1 = $6,
              merchant_reference2 = $7, authorization_token_hash = coalesce($8, authorization_token_hash), expires_at = $9, updated_at = $10,
              look_at = CASE WHEN lower($2) <> 'complete' THEN look_at END
        WHERE id = $1 AND updated_at <= $10`,
      [id, ...values(facts), at],
    );
  }

  /**
   * Takes over the fields that an update set; `undefined` leaves a column as it is. The shopper is there: looks begin anew, and those that
   * were planned stay planned, else the one before the end of an authorization's hour could be put off past it.
   * @param operationId the operation that updated it
   */
  async patch(db: Queryable, id: string, changes: Partial<SessionFacts>, at: Date, operationId: string): Promise<void> {
    const { purchaseCountry, purchaseCurrency, orderAmount, merchantReference1, merchantReference2 } = changes;
    await db.query(
      `UPDATE payment_sessions
          SET purchase_country = coalesce($2, purchase_country), purchase_currency = coalesce($3, purchase_currency),
              order_amount = coalesce($4, order_amount), merchant_reference1 = coalesce($5, merchant_reference1),
              merchant_reference2 = coalesce($6, merchant_reference2), updated_at = greatest(updated_at, $7::timestamptz),
              touched_at = greatest(touched_at, $7),
              look_at = CASE WHEN lower(status) <> 'complete' AND (look_at IS NOT NULL OR ${WANTED('$8::uuid', 'merchant_id')})
                THEN least(look_at, $7::timestamptz + ${FIRST_LOOK}) END
        WHERE id = $1`,
      [id, purchaseCountry, purchaseCurrency, orderAmount, merchantReference1, merchantReference2, at, operationId].map(
        (value) => value ?? null,
      ),
    );
  }

  /**
   * Keeps the fingerprint of a token that was shown elsewhere than in the session itself, unless something newer is known. A session that is
   * looked at is looked at now: what it shows itself is announced.
   */
  async showedToken(db: Queryable, id: string, tokenHash: Buffer, at: Date): Promise<void> {
    await db.query(
      `UPDATE payment_sessions
          SET authorization_token_hash = $2, updated_at = $3, look_at = CASE WHEN look_at IS NOT NULL THEN least(look_at, $3) END
        WHERE id = $1 AND updated_at <= $3`,
      [id, tokenHash, at],
    );
  }

  /** Marks the session complete: an order was placed with its token. There is nothing left to look for, and no token left to keep. */
  async complete(db: Queryable, id: string, at: Date): Promise<void> {
    await db.query(
      `WITH completed AS (
         UPDATE payment_sessions SET status = 'complete', updated_at = $2, look_at = NULL WHERE id = $1 RETURNING id
       )
       UPDATE authorizations a SET outcome = 'used', ended_at = $2, token = NULL FROM completed
        WHERE a.session_id = completed.id AND a.outcome IS NULL`,
      [id, at],
    );
  }

  /** Locks a session until the transaction ends, and gives its newest state. */
  async lock(tx: Transaction, id: string): Promise<LockedSession | undefined> {
    const rows = await tx.query<Row & Stamps>(
      `SELECT ${COLUMNS}, updated_at, looked_at, touched_at, look_at, expires_at FROM payment_sessions WHERE id = $1 FOR NO KEY UPDATE`,
      [id],
    );
    return rows.map(lockedOf)[0];
  }

  /** @param id ours */
  async byId(id: string): Promise<LockedSession | undefined> {
    const rows = await this.database.query<Row & Stamps>(
      `SELECT ${COLUMNS}, updated_at, looked_at, touched_at, look_at, expires_at FROM payment_sessions WHERE id = $1`,
      [id],
    );
    return rows.map(lockedOf)[0];
  }

  /** Notes that a look was answered. @param at when the provider was asked */
  async looked(db: Queryable, id: string, at: Date): Promise<void> {
    await db.query('UPDATE payment_sessions SET looked_at = greatest(looked_at, $2) WHERE id = $1', [id, at]);
  }
}

function values(facts: SessionFacts): unknown[] {
  const { status, purchaseCountry, purchaseCurrency, orderAmount, merchantReference1, merchantReference2, tokenHash, expiresAt } = facts;
  return [status, purchaseCountry, purchaseCurrency, orderAmount, merchantReference1, merchantReference2, tokenHash, expiresAt];
}

function sessionOf(row: Row): StoredSession {
  return {
    id: row.id,
    merchantId: row.merchant_id,
    providerAccountId: row.provider_account_id,
    providerSessionId: row.provider_session_id,
    dataSubject: row.data_subject,
    status: row.status,
    tokenHash: row.authorization_token_hash,
    createdAt: row.created_at,
  };
}

function lockedOf(row: Row & Stamps): LockedSession {
  const { updated_at: updatedAt, looked_at: lookedAt, touched_at: touchedAt, look_at: lookAt, expires_at: expiresAt } = row;
  return { ...sessionOf(row), updatedAt, lookedAt, touchedAt, lookAt, expiresAt };
}
