import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { Database, type Queryable } from '../database.js';
import { SealedEnvelope } from '../sealed-envelope.js';

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

  #hash(customerToken: string): Buffer {
    // A UUID is the same in capitals, and must not have another owner by them.
    return this.envelope.fingerprint('customer-token', customerToken.toLowerCase());
  }
}
