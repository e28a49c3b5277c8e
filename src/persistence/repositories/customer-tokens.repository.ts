import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { Database, type Queryable, type Transaction } from '../database.js';
import { SealedEnvelope } from '../sealed-envelope.js';
import { EventsRepository } from './events.repository.js';

/** Whose a customer token is. */
export interface StoredCustomerToken {
  merchantId: string;
  providerAccountId: string;
  dataSubject: string;
}

const COLUMNS = `merchant_id AS "merchantId", provider_account_id AS "providerAccountId", data_subject AS "dataSubject"`;

/** The customer tokens that merchants made or used, found by a keyed hash: the token itself is kept nowhere in the open. */
@Injectable()
export class CustomerTokensRepository {
  constructor(
    private readonly database: Database,
    private readonly envelope: SealedEnvelope,
    private readonly events: EventsRepository,
  ) {}

  /** The owners of a token, on whatever account, the first one first. */
  find(customerToken: string): Promise<StoredCustomerToken[]> {
    return this.database.query<StoredCustomerToken>(
      `SELECT ${COLUMNS} FROM customer_tokens WHERE token_hash = $1 ORDER BY created_at, id`,
      [this.#hash(customerToken)],
    );
  }

  /** Records whose a token is. One that is known on this account stays whose it is: whoever came first has it. */
  async insert(db: Queryable, customerToken: string, owner: StoredCustomerToken, at: Date): Promise<void> {
    await db.query(
      `INSERT INTO customer_tokens (id, merchant_id, provider_account_id, token_hash, data_subject, created_at)
       VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (provider_account_id, token_hash) DO NOTHING`,
      [uuidv7({ msecs: at.getTime() }), owner.merchantId, owner.providerAccountId, this.#hash(customerToken), owner.dataSubject, at],
    );
  }

  /**
   * Records a token that was made for a merchant, and tells of it once.
   * @param operationId null: it was made by a purchase of the shopper's
   */
  async made(tx: Transaction, customerToken: string, owner: StoredCustomerToken, operationId: string | null, at: Date): Promise<void> {
    await this.insert(tx, customerToken, owner, at);
    await this.#tell(tx, customerToken, owner, { column: 'announced_at', type: 'token.created' }, operationId, at);
  }

  /** Records that a merchant has cancelled a token, and tells of it once. */
  async cancelled(tx: Transaction, customerToken: string, owner: StoredCustomerToken, operationId: string, at: Date): Promise<void> {
    await this.insert(tx, customerToken, owner, at);
    await this.#tell(tx, customerToken, owner, { column: 'cancelled_at', type: 'token.cancelled' }, operationId, at);
  }

  /** By our id: the token itself is told to nobody. */
  async #tell(
    tx: Transaction,
    customerToken: string,
    { merchantId, providerAccountId }: StoredCustomerToken,
    { column, type }: { column: 'announced_at' | 'cancelled_at'; type: 'token.created' | 'token.cancelled' },
    operationId: string | null,
    at: Date,
  ): Promise<void> {
    const rows = await tx.query<{ id: string }>(
      `UPDATE customer_tokens SET ${column} = $4
        WHERE provider_account_id = $1 AND token_hash = $2 AND merchant_id = $3 AND ${column} IS NULL RETURNING id`,
      [providerAccountId, this.#hash(customerToken), merchantId, at],
    );
    const told = { merchantId, type, at, orderId: null, providerOrderId: null, operationId } as const;
    await this.events.publish(
      tx,
      rows.map(({ id }) => ({ ...told, subject: id, data: { customer_token_id: id } })),
    );
  }

  #hash(customerToken: string): Buffer {
    // A UUID is the same in capitals, and must not have another owner by them.
    return this.envelope.fingerprint('customer-token', customerToken.toLowerCase());
  }
}
