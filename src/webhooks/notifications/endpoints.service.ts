import { Injectable } from '@nestjs/common';
import { randomBytes } from 'node:crypto';
import { v7 as uuidv7, validate } from 'uuid';
import { Clock } from '../../clock/clock.js';
import type { Caller } from '../../merchants/caller.js';
import { Refusal } from '../../operations/errors.js';
import { Database, type Transaction } from '../../persistence/database.js';
import {
  ENDPOINT_SECRET,
  NotificationEndpointsRepository,
  type StoredEndpoint,
  type WatchedEndpoint,
} from '../../persistence/repositories/notification-endpoints.repository.js';
import { EXCHANGE_MS } from '../../persistence/repositories/signing-secrets.repository.js';
import { SealedEnvelope } from '../../persistence/sealed-envelope.js';
import { AddressRules } from '../deliveries/address-rules.js';
import { shownKey } from '../deliveries/signing.js';
import type {
  EndpointChangeRequest,
  NewEndpointRequest,
  NotificationEndpoint,
  NotificationEndpointList,
  NotificationEndpointWithSecret,
} from './endpoints.dto.js';

const MOST_ENDPOINTS = 50;
const SECRET_BYTES = 32;

/** Where the calling merchant wants to be told of events. Another merchant's endpoint is not there. */
@Injectable()
export class EndpointsService {
  constructor(
    private readonly database: Database,
    private readonly endpoints: NotificationEndpointsRepository,
    private readonly rules: AddressRules,
    private readonly envelope: SealedEnvelope,
    private readonly clock: Clock,
  ) {}

  /**
   * Registers one; events that are published from now on are sent to it. Not to be repeated: a repeat registers another.
   * @throws Refusal BAD_VALUE when nothing may be sent to the URL, TOO_MANY_ENDPOINTS
   */
  async create(caller: Caller, request: NewEndpointRequest): Promise<NotificationEndpointWithSecret> {
    this.rules.checkUrl(request.url);
    const now = this.clock.now();
    const key = randomBytes(SECRET_BYTES);
    const endpoint: StoredEndpoint = {
      id: uuidv7({ msecs: now.getTime() }),
      merchantId: caller.merchantId,
      url: request.url,
      events: wordsOf(request.events),
      strictOrder: request.strict_order ?? false,
      secret: this.#sealed(key),
      ...{ previousSecret: null, previousSecretUntil: null, version: 1, disabledAt: null, disabledReason: null },
      ...{ createdAt: now, updatedAt: now },
    };
    await this.database.transaction(async (tx) => {
      if ((await this.endpoints.count(tx, caller.merchantId)) >= MOST_ENDPOINTS)
        throw new Refusal('TOO_MANY_ENDPOINTS', [`A merchant has ${MOST_ENDPOINTS} endpoints at most.`]);
      await this.endpoints.insert(tx, endpoint);
    });
    return { ...this.#shown({ ...endpoint, failingSince: null, restsUntil: null }), secret: shownKey(key) };
  }

  async list(caller: Caller): Promise<NotificationEndpointList> {
    return { items: (await this.endpoints.list(caller.merchantId)).map((endpoint) => this.#shown(endpoint)) };
  }

  /** @throws Refusal NOT_FOUND */
  async read(caller: Caller, id: string): Promise<NotificationEndpoint> {
    const endpoint = validate(id) ? await this.endpoints.find(caller.merchantId, id) : undefined;
    if (endpoint === undefined) throw noSuchEndpoint();
    return this.#shown(endpoint);
  }

  /**
   * Changes what the request names; may be repeated. With another URL, or enabled again, it starts anew: what is under way to the old one
   * decides nothing, it does not rest, and what is due is due now. While it is disabled, the worker cancels what is due. Without strict order
   * nothing waits behind another any more.
   * @throws Refusal NOT_FOUND, BAD_VALUE
   */
  async change(caller: Caller, id: string, request: EndpointChangeRequest): Promise<NotificationEndpoint> {
    const { url, disabled } = request;
    if (typeof url === 'string') this.rules.checkUrl(url);
    return this.#locked(caller, id, async (tx, before, now) => {
      const moves = typeof url === 'string' && url !== before.url;
      const enables = disabled === false && before.disabledAt !== null;
      const disables = disabled === true && before.disabledAt === null;
      await this.endpoints.update(tx, {
        ...before,
        url: url ?? before.url,
        events: request.events === undefined ? before.events : wordsOf(request.events),
        strictOrder: request.strict_order ?? before.strictOrder,
        version: before.version + (moves || enables ? 1 : 0),
        ...(enables ? { disabledAt: null, disabledReason: null } : {}),
        ...(disables ? { disabledAt: now, disabledReason: 'merchant' } : {}),
        updatedAt: now,
      });
      if (moves || enables) await this.endpoints.startAnew(tx, [id], now);
      else if (before.strictOrder && request.strict_order === false) await this.endpoints.letGo(tx, id, now);
    });
  }

  /** Removes it; what is still due for it is cancelled. @throws Refusal NOT_FOUND, also when it was removed before */
  async delete(caller: Caller, id: string): Promise<void> {
    await this.#change(caller, id, async (tx, _before, now) => {
      await this.endpoints.delete(tx, id, now);
    });
  }

  /**
   * Exchanges the secret. For 24 hours messages are signed with the one before, too.
   * @throws Refusal NOT_FOUND; SECRET_IN_EXCHANGE while an exchange runs: one of its two keys may not be known to the receiver yet
   */
  async rotateSecret(caller: Caller, id: string): Promise<NotificationEndpointWithSecret> {
    const key = randomBytes(SECRET_BYTES);
    const shown = await this.#locked(caller, id, async (tx, before, now) => {
      const { previousSecretUntil: until, secret } = before;
      if (until !== null && until > now)
        throw new Refusal('SECRET_IN_EXCHANGE', [`The secret before this one signs until ${until.toISOString()}.`]);
      await this.endpoints.update(tx, {
        ...before,
        ...{ secret: this.#sealed(key), previousSecret: secret, previousSecretUntil: new Date(now.getTime() + EXCHANGE_MS) },
        updatedAt: now,
      });
    });
    return { ...shown, secret: shownKey(key) };
  }

  async #locked(caller: Caller, id: string, work: Work): Promise<NotificationEndpoint> {
    await this.#change(caller, id, work);
    return this.read(caller, id);
  }

  async #change(caller: Caller, id: string, work: Work): Promise<void> {
    await this.database.transaction(async (tx) => {
      const before = validate(id) ? await this.endpoints.lock(tx, caller.merchantId, id) : undefined;
      if (before === undefined) throw noSuchEndpoint();
      await work(tx, before, this.clock.now());
    });
  }

  #sealed(key: Buffer): Buffer {
    return this.envelope.seal(key, ENDPOINT_SECRET);
  }

  #shown(endpoint: WatchedEndpoint): NotificationEndpoint {
    const { previousSecretUntil: until } = endpoint;
    return {
      id: endpoint.id,
      url: endpoint.url,
      events: endpoint.events,
      strict_order: endpoint.strictOrder,
      disabled: endpoint.disabledAt !== null,
      disabled_reason: endpoint.disabledReason,
      disabled_at: endpoint.disabledAt?.toISOString() ?? null,
      failing_since: endpoint.failingSince?.toISOString() ?? null,
      rests_until: endpoint.restsUntil?.toISOString() ?? null,
      previous_secret_until: until !== null && until > this.clock.now() ? until.toISOString() : null,
      created_at: endpoint.createdAt.toISOString(),
      updated_at: endpoint.updatedAt.toISOString(),
    };
  }
}

type Work = (tx: Transaction, before: StoredEndpoint, now: Date) => Promise<void>;

/** Each once. */
function wordsOf(events: readonly string[] | null | undefined): string[] | null {
  return events ? [...new Set(events)] : null;
}

function noSuchEndpoint(): Refusal {
  return new Refusal('NOT_FOUND', ['There is no such endpoint.']);
}
