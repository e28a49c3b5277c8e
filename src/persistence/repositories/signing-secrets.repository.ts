import { Injectable } from '@nestjs/common';
import { randomBytes } from 'node:crypto';
import { Clock } from '../../clock/clock.js';
import { Database } from '../database.js';
import { SealedEnvelope } from '../sealed-envelope.js';

const PURPOSE = 'merchant.signing-secret';
const KEY_BYTES = 32;

/** The key that messages to a merchant's own URLs are signed with; one per merchant, made when it is first needed. */
@Injectable()
export class SigningSecretsRepository {
  constructor(
    private readonly database: Database,
    private readonly envelope: SealedEnvelope,
    private readonly clock: Clock,
  ) {}

  /** @returns the key's bytes; the same for ever, whoever asks first. @throws DatabaseUnavailable, EnvelopeError */
  async of(merchantId: string): Promise<Buffer> {
    const key = await this.#stored(merchantId);
    if (key !== undefined) return key;
    await this.database.query(
      'INSERT INTO merchant_signing_secrets (merchant_id, secret, created_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING',
      [merchantId, this.envelope.seal(randomBytes(KEY_BYTES), PURPOSE), this.clock.now()],
    );
    // Somebody else's may have come first: what is stored counts.
    const made = await this.#stored(merchantId);
    if (made === undefined) throw new Error(`The signing secret of merchant ${merchantId} was not stored`);
    return made;
  }

  async #stored(merchantId: string): Promise<Buffer | undefined> {
    const [row] = await this.database.query<{ secret: Buffer }>('SELECT secret FROM merchant_signing_secrets WHERE merchant_id = $1', [
      merchantId,
    ]);
    return row && this.envelope.open(row.secret, PURPOSE);
  }
}
