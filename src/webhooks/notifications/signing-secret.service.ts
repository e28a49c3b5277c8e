import { Injectable } from '@nestjs/common';
import type { Caller } from '../../merchants/caller.js';
import { Refusal } from '../../operations/errors.js';
import { type SigningKeys, SigningSecretsRepository } from '../../persistence/repositories/signing-secrets.repository.js';
import { shownKey } from '../deliveries/signing.js';
import type { SigningSecret } from './signing-secret.dto.js';

/** The key with which messages to the calling merchant's own URLs are signed. */
@Injectable()
export class SigningSecretService {
  constructor(private readonly secrets: SigningSecretsRepository) {}

  /** Makes it when nobody has needed it yet. */
  async read(caller: Caller): Promise<SigningSecret> {
    return shown(await this.secrets.keysOf(caller.merchantId));
  }

  /** @throws Refusal SECRET_IN_EXCHANGE while the one before still signs */
  async rotate(caller: Caller): Promise<SigningSecret> {
    const keys = await this.secrets.exchange(caller.merchantId);
    if (keys === undefined) throw new Refusal('SECRET_IN_EXCHANGE', ['The secret before this one still signs.']);
    return shown(keys);
  }
}

function shown({ current, previous }: SigningKeys): SigningSecret {
  return { secret: shownKey(current), previous_secret_until: previous?.until.toISOString() ?? null };
}
