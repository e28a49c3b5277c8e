import { Injectable } from '@nestjs/common';
import { randomBytes } from 'node:crypto';
import { Clock } from '../../clock/clock.js';
import { Database } from '../database.js';
import { SealedEnvelope } from '../sealed-envelope.js';

const PURPOSE = 'merchant.signing-secret';
const KEY_BYTES = 32;

/** After an exchange messages are signed with both keys for so long. */
export const EXCHANGE_MS = 24 * 3_600_000;

/** What messages to a merchant's own URLs are signed with. */
export interface SigningKeys {
  current: Buffer;
  /** Signs as well, until then; null when no exchange runs. */
  previous: { key: Buffer; until: Date } | null;
}

interface Row {
  secret: Buffer;
  previousSecret: Buffer | null;
  previousSecretUntil: Date | null;
}

const COLUMNS = `secret, previous_secret AS "previousSecret", previous_secret_until AS "previousSecretUntil"`;

/** The key that messages to a merchant's own URLs are signed with; one per merchant, made when it is first needed. */
@Injectable()
export class SigningSecretsRepository {
  constructor(
    private readonly database: Database,
    private readonly envelope: SealedEnvelope,
    private readonly clock: Clock,
  ) {}

  /** @returns the current key's bytes. @throws DatabaseUnavailable, EnvelopeError */
  async of(merchantId: string): Promise<Buffer> {
    return (await this.keysOf(merchantId)).current;
  }

  /** @returns the same until it is exchanged, whoever asks first. @throws DatabaseUnavailable, EnvelopeError */
  async keysOf(merchantId: string): Promise<SigningKeys> {
    const keys = await this.#stored(merchantId);
    if (keys !== undefined) return keys;
    await this.database.query(
      'INSERT INTO merchant_signing_secrets (merchant_id, secret, created_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING',
      [merchantId, this.#made(), this.clock.now()],
    );
    // Somebody else's may have come first: what is stored counts.
    const made = await this.#stored(merchantId);
    if (made === undefined) throw new Error(`The signing secret of merchant ${merchantId} was not stored`);
    return made;
  }

  /** Makes a new key; the one before signs as well for `EXCHANGE_MS`. @returns undefined while it still does so from the last time */
  async exchange(merchantId: string): Promise<SigningKeys | undefined> {
    await this.keysOf(merchantId);
    const now = this.clock.now();
    const [row] = await this.database.query<Row>(
      `UPDATE merchant_signing_secrets SET secret = $2, previous_secret = secret, previous_secret_until = $3, created_at = $4
       WHERE merchant_id = $1 AND (previous_secret_until IS NULL OR previous_secret_until <= $4) RETURNING ${COLUMNS}`,
      [merchantId, this.#made(), new Date(now.getTime() + EXCHANGE_MS), now],
    );
    return row && this.#opened(row);
  }

  async #stored(merchantId: string): Promise<SigningKeys | undefined> {
    const [row] = await this.database.query<Row>(`SELECT ${COLUMNS} FROM merchant_signing_secrets WHERE merchant_id = $1`, [merchantId]);
    return row && this.#opened(row);
  }

  #made(): Buffer {
    return this.envelope.seal(randomBytes(KEY_BYTES), PURPOSE);
  }

  #opened({ secret, previousSecret: previous, previousSecretUntil: until }: Row): SigningKeys {
    const both = previous !== null && until !== null && until > this.clock.now();
    return {
      current: this.envelope.open(secret, PURPOSE),
      previous: both ? { key: this.envelope.open(previous, PURPOSE), until } : null,
    };
  }
}
