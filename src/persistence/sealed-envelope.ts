import { createCipheriv, createDecipheriv, createHash, createHmac, hkdfSync, randomBytes } from 'node:crypto';

/** 1 = AES-256-GCM. A new way of sealing gets a new number; old envelopes stay readable. */
const AES_256_GCM = 1;
const KEY_ID_BYTES = 4;
const IV_BYTES = 12;
const TAG_BYTES = 16;

/** An envelope that cannot be opened. The message names the key id, never the content. */
export class EnvelopeError extends Error {
  override readonly name: string = 'EnvelopeError';

  constructor(
    message: string,
    readonly keyId: string | undefined,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
/** Sealed in a way this version does not know: written by a newer one, or not an envelope. */
export class UnknownCodec extends EnvelopeError {
  override readonly name = 'UnknownCodec';
}
/** Sealed with a key this process was not given. */
export class UnknownKey extends EnvelopeError {
  override readonly name = 'UnknownKey';
}
/** Changed since it was sealed, or sealed for another purpose. */
export class EnvelopeTampered extends EnvelopeError {
  override readonly name = 'EnvelopeTampered';
}

/**
 * Seals what callers and Klarna said before it is stored, and opens it again.
 *
 *     codec (1 byte) | length of key id (1) | key id | iv (12) | tag (16) | ciphertext
 *
 * The key id is the first 4 bytes of the key's SHA-256, so that a database with rows of several keys says which one a row needs.
 * The purpose is authenticated with the content: a request moved into an answer's column does not open.
 */
export class SealedEnvelope {
  readonly #keys = new Map<string, Buffer>();
  readonly #current: string;
  readonly #fingerprintKeys = new Map<string, Buffer>();

  /**
   * @param current 32 bytes; seals, opens and makes fingerprints
   * @param older keys that still open what they sealed
   */
  constructor(
    private readonly current: Buffer,
    ...older: readonly Buffer[]
  ) {
    for (const key of [current, ...older]) {
      if (key.length !== 32) throw new RangeError(`A key of the envelope has 32 bytes, not ${key.length}`);
      this.#keys.set(keyIdOf(key), key);
    }
    this.#current = keyIdOf(current);
  }

  /** Seals bytes for one purpose, such as `operation.request`. Two calls never give equal envelopes. */
  seal(bytes: Buffer, purpose: string): Buffer {
    return this.#seal(bytes, purpose, randomBytes(IV_BYTES));
  }

  /**
   * Opens what `seal` made for the same purpose.
   * @throws UnknownCodec, UnknownKey, EnvelopeTampered
   */
  open(envelope: Buffer, purpose: string): Buffer {
    const codec = envelope[0];
    if (codec !== AES_256_GCM) throw new UnknownCodec(`Codec ${codec ?? 'missing'} of a sealed envelope is not known`, undefined);
    const ivAt = 2 + (envelope[1] ?? 0);
    const textAt = ivAt + IV_BYTES + TAG_BYTES;
    const keyId = envelope.subarray(2, ivAt).toString('hex');
    if (envelope.length < textAt) throw new EnvelopeTampered(`A sealed envelope (key ${keyId}) is cut short`, keyId);
    const key = this.#keys.get(keyId);
    if (key === undefined) throw new UnknownKey(`Sealed with key ${keyId}, which is not configured (DATA_KEY is ${this.#current})`, keyId);
    try {
      const decipher = createDecipheriv('aes-256-gcm', key, envelope.subarray(ivAt, ivAt + IV_BYTES), { authTagLength: TAG_BYTES });
      decipher.setAAD(Buffer.from(purpose));
      decipher.setAuthTag(envelope.subarray(ivAt + IV_BYTES, textAt));
      return Buffer.concat([decipher.update(envelope.subarray(textAt)), decipher.final()]);
    } catch (cause) {
      throw new EnvelopeTampered(`A sealed envelope (key ${keyId}) does not open as ${purpose}`, keyId, { cause });
    }
  }

  /**
   * A keyed hash by which equal content is recognised without being stored: HMAC-SHA256 under a key of its own per purpose.
   * Parts are length-prefixed, so that ('ab', 'c') and ('a', 'bc') differ. It changes with DATA_KEY.
   */
  fingerprint(purpose: string, ...parts: readonly (string | Uint8Array)[]): Buffer {
    const hmac = createHmac('sha256', this.#fingerprintKey(purpose));
    for (const part of parts) {
      const bytes = typeof part === 'string' ? Buffer.from(part) : part;
      const length = Buffer.alloc(8);
      length.writeBigUInt64BE(BigInt(bytes.length));
      hmac.update(length).update(bytes);
    }
    return hmac.digest();
  }

  #seal(bytes: Buffer, purpose: string, iv: Buffer): Buffer {
    const cipher = createCipheriv('aes-256-gcm', this.current, iv, { authTagLength: TAG_BYTES });
    cipher.setAAD(Buffer.from(purpose));
    const sealed = Buffer.concat([cipher.update(bytes), cipher.final()]);
    const head = Buffer.concat([Buffer.of(AES_256_GCM, KEY_ID_BYTES), Buffer.from(this.#current, 'hex')]);
    return Buffer.concat([head, iv, cipher.getAuthTag(), sealed]);
  }

  #fingerprintKey(purpose: string): Buffer {
    let key = this.#fingerprintKeys.get(purpose);
    if (key === undefined) {
      key = Buffer.from(hkdfSync('sha256', this.current, '', `fingerprint:${purpose}`, 32));
      this.#fingerprintKeys.set(purpose, key);
    }
    return key;
  }
}

function keyIdOf(key: Buffer): string {
  return createHash('sha256').update(key).digest().subarray(0, KEY_ID_BYTES).toString('hex');
}
