import { Injectable } from '@nestjs/common';
import { Clock, SystemClock } from '../../clock/clock.js';
import { DeliveriesRepository, EVENT_SECRET } from '../../persistence/repositories/deliveries.repository.js';
import type { TakenDelivery, TakenEndpoint } from '../../persistence/repositories/due-deliveries.repository.js';
import { ENDPOINT_SECRET } from '../../persistence/repositories/notification-endpoints.repository.js';
import { SigningSecretsRepository } from '../../persistence/repositories/signing-secrets.repository.js';
import { EnvelopeError, SealedEnvelope } from '../../persistence/sealed-envelope.js';
import { envelopeOf } from './envelope.js';
import { ShopHttp, type ShopExchange, type ShopRequest } from './shop-http.js';
import { signed } from './signing.js';

/** From the resolving of the name to the last byte of the answer. */
export const ATTEMPT_LIMIT_MS = 10_000;

/** Makes the message of a delivery, signs it and sends it once. */
@Injectable()
export class DeliverySender {
  /** What receivers compare the signature's time with; business time may be a test's. */
  readonly #world = new SystemClock();

  constructor(
    private readonly deliveries: DeliveriesRepository,
    private readonly secrets: SigningSecretsRepository,
    private readonly envelope: SealedEnvelope,
    private readonly http: ShopHttp,
    private readonly clock: Clock,
  ) {}

  /** Never throws for what a receiver does. `UNREADABLE`: what is stored can't be opened, nothing was sent. @throws DatabaseUnavailable */
  async send(delivery: TakenDelivery, stop: AbortSignal): Promise<ShopExchange> {
    let request: ShopRequest;
    try {
      request = await this.#message(delivery);
    } catch (error) {
      if (!(error instanceof EnvelopeError)) throw error;
      return { kind: 'none', code: 'UNREADABLE', reason: 'What is stored of it was sealed with another DATA_KEY', durationMs: 0 };
    }
    return this.http.exchange(request, stop);
  }

  async #message(delivery: TakenDelivery): Promise<ShopRequest> {
    const { endpoint, messageId, method } = delivery;
    const body = this.#body(delivery);
    const keys = endpoint === null ? await this.#ownKeys(delivery.merchantId) : this.#keys(endpoint);
    const type: Record<string, string> = body.length > 0 ? { 'Content-Type': 'application/json' } : {};
    return {
      url: endpoint?.url ?? this.deliveries.urlOf(delivery.url ?? Buffer.alloc(0)),
      method,
      headers: { ...type, ...signed(messageId, this.#world.nowMs(), body, keys) },
      body,
      totalMs: ATTEMPT_LIMIT_MS,
    };
  }

  #body({ endpoint, event, sequence, body }: TakenDelivery): Buffer {
    if (endpoint === null || event === null) return this.deliveries.bodyOf(body);
    const secret = event.secret === null ? '{}' : this.envelope.open(event.secret, EVENT_SECRET).toString();
    return envelopeOf(event, sequence, JSON.parse(secret) as Record<string, unknown>);
  }

  async #ownKeys(merchantId: string): Promise<Buffer[]> {
    const { current, previous } = await this.secrets.keysOf(merchantId);
    return [current, ...(previous === null ? [] : [previous.key])];
  }

  #keys({ secret, previousSecret, previousSecretUntil }: TakenEndpoint): Buffer[] {
    const both = previousSecret !== null && previousSecretUntil !== null && previousSecretUntil > this.clock.now();
    return [secret, ...(both ? [previousSecret] : [])].map((sealed) => this.envelope.open(sealed, ENDPOINT_SECRET));
  }
}
